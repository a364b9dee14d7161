"""The cells of an assessor's sheet: what is typed for one clause, as it was typed, and the reading it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from campaigns.rules.entry import EntryRefused, asked, cells_of_reading, reading_from

LONGEST_VALUE: Final = 40
LONGEST_WORDS: Final = 1000
MOST_SITES: Final = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """``value`` answers the clause's question, ``words`` are reason and finding, ``sites`` (name, value, finding) lines.

    ``na``: not applicable (合理缺项).
    """

    value: str = ""
    words: str = ""
    sites: tuple[tuple[str, str, str], ...] = ()
    na: bool = False

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Typed:
        """What was stored by ``as_document``."""
        sites = tuple((str(name), str(value), str(found)) for name, value, found in raw.get("sites", ()))
        return cls(str(raw.get("value", "")), str(raw.get("words", "")), sites, bool(raw.get("na")))

    @classmethod
    def from_reading(cls, reading: Mapping[str, Any], note: str = "") -> Typed:
        """The cells in which a reading that came another way (a ledger) would have been typed."""
        if reading.get("not_applicable"):
            return cls(na=True, words=str(reading.get("reason", note)))
        cells = cells_of_reading(reading)
        words = str(cells.pop("reason", "") or note)
        if "sites" in cells:
            values = str(cells["sites"]).split("、")
            return cls(words=words, sites=tuple((str(n), value, "") for n, value in enumerate(values, 1)))
        answer = next(iter(cells.values()), "")
        return cls(_spelled(answer), words)

    def as_document(self) -> dict[str, Any]:
        """The cells as they are stored."""
        return {
            "value": self.value,
            "words": self.words,
            "sites": [list(site) for site in self.sites],
            "na": self.na,
        }

    @property
    def answered(self) -> bool:
        """Whether the clause's question has any answer, good or bad."""
        return bool(self.na or self.value or any(value for _name, value, _found in self.sites))

    @property
    def told(self) -> bool:
        """Whether anything says why: words, or a finding at a site."""
        return bool(self.words or any(found for _name, _value, found in self.sites))


def cut(value: str, words: str, sites: Sequence[Sequence[str]], na: bool) -> Typed:
    """Cells as a form sends them: without blanks around them and no longer than they may be; empty site lines are left out."""
    lines = [tuple(part.strip()[:LONGEST_WORDS] for part in site) for site in sites]
    kept = tuple((name, value, found) for name, value, found in lines if name or value or found)
    return Typed(value.strip()[:LONGEST_VALUE], words.strip()[:LONGEST_WORDS], kept[:MOST_SITES], na)


def reading_of(typed: Typed, method: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The reading that the cells make; None while the question has no answer. Raises ``EntryRefused``."""
    if not typed.answered:
        return None
    if typed.na:
        return {"not_applicable": True} | ({"reason": typed.words[:300]} if typed.words else {})
    question = asked(method, params)
    if question == "sites":
        return _sites(typed, params)
    if question in ("deducted", "value") and typed.value[-1:] in "%％分":
        example = "0.25" if question == "deducted" else "80"
        word = "扣几分" if question == "deducted" else "数值"
        raise EntryRefused(f"这里填{word}，只写数字，如 {example}；您填的是“{typed.value}”。")
    if question == "deducted" and not typed.words:
        raise EntryRefused(f"扣 {typed.value} 分要写理由，写在右边“理由与发现”。")
    return reading_from(method, params, typed.value, typed.words[:300])


def _sites(typed: Typed, params: Mapping[str, Any]) -> dict[str, Any]:
    """Every site that was looked at; one without a value is not looked at yet."""
    values = [value for _name, value, _found in typed.sites if value]
    return reading_from("sites", params, "、".join(values))


def unvisited(typed: Typed) -> int:
    """How many named sites have no value yet."""
    return sum(not value for _name, value, _found in typed.sites)


def _spelled(answer: Any) -> str:
    if isinstance(answer, bool):
        return "是" if answer else "否"
    return str(answer)
