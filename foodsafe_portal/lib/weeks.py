"""ISO weeks as the campaign counts them: Monday to Sunday, closed at Sunday 24:00 in Shanghai."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_FORM: Final = re.compile(r"([0-9]{4})-W([0-9]{2})").fullmatch


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week; weeks compare in the order of time. ``str`` is the stable form ``2026-W46``."""

    year: int
    number: int

    def __post_init__(self) -> None:
        try:
            date.fromisocalendar(self.year, self.number, 7)
        except ValueError:
            raise ValueError(f"{self.year} 年没有第 {self.number} 周") from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The week written as ``2026-W46``; ValueError with a Chinese sentence when it is none."""
        match = _FORM(text)
        if match is None:
            raise ValueError(f"“{text}”不是周次，应写成 2026-W46")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The week that contains ``day``."""
        year, number, _weekday = day.isocalendar()
        return cls(year, number)

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 7)

    @property
    def as_of(self) -> datetime:
        """Sunday 24:00 in Shanghai, the instant its figures are about."""
        return datetime.combine(self.monday + timedelta(days=7), time.min, SHANGHAI)

    def has_ended(self, now: datetime) -> bool:
        """Whether the aware instant ``now`` is at or after the end of the week."""
        return now >= self.as_of

    def next(self) -> Self:
        return type(self).of(self.monday + timedelta(days=7))

    def previous(self) -> Self:
        return type(self).of(self.monday - timedelta(days=7))

    def __contains__(self, day: date) -> bool:
        return self.monday <= day <= self.sunday

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.number:02d}"

    @property
    def label_zh(self) -> str:
        """``2026 年第 46 周（11-09 至 11-15）``, with full dates where the week crosses New Year."""
        pattern = "%m-%d" if self.monday.year == self.sunday.year == self.year else "%Y-%m-%d"
        return f"{self.year} 年第 {self.number} 周（{self.monday:{pattern}} 至 {self.sunday:{pattern}}）"
