"""A rulebook as the rows of a sheet: one clause a row with its parameters in columns of their own, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

# Parameter of a method → column; the columns carry typed values, the document text.
NUMBERS: Final = ("each", "cap", "required", "target")
WORDS: Final = ("op", "combine")
PARAMS: Final = (*NUMBERS, *WORDS, "bands")
CELLS: Final = ("no", "parent", "title", "kind", "points", "method", *PARAMS, "unit", "measure", "lead_unit")
_BAND: Final = re.compile(
    r"(?:≥|>=|≧)?\s*(?P<least>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*[%％分]?\s*(?:[:：=＝]|得|→|->)\s*"
    r"(?P<points>[0-9]{1,6}(?:\.[0-9]{1,4})?)\s*分?"
).fullmatch


class BandsUnclear(ValueError):
    """A list of bands nobody understands; the message is a Chinese sentence saying how to write it."""


def read_bands(text: str) -> list[dict[str, str]]:
    """The bands of a tiered clause, the lowest first. Raises ``BandsUnclear``."""
    found = []
    for part in re.split(r"[；;，,、\r\n]+", text):
        if not part.strip():
            continue
        match = _BAND(part.strip())
        if match is None:
            raise BandsUnclear(f"“{part.strip()[:30]}”看不懂；请照“≥0得2分；≥30得3分；≥80得4分”写")
        found.append({"min": plain(Decimal(match["least"])), "points": plain(Decimal(match["points"]))})
    return sorted(found, key=lambda band: Decimal(band["min"]))


def written_bands(bands: Sequence[Mapping[str, Any]]) -> str:
    """Bands as the words that ``read_bands`` reads."""
    ordered = sorted(bands, key=lambda band: Decimal(str(band["min"])))
    return "；".join(f"≥{_text(band['min'])}得{_text(band['points'])}分" for band in ordered)


def plain(number: Decimal) -> str:
    """A number as a document spells it."""
    return format(number.normalize(), "f")


def _text(number: Any) -> str:
    return plain(Decimal(str(number)))


def clause_of(cells: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A row as a clause of the document, without its children.

    ``known`` is the clause the document has; what a sheet does not carry (sources, evidence) is kept. Raises ``BandsUnclear``.
    """
    raw = {key: value for key, value in (known or {}).items() if key not in _CARRIED}
    raw["no"] = cells["no"]
    for key in ("title", "kind", "method", "unit", "lead_unit"):
        if cells.get(key):
            raw[key] = cells[key]
    if cells.get("points") is not None:
        raw["points"] = plain(cells["points"])
    params: dict[str, Any] = {key: plain(cells[key]) for key in NUMBERS if cells.get(key) is not None}
    params |= {key: cells[key] for key in WORDS if cells.get(key)}
    if cells.get("bands"):
        params["bands"] = read_bands(cells["bands"])
    if params:
        raw["params"] = params
    if cells.get("measure"):
        measure, _dot, value = cells["measure"].partition(".")
        raw["measure"] = {"measure": measure, "value": value}
    return raw


_CARRIED: Final = frozenset(
    {"no", "title", "kind", "method", "unit", "lead_unit", "points", "params", "measure", "children"}
)


def rows_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The clauses of a document as rows, in its order; numbers as ``Decimal``, nothing as None."""
    yield from _rows(document.get("clauses") or [], "", "")


def _rows(clauses: Sequence[Mapping[str, Any]], parent: str, kind: str) -> Iterator[dict[str, Any]]:
    for raw in clauses:
        own = str(raw.get("kind") or kind)
        params = raw.get("params") or {}
        measure = raw.get("measure") or {}
        no = str(raw["no"]).strip()
        children = raw.get("children") or []
        method = raw.get("method") or ("veto" if own == "veto" and not children else None)
        yield {
            "no": no,
            "parent": parent or None,
            "title": raw.get("title") or no,
            "kind": own,
            "points": _number(raw.get("points")),
            "method": method,
            **{key: _number(params.get(key)) for key in NUMBERS},
            **{key: params.get(key) or None for key in WORDS},
            "bands": written_bands(params["bands"]) if params.get("bands") else None,
            "unit": raw.get("unit") or None,
            "measure": f"{measure.get('measure')}.{measure.get('value')}" if measure else None,
            "lead_unit": raw.get("lead_unit") or None,
        }
        yield from _rows(children, no, own)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def parent_of(no: str, known: Mapping[str, Any]) -> str:
    """The clause a number lies under: 3.4.1 under 3.4, else under 3, as far as there is one; '' = at the top."""
    parts = no.split(".")
    for size in range(len(parts) - 1, 0, -1):
        above = ".".join(parts[:size])
        if above in known:
            return above
    return ""
