"""Copy the few browser files the portal serves from node_modules into static/vendor; a second run changes nothing."""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Source below node_modules -> name below static/vendor.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "@tabler/icons-webfont/dist/tabler-icons.min.css": "tabler-icons.min.css",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2": "fonts/tabler-icons.woff2",
    "@tabler/icons-webfont/LICENSE": "licences/tabler-icons.txt",
    # Lines, bars, pies, scatters and their company: all the portal draws, at two thirds of the whole library's size.
    "echarts/dist/echarts.common.min.js": "echarts.min.js",
    "echarts/LICENSE": "licences/echarts.txt",
    "tom-select/dist/js/tom-select.complete.min.js": "tom-select.complete.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.bootstrap5.min.css",
    "tom-select/LICENSE": "licences/tom-select.txt",
}
STAMP = ".stamp"

# The manifest storage follows every address inside a stylesheet or script, so a pointer to a file we do not serve
# would stop collectstatic: source maps, and the two older formats of the icon font.
SOURCE_MAP = re.compile(r"(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)")
OLD_FONTS = re.compile(r',\s*url\("[^"]*\.(?:woff|ttf)\b[^"]*"\)\s*format\("[^"]*"\)')


class AssetsMissing(Exception):
    """A browser file is not where npm should have put it; the message names the file and what to do."""


def wanted_stamp(root: Path = ROOT) -> str:
    """Digest of everything the copies depend on: the pinned versions and this very script."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((root / name).read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def is_current(root: Path = ROOT) -> bool:
    """Whether static/vendor holds exactly the copies that the lock file asks for."""
    target = root / "static" / "vendor"
    stamp = target / STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == wanted_stamp(root)
        and all((target / name).is_file() for name in FILES.values())
    )


def served_text(text: str) -> str:
    """The stylesheet or script without pointers to files that are not copied."""
    return OLD_FONTS.sub("", SOURCE_MAP.sub("", text))


def copy_assets(root: Path = ROOT) -> int:
    """Fill static/vendor afresh and return the number of files copied.

    Raises `AssetsMissing` when node_modules lacks one of them; static/vendor is then left as it was.
    """
    sources = {root / "node_modules" / source: name for source, name in FILES.items()}
    for source in sources:
        if not source.is_file():
            raise AssetsMissing(
                f"{source.relative_to(root)} is missing; run `npm ci` in the project folder, or `make setup`."
            )
    target = root / "static" / "vendor"
    shutil.rmtree(target, ignore_errors=True)
    for source, name in sources.items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.suffix in {".css", ".js"}:
            copy.write_text(served_text(source.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copyfile(source, copy)
    (target / STAMP).write_text(wanted_stamp(root))
    return len(sources)


def main() -> int:
    """Copy when needed; `--check` only says whether the copies are current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="copy nothing; exit 1 when the copies are missing or old"
    )
    options = parser.parse_args()
    if is_current():
        return 0
    if options.check:
        print("Browser assets in static/vendor are missing or old; run `make setup`.", file=sys.stderr)
        return 1
    try:
        count = copy_assets()
    except AssetsMissing as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Copied {count} browser files to static/vendor.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
