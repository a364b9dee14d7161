"""Make static/vendor from node_modules: files the portal serves, of Tabler only the rules and icons its pages use."""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from scripts import css_parts, page_words

ROOT = Path(__file__).resolve().parent.parent

# Source below node_modules -> name below static/vendor.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/icons/LICENSE": "licences/tabler-icons.txt",
    # Lines, bars, pies, scatters and their company: all the portal draws, at two thirds of the whole library's size.
    "echarts/dist/echarts.common.min.js": "echarts.min.js",
    "echarts/LICENSE": "licences/echarts.txt",
    "tom-select/dist/js/tom-select.complete.min.js": "tom-select.complete.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.bootstrap5.min.css",
    "tom-select/LICENSE": "licences/tom-select.txt",
}
TABLER = "tabler.min.css"
ICONS = "@tabler/icons/icons/outline"
ICON_SHEET = "tabler-icons.min.css"
STAMP = ".stamp"

# The manifest storage follows every address inside a stylesheet or script, so a pointer to a source map, which we do not
# serve, would stop collectstatic.
SOURCE_MAP = re.compile(r"(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)")

# An icon is a mask over the colour of its words: it follows size and colour like a letter, on paper and with forced colours.
ICON_RULES = (
    ".ti{display:inline-block;width:1em;height:1em;background-color:currentColor;"
    "-webkit-mask:var(--icon) center/100% 100% no-repeat;mask:var(--icon) center/100% 100% no-repeat;"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "@media (forced-colors:active){.ti{forced-color-adjust:none;background-color:CanvasText}}"
)
BLANKS = re.compile(r"\s+")
GROUND = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')


class AssetsMissing(Exception):
    """A browser file is not where npm should have put it; the message names the file and what to do."""


def wanted_stamp(root: Path = ROOT) -> str:
    """Digest of everything the copies depend on: the pinned versions, what pages use, and the scripts that make them."""
    digest = hashlib.sha256()
    for file in (root / "package.json", root / "package-lock.json", Path(__file__)):
        digest.update(file.read_bytes())
    for module in (css_parts, page_words):
        digest.update(Path(str(module.__file__)).read_bytes())
    for words in (
        page_words.classes(root),
        page_words.icon_words(root),
        css_parts.READ.findall(beside(root)),
    ):
        digest.update("\n".join(sorted(words)).encode())
    return digest.hexdigest()


def is_current(root: Path = ROOT) -> bool:
    """Whether static/vendor holds exactly the copies that the lock file and the pages ask for."""
    target = root / "static" / "vendor"
    stamp = target / STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == wanted_stamp(root)
        and all((target / name).is_file() for name in (*FILES.values(), ICON_SHEET))
    )


def beside(root: Path) -> str:
    """Our own stylesheets and scripts, which name variables of Tabler's."""
    files = [*page_words.stylesheets(root), *page_words.scripts(root)]
    return "".join(file.read_text(encoding="utf-8") for file in files)


def served_text(text: str) -> str:
    """The stylesheet or script without pointers to files that are not copied.

    The parts that name Bootstrap's variables find them under the name Tabler gave them: without that the menus of pickers
    have no ground.
    """
    return SOURCE_MAP.sub("", text).replace("--bs-", "--tblr-")


def icon_names(root: Path) -> list[str]:
    """Icons of Tabler that a page of ours may show, by name."""
    folder = root / "node_modules" / ICONS
    return sorted(name for name in page_words.icon_words(root) if (folder / f"{name}.svg").is_file())


def icon_address(svg: str) -> str:
    """A drawing as an address that fits between quotes inside a stylesheet."""
    drawing = BLANKS.sub(" ", svg[svg.index(">") + 1 : svg.rindex("</svg>")]).replace("> <", "><").strip()
    drawing = GROUND.sub("", drawing).replace(" />", "/>").replace('"', "'")
    frame = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#000' stroke-width='2'"
    whole = f"{frame} stroke-linecap='round' stroke-linejoin='round'>{drawing}</svg>"
    return "data:image/svg+xml," + whole.replace("%", "%25").replace("#", "%23").replace("<", "%3C").replace(
        ">", "%3E"
    )


def icon_sheet(names: Iterable[str], folder: Path) -> str:
    """The stylesheet of the icons: one rule each."""
    rules = (
        f'.ti-{name}{{--icon:url("{icon_address((folder / f"{name}.svg").read_text(encoding="utf-8"))}")}}'
        for name in names
    )
    return ICON_RULES + "".join(rules)


def copy_assets(root: Path = ROOT) -> int:
    """Fill static/vendor afresh and return the number of files made.

    Raises `AssetsMissing` when node_modules lacks one of them; static/vendor is then left as it was.
    """
    sources = {root / "node_modules" / source: name for source, name in FILES.items()}
    for source in (*sources, root / "node_modules" / ICONS):
        if not source.exists():
            raise AssetsMissing(
                f"{source.relative_to(root)} is missing; run `npm ci` in the project folder, or `make setup`."
            )
    target = root / "static" / "vendor"
    shutil.rmtree(target, ignore_errors=True)
    for source, name in sources.items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.suffix not in {".css", ".js"}:
            shutil.copyfile(source, copy)
            continue
        text = served_text(source.read_text(encoding="utf-8"))
        if name == TABLER:
            text = css_parts.used_parts(text, classes=page_words.classes(root), beside=beside(root))
        copy.write_text(text, encoding="utf-8")
    folder = root / "node_modules" / ICONS
    (target / ICON_SHEET).write_text(icon_sheet(icon_names(root), folder), encoding="utf-8")
    (target / STAMP).write_text(wanted_stamp(root))
    return len(sources) + 1


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
    print(f"Made {count} browser files in static/vendor.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
