"""The list of assessments: what was opened, who fills it, how far it is and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.lists import Place
from campaigns.choices import AssessmentKind
from campaigns.models import Assessment, AssessmentSeat, Reading
from foodsafe_portal.lib import formats
from foodsafe_portal.lib.lists import Asked, Choice, Column, ListFilters, Listing, Search, Tab
from foodsafe_portal.lib.permissions import Permission

STATES = (("filling", _("填写中")), ("handed_in", _("已交卷")), ("closed", _("已结束")))
_STATES = {
    "filling": Q(handed_in_at__isnull=True, closed_at__isnull=True),
    "handed_in": Q(handed_in_at__isnull=False, closed_at__isnull=True),
    "closed": Q(closed_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class AssessmentLine:
    """An assessment with who fills it and how many clauses are assessed."""

    assessment: Assessment
    people: tuple[str, ...]
    read: int
    clauses: int

    @property
    def state(self) -> str:
        """filling, handed_in or closed."""
        if self.assessment.closed_at:
            return "closed"
        return "handed_in" if self.assessment.handed_in_at else "filling"

    @property
    def state_words(self) -> str:
        """Its state in words."""
        return str(dict(STATES)[self.state])

    @property
    def total(self) -> str:
        """The band of the total once handed in."""
        score = self.assessment.score
        return formats.score_band(score["total_low"], score["total_high"]) if score else ""

    @property
    def place(self) -> str:
        """The county, or the whole campaign."""
        return self.assessment.region.name if self.assessment.region else _text("全市")


def _handed_in_on(line: AssessmentLine) -> date | None:
    at = line.assessment.handed_in_at
    return timezone.localdate(at) if at else None


class Assessments(Listing):
    """Assessments, the newest first; whoever was given one sees it."""

    key, url_name, title = "assessments", "assessment-list", _("测评")
    permission = Permission.VIEW_RULEBOOK
    model = Assessment
    unit = _("份")
    search_words = _("名称")
    nothing = _("还没有测评；创建办点“开一份测评”。")
    nothing_found = _("没有符合条件的测评。")
    order = ("-held_on", "-pk")
    related = ("rulebook", "region", "assessor", "campaign")
    exported = True
    tabs = (Tab(_("全部"), {}), *(Tab(words, {"state": code}) for code, words in STATES))
    columns = (
        Column("title", gettext_noop("测评"), "title", lambda line: line.assessment.title, width=30, fixed=True),
        Column("kind", gettext_noop("类别"), "kind", lambda line: str(line.assessment.get_kind_display())),
        Column("place", gettext_noop("范围"), "", lambda line: line.place),
        Column("held_on", gettext_noop("日期"), "held_on", lambda line: line.assessment.held_on, "date"),
        Column("people", gettext_noop("谁填"), "", lambda line: "、".join(line.people), width=24),
        Column("read", gettext_noop("已评"), "", lambda line: line.read, "int", 10, num=True),
        Column("clauses", gettext_noop("条款数"), "", lambda line: line.clauses, "int", 10, num=True, page=False),
        Column("state", gettext_noop("状态"), "", lambda line: line.state_words),
        Column("total", gettext_noop("总分"), "", lambda line: line.total, num=True),
        Column("handed_in_on", gettext_noop("交卷日期"), "", _handed_in_on, "date", page=False),
        Column("digest", gettext_noop("校验码"), "", lambda line: line.assessment.digest, width=66, page=False),
    )  # fmt: skip

    class Filters(ListFilters):
        """Assessments by kind, county, state and words."""

        kind = Choice(label=_("类别"), choices=AssessmentKind.choices)
        region = Place()
        q = Search(fields=("title__icontains",))
        state = Choice(
            label=_("状态"),
            choices=STATES,
            narrow=lambda rows, state, asked: rows.filter(_STATES[state]),
            chip="elsewhere",
        )

    def rows(self, user: Any) -> QuerySet:
        """The assessments this person may see."""
        return Assessment.objects.visible_to(user)

    def lines(self, rows: Sequence[Assessment], asked: Asked) -> Sequence[AssessmentLine]:
        """Each with who fills it and how far it is; three queries."""
        keys = [row.pk for row in rows]
        people: dict[int, list[str]] = {}
        for seat in AssessmentSeat.objects.filter(assessment__in=keys).select_related("user"):
            people.setdefault(seat.assessment_id, []).append(str(seat.user))
        read: dict[int | None, int] = {}
        for key in (
            Reading.objects.valid().filter(assessment__in=keys).values_list("assessment_id", flat=True)
        ):
            read[key] = read.get(key, 0) + 1
        scored: dict[int, int] = {}
        for row in rows:
            if row.rulebook_id not in scored:
                scored[row.rulebook_id] = row.rulebook.clauses.filter(children__isnull=True).count()
        return [
            AssessmentLine(
                row,
                tuple(people.get(row.pk) or ([str(row.assessor)] if row.assessor else [])),
                read.get(row.pk, 0),
                scored[row.rulebook_id],
            )
            for row in rows
        ]


ASSESSMENTS = Assessments()
