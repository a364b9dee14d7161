"""Calendar periods that duties are counted over: month, quarter, half-year, year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, Self, get_args

PeriodKind = Literal["month", "quarter", "half", "year"]

_MONTHS: Final[dict[str, int]] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_FORM: Final = re.compile(
    r"([0-9]{4})(?:-(?P<month>[0-9]{2})|Q(?P<quarter>[1-4])|H(?P<half>[12]))?"
).fullmatch


@dataclass(frozen=True, slots=True)
class Period:
    """One month, quarter, half-year or year; ``number`` counts from 1 within ``year``."""

    kind: PeriodKind
    year: int
    number: int

    def __post_init__(self) -> None:
        if self.kind not in get_args(PeriodKind):
            raise ValueError(f"没有“{self.kind}”这种周期，可用 month、quarter、half、year")
        if not (1 <= self.number <= 12 // _MONTHS[self.kind] and 1 <= self.year <= 9998):
            raise ValueError(f"{self.year} 年没有第 {self.number} 个周期（{self.kind}）")

    @classmethod
    def containing(cls, day: date, kind: PeriodKind) -> Self:
        """The period of that kind that ``day`` lies in."""
        return cls(kind, day.year, (day.month - 1) // _MONTHS.get(kind, 1) + 1)

    @classmethod
    def parse(cls, code: str) -> Self:
        """The period written as ``2026-11``, ``2026Q4``, ``2026H2`` or ``2026``; else a ValueError."""
        match = _FORM(code)
        if match is None:
            raise ValueError(f"“{code}”不是周期，应写成 2026-11、2026Q4、2026H2 或 2026")
        kinds: tuple[PeriodKind, ...] = ("month", "quarter", "half")
        for kind in kinds:
            if match[kind]:
                return cls(kind, int(match[1]), int(match[kind]))
        return cls("year", int(match[1]), 1)

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, (self.number - 1) * _MONTHS[self.kind] + 1, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return self.next().start - timedelta(days=1)

    def next(self) -> Self:
        last = self.number == 12 // _MONTHS[self.kind]
        return type(self)(self.kind, self.year + last, 1 if last else self.number + 1)

    def previous(self) -> Self:
        if self.number == 1:
            return type(self)(self.kind, self.year - 1, 12 // _MONTHS[self.kind])
        return type(self)(self.kind, self.year, self.number - 1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    @property
    def code(self) -> str:
        """The stable form: ``2026-11``, ``2026Q4``, ``2026H2``, ``2026``."""
        suffix = {
            "month": f"-{self.number:02d}",
            "quarter": f"Q{self.number}",
            "half": f"H{self.number}",
            "year": "",
        }
        return f"{self.year:04d}{suffix[self.kind]}"

    def __str__(self) -> str:
        return self.code

    @property
    def label_zh(self) -> str:
        """``2026 年第四季度``."""
        match self.kind:
            case "month":
                return f"{self.year} 年 {self.number} 月"
            case "quarter":
                return f"{self.year} 年第{'一二三四'[self.number - 1]}季度"
            case "half":
                return f"{self.year} 年{'上下'[self.number - 1]}半年"
            case "year":
                return f"{self.year} 年"
