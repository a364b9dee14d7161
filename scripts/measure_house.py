"""Count what the house is built of: lines per concern, long files, wide templates, HTML in Python, and the slope of ledger kinds.

    .venv/bin/python -m scripts.measure_house           a table for people
    .venv/bin/python -m scripts.measure_house --json    the same as one JSON document

Standard library only, so that it also counts an older commit checked out elsewhere (``--root``).
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("records", "accounts", "entities", "inspections", "campaigns")
DEMO = (
    "foodsafe_portal/demo/",
    "foodsafe_portal/management/",
    "campaigns/demo/",
    "campaigns/ledger_writer/",
    "campaigns/management/commands/demo_city.py",
    "campaigns/management/commands/write_ledger.py",
)
LAYERS = {
    "urls": "pages and API", "views": "pages and API", "pages": "pages and API", "api": "pages and API", "admin": "admin",
    "management": "commands", "tasks": "tasks", "lists": "lists and acts", "acts": "lists and acts", "ledgers": "ledgers",
    "forms": "forms and reports", "reports": "forms and reports", "services": "services", "models": "models",
    "querysets": "models", "choices": "models", "rules": "rules",
}  # fmt: skip
LONGEST_FILE, WIDEST_TEMPLATE, WIDE = 600, 140, 160
MARKUP = re.compile(r"</?(?:td|tr|th|span|div|a|i|ul|li|p|small|strong|svg|button|input|option)\b[^>]*>")


def product_files(root: Path) -> Iterator[Path]:
    """Every Python file of the product: no tests, no migrations, no programs of the workshop."""
    for room in ("foodsafe_portal", *ROOMS):
        for path in sorted((root / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def concern_of(name: str) -> str:
    """Which concern a file belongs to, by its path from the root."""
    if name.startswith(DEMO):
        return "demonstration city"
    room, _, rest = name.partition("/")
    if room == "foodsafe_portal":
        return "lib" if rest.startswith("lib/") else "project"
    layer = rest.split("/")[0].removesuffix(".py")
    if layer.startswith("admin"):
        return "admin"
    return LAYERS.get(layer, "modules at a room's root")


def lines_of(path: Path) -> list[str]:
    """The lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def imports_inside_functions(source: str) -> int:
    """How many import statements stand inside a function."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    inside = {
        (node.lineno, node.col_offset)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return len(inside)


def measure(root: Path) -> dict[str, object]:
    """Everything this program counts, for the tree at ``root``."""
    concerns: Counter[str] = Counter()
    long_files: dict[str, int] = {}
    markup: Counter[str] = Counter()
    kinds: dict[str, int] = {}
    hidden_imports = 0
    for path in product_files(root):
        name, lines = path.relative_to(root).as_posix(), lines_of(path)
        concerns[concern_of(name)] += len(lines)
        hidden_imports += imports_inside_functions("\n".join(lines))
        if len(lines) > LONGEST_FILE:
            long_files[name] = len(lines)
        marked = sum(bool(MARKUP.search(line)) for line in lines)
        if marked:
            markup[name] = marked
        if "/ledgers/" in name and any(line.startswith("class ") and "LedgerKind)" in line for line in lines):
            kinds[name] = len(lines)
    return {
        "lines": dict(concerns.most_common()),
        "product_without_demo": sum(n for concern, n in concerns.items() if concern != "demonstration city"),
        "files_over_600": long_files,
        "imports_inside_functions": hidden_imports,
        "markup_lines_in_python": sum(markup.values()),
        "markup_files": dict(markup.most_common(8)),
        "ledger_kinds": kinds,
        "templates": templates(root),
    }


def templates(root: Path) -> dict[str, object]:
    """How many templates there are and how wide their lines run."""
    widths = [
        (len(line), path.relative_to(root).as_posix())
        for path in sorted((root / "templates").rglob("*.html"))
        for line in lines_of(path)
        if line.strip()
    ]
    if not widths:
        return {"files": 0}
    return {
        "files": len({name for _, name in widths}),
        "lines": len(widths),
        "mean_width": round(sum(width for width, _ in widths) / len(widths), 1),
        "share_over_160": round(100 * sum(width > WIDE for width, _ in widths) / len(widths), 1),
        "lines_over_140": sum(width > WIDEST_TEMPLATE for width, _ in widths),
        "widest": max(widths),
    }


def main(arguments: list[str] | None = None) -> int:
    """Print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(arguments)
    found = measure(options.root)
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    for key, value in found.items():
        print(f"{key}:" if isinstance(value, dict) else f"{key}: {value}")
        if isinstance(value, dict):
            for name, number in value.items():
                print(f"  {number!s:>8}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
