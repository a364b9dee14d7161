"""From a lost point to a problem or a task in one step: for one body, or fanned out to every county (举一反三)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, Unit, User
from campaigns.choices import AssessmentKind
from campaigns.errors import CampaignRefused
from campaigns.models import Assessment, Campaign, Clause, LostPoint, Remedy, TaskItem
from campaigns.services.organisation import save_task
from inspections.choices import ProblemKind, ProblemSource, Severity
from inspections.services.problems import NewProblem, open_problems
from records.services import audit

SOURCES = {
    AssessmentKind.MOCK: ProblemSource.MOCK,
    AssessmentKind.PROVINCIAL: ProblemSource.PROVINCE,
    AssessmentKind.NATIONAL: ProblemSource.NATION,
    AssessmentKind.SELF: ProblemSource.SELF_CHECK,
}


class RemedyRefused(CampaignRefused):
    """A lost point cannot become a task or problem as asked; the sentence says why."""


@transaction.atomic
def note_lost(
    *,
    campaign: Campaign,
    clause: Clause,
    assessment: Assessment | None,
    points: Decimal,
    why: str,
    by: User,
    regained: Decimal | None = None,
) -> LostPoint:
    """Note that a clause lost points; the same clause of the same assessment is noted once. ``regained``: all of them unless said."""
    if points <= 0:
        raise RemedyRefused(_("条款 %(no)s 没有失分，不用整改。") % {"no": clause.no})
    back = points if regained is None else regained
    if not 0 < back <= points:
        raise RemedyRefused(
            _("可追回 %(back)s 分不对：应大于 0，不多于所失的 %(points)s 分。")
            % {"back": back, "points": points}
        )
    lost, new = LostPoint.objects.get_or_create(
        campaign=campaign,
        clause=clause,
        assessment=assessment,
        defaults={
            "points": points,
            "regained": back,
            "why": why[:300],
            "noted_by": by,
            "noted_at": timezone.now(),
        },
    )
    if not new and (lost.points, lost.regained) != (points, back):
        LostPoint.objects.filter(pk=lost.pk).update(points=points, regained=back)
        lost.refresh_from_db()
    return lost


@transaction.atomic
def remedy_by_problems(
    *,
    lost: LostPoint,
    description: str,
    found_on: date,
    by: User,
    unit: Unit | None = None,
    counties: Sequence[Region] = (),
    due_on: date | None = None,
    severity: str = Severity.MINOR.value,
) -> list[Remedy]:
    """Open a problem for the unit, or a common one for each of the counties, and tie it to the lost point.

    Without ``due_on`` the deadline policy gives the day. Raises what ``open_problems`` raises.
    """
    assessment = lost.assessment
    kind = AssessmentKind(assessment.kind) if assessment else AssessmentKind.SELF
    words = description.strip()
    if not words:
        raise RemedyRefused(_("请写问题描述：哪里失分、失在什么上。"))
    told: dict[str, Any] = {
        "source": str(SOURCES[kind]),
        "description": words,
        "found_on": found_on,
        "severity": severity,
        "rule_item": f"{lost.clause.no} {lost.clause.title}"[:40],
        "due_on": due_on,
    }
    problems = (
        [
            NewProblem(**told, kind=ProblemKind.COMMON.value, region_id=county.pk, place=county.name)
            for county in counties
        ]
        if counties
        else [
            NewProblem(
                **told,
                region_id=lost.campaign.region_id,
                place=lost.campaign.region.name,
                unit_id=unit.pk if unit else lost.clause.lead_unit_id,
            )
        ]
    )
    opened = open_problems(problems, by=by)
    return _tie(lost, by, problems=opened)


@transaction.atomic
def remedy_by_task(
    *,
    lost: LostPoint,
    title: str,
    due_on: date,
    starts_on: date,
    by: User,
    unit: Unit | None = None,
    supports: Sequence[Unit] = (),
) -> list[Remedy]:
    """Enter a task for the unit (the clause's lead unit unless named) with its cooperating units, and tie it to the lost point."""
    lead = unit or lost.clause.lead_unit
    if lead is None:
        raise RemedyRefused(_("条款 %(no)s 没有牵头单位，请选责任单位。") % {"no": lost.clause.no})
    if not title.strip():
        raise RemedyRefused(_("请写任务：要办什么才能追回这些分。"))
    Campaign.objects.select_for_update().get(pk=lost.campaign_id)
    last = lost.campaign.tasks.aggregate(last=Max("number"))["last"] or 0
    task = save_task(
        task=TaskItem(campaign=lost.campaign),
        values={
            "campaign": lost.campaign,
            "number": last + 1,
            "system": _("失分整改"),
            "title": title.strip()[:200],
            "lead_unit": lead,
            "starts_on": starts_on,
            "due_on": due_on,
        },
        supports=[one for one in supports if one.pk != lead.pk],
        by=by,
    )
    return _tie(lost, by, tasks=[task])


def _tie(
    lost: LostPoint, by: User, *, problems: Sequence[Any] = (), tasks: Sequence[TaskItem] = ()
) -> list[Remedy]:
    now = timezone.now()
    rows = [
        *(Remedy(lost=lost, problem=one, started_by=by, started_at=now) for one in problems),
        *(Remedy(lost=lost, task=one, started_by=by, started_at=now) for one in tasks),
    ]
    tied = Remedy.objects.bulk_create(rows)
    audit.record(
        by=by,
        action="lost_point.remedied",
        target=lost,
        territory=lost.campaign.region_id,
        after={
            "clause": lost.clause.no,
            "points": str(lost.points),
            "regained": str(lost.regained),
            "problems": [one.code for one in problems],
            "tasks": [one.number for one in tasks],
        },
    )
    return tied
