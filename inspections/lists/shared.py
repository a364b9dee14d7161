"""The filters that duties, visits and problems have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entities.choices import ResponsibilityGrade
from entities.models import Business, Officer
from entities.querysets import counted_for
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.lists import Asked, Choice, Key, Word
from foodsafe_portal.lib.periods import Period

NONE = "none"


def _words_of_grade(grade: str) -> str:
    return _("包保 %(grade)s") % {"grade": grade}


_grade_words = lazy(_words_of_grade, str)
"""What a grade is called, in the language of whoever reads it."""

GRADES = [
    *((code, _grade_words(code)) for code in ResponsibilityGrade.values),
    (NONE, gettext_lazy("未定级")),
]


def _graded(rows: QuerySet, value: str, asked: Asked) -> QuerySet:
    return rows.filter(grade="" if value == NONE else value)


class Grade(Choice):
    """Rows of one grade at that time; ``none`` stands for ungraded."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"label": gettext_lazy("包保等级"), "choices": GRADES, "narrow": _graded}
        super().__init__(**kwargs)

    def words(self, value: Any, asked: Asked) -> Any:
        """包保 C."""
        return _("未定级") if value == NONE else _words_of_grade(value)

    def options(self, asked: Asked) -> list[tuple[str, Any]]:
        """The grades."""
        return [(code, self.words(code, asked)) for code, _words in self.choices]


def _sane_period(code: str) -> None:
    try:
        Period.parse(code)
    except ValueError:
        raise ValidationError(_("统计期的写法如 2026Q4。")) from None


class InPeriod(Word):
    """Rows of a period such as 2026Q4; the page offers ``back`` quarters before ``first``."""

    def __init__(self, *, first: int, back: int, **kwargs: Any) -> None:
        self.first, self.back = first, back
        label = gettext_lazy("统计期")
        super().__init__(**{"label": label, "chip": "offered", "validators": [_sane_period], **kwargs})

    def words(self, value: Any, asked: Asked) -> Any:
        """The period in words."""
        return period_label(value)

    def options(self, asked: Asked) -> list[tuple[str, Any]]:
        """The quarters offered."""
        quarters = [Period.containing(asked.today, "quarter")]
        while len(quarters) < self.first + self.back:
            quarters.append(quarters[-1].previous())
        return [(quarter.code, period_label(quarter)) for quarter in quarters[self.first :]]


def _name_of(rows: Iterable[Any]) -> Any:
    return next(iter(rows), None)


def business_name(user: Any, key: int) -> Any:
    """The name of a business this person may see, merged ones as well."""
    seen = Business.objects.visible_to(user, merged=True).filter(pk=key)
    return _name_of(seen.values_list("name", flat=True)[:1])


def officer_name(user: Any, key: int) -> Any:
    """The name of an officer this person may see."""
    return _name_of(Officer.objects.visible_to(user).filter(pk=key).values_list("name", flat=True)[:1])


def of_business() -> Key:
    """Rows that count for a business, with those of the businesses merged into it."""
    return Key(
        label=gettext_lazy("主体"),
        named=business_name,
        narrow=lambda rows, key, asked: rows.filter(counted_for(int(key))),
    )


def of_officer() -> Key:
    """Rows of an officer."""
    return Key(label=gettext_lazy("包保干部"), named=officer_name, field_name="officer_id")
