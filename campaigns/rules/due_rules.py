"""How a planned day is laid down: fixed, or so many working days before the review day or before the end of a phase."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from records.rules.workdays import MOST_DAYS, ONE_DAY, WorkCalendar

Anchor = Literal["fixed", "review", "phase"]
WORDS: Final[dict[str, str]] = {"review": "T", "phase": "阶段末"}
_SAID: Final = re.compile(
    r"(?P<anchor>T|t|Ｔ|迎检日?|阶段末?)\s*(?:[-－−–—]\s*(?P<days>[0-9]{1,5}))?\s*(?:个?工作日)?"
).fullmatch
_FIXED: Final = frozenset({"固定", "固定日期", "fixed"})


class RuleUnclear(ValueError):
    """Words that are no rule; the message is a Chinese sentence saying how to write one."""


@dataclass(frozen=True, slots=True)
class DueRule:
    """A day counted backwards: ``days`` working days before the anchor (0 = on it); a fixed day counts from nothing."""

    anchor: Anchor = "fixed"
    days: int = 0

    def __str__(self) -> str:
        """T-45, 阶段末-5 or 固定."""
        word = WORDS.get(self.anchor)
        if word is None:
            return "固定"
        return f"{word}-{self.days}" if self.days else word


FIXED_DAY: Final = DueRule()


def read_rule(text: str) -> DueRule:
    """The rule that people write as T-45, T－45个工作日, 阶段末-5 or 固定. Raises ``RuleUnclear``."""
    said = text.strip()
    if not said or said in _FIXED:
        return FIXED_DAY
    match = _SAID(said)
    days = int(match["days"] or 0) if match else 0
    if match is None or days > MOST_DAYS:
        raise RuleUnclear(
            f"“{said[:40]}”不是期限规则；请写“T-45”（迎检日前 45 个工作日）、“阶段末-5”或“固定”"
        )
    return DueRule("phase" if match["anchor"].startswith("阶段") else "review", days)


@dataclass(slots=True)
class Countback:
    """Working days counted backwards from one day, each walked over once however many rules ask for it."""

    day: date
    calendar: WorkCalendar
    _days: list[date] = field(default_factory=list)

    def before(self, days: int) -> date:
        """The ``days``-th working day before the day; 0 is the day itself."""
        if not days:
            return self.day
        day = self._days[-1] if self._days else self.day
        while len(self._days) < days:
            day -= ONE_DAY
            if self.calendar.is_workday(day):
                self._days.append(day)
        return self._days[days - 1]


def working_days_until(day: date, until: date, calendar: WorkCalendar) -> int:
    """The n for which ``day`` is n working days before ``until``: the least one that does not lie after ``day``."""
    return max(0, calendar.working_days_between(day - ONE_DAY, until - ONE_DAY))


def next_workday(day: date, calendar: WorkCalendar) -> date:
    """The day itself where people work on it, else the next day on which they do."""
    while not calendar.is_workday(day):
        day += ONE_DAY
    return day
