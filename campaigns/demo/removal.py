"""Take the demonstration city away: its facts, its campaign and its ledgers; places and people stay for the trail's sake."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from campaigns.demo.places import CITY
from campaigns.demo.plan import CODE
from campaigns.demo.visits import DEMO_POLICY
from campaigns.models import (
    Assessment,
    Campaign,
    Membership,
    Reading,
    Rulebook,
    TaskItem,
    TaskReport,
    TaskSupport,
    WeeklyFigure,
    WeeklyReport,
)
from entities.models import Assignment, Business, GradeChange, Officer, Pledge, StatusChange
from foodsafe_portal.lib.scope import in_territory
from inspections.models import (
    Extension,
    FrequencyPolicy,
    Problem,
    ProblemEvent,
    RectificationDuty,
    Referral,
    Revisit,
    Visit,
    VisitDuty,
)
from records.models import LedgerBatch, LedgerRow


def remove_city() -> None:
    """Delete every fact of the demonstration city. Audit events stay, and with them the accounts they name."""
    of_campaign = Q(campaign__code=CODE)
    _sweep(
        WeeklyFigure.objects.filter(report__campaign__code=CODE),
        WeeklyReport.objects.filter(of_campaign),
        Reading.objects.filter(of_campaign),
        Assessment.objects.filter(of_campaign),
        TaskReport.objects.filter(task__campaign__code=CODE),
        TaskSupport.objects.filter(task__campaign__code=CODE),
        TaskItem.objects.filter(of_campaign),
        Membership.objects.filter(Q(group__campaign__code=CODE) | Q(team__campaign__code=CODE)),
    )
    Campaign.objects.filter(code=CODE).delete()
    Rulebook.objects.filter(is_demo=True, campaigns__isnull=True).delete()
    at_problem, at_business = (
        in_territory(CITY, "problem__region_id"),
        in_territory(CITY, "business__region_id"),
    )
    here = in_territory(CITY)
    _sweep(
        *(
            model.objects.filter(at_problem)
            for model in (Revisit, Referral, Extension, ProblemEvent, RectificationDuty)
        ),
        VisitDuty.objects.filter(at_business),
    )
    Problem.objects.filter(here).delete()
    Visit.objects.filter(here).delete()
    FrequencyPolicy.objects.filter(source=DEMO_POLICY).delete()
    _sweep(*(model.objects.filter(at_business) for model in (Pledge, Assignment, StatusChange, GradeChange)))
    Officer.objects.filter(here).delete()
    Business.objects.filter(here).delete()
    uploaded = in_territory(CITY, "territory")
    _sweep(
        LedgerRow.objects.filter(in_territory(CITY, "batch__territory")), LedgerBatch.objects.filter(uploaded)
    )


def _sweep(*querysets: QuerySet[Any]) -> None:
    """Delete rows on which nothing hangs any more, table by table in one statement each."""
    for queryset in querysets:
        queryset._raw_delete(
            queryset.db
        )  # the collector would fetch two hundred thousand rows to find nothing
