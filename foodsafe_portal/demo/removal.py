"""Take the demonstration city away: its facts, its campaign and its ledgers; places and people stay for the trail's sake."""

from __future__ import annotations

from typing import Any

from django.db.models import SET_NULL, ForeignObjectRel, Model, QuerySet

from campaigns.models import Campaign, Rulebook
from entities.models import Business, Officer
from foodsafe_portal.demo.bulk import analyse
from foodsafe_portal.demo.places import CITY
from foodsafe_portal.demo.plan import CODE
from foodsafe_portal.demo.visits import DEMO_POLICY
from foodsafe_portal.lib.scope import in_territory
from inspections.models import FrequencyPolicy, Problem, RectificationDuty, Visit, VisitDuty
from records.models import LedgerBatch


def remove_city() -> None:
    """Delete every fact of the demonstration city. Audit events stay, and with them the accounts they name."""
    analyse()  # rows written a moment ago are unknown to the planner, who would join them one by one
    _remove(Campaign.objects.filter(code=CODE))
    _remove(LedgerBatch.objects.filter(in_territory(CITY, "territory")))
    for model in (VisitDuty, RectificationDuty, Problem, Visit, Officer, Business):
        _remove(model._default_manager.filter(in_territory(CITY)))
    used = VisitDuty.objects.filter(policy__isnull=False).values("policy")
    _remove(FrequencyPolicy.objects.filter(source=DEMO_POLICY).exclude(pk__in=used))
    _remove(Rulebook.objects.filter(is_demo=True, campaigns__isnull=True))


def _remove(rows: QuerySet[Any]) -> None:
    """Delete rows and whatever refers to them, table by table in one statement each.

    Django's own ``delete`` fetches every row to find what hangs on it, a minute for this city.
    """
    rows = rows.model._base_manager.filter(pk__in=rows.order_by().values("pk"))
    for relation in _references(rows.model):
        field = relation.field
        dependents = relation.related_model._base_manager.filter(**{f"{field.name}__in": rows})
        if relation.on_delete is SET_NULL:
            dependents.update(**{field.name: None})
        else:
            _remove(dependents)
    rows._raw_delete(rows.db)


def _references(model: type[Model]) -> list[ForeignObjectRel]:
    """The foreign keys of other tables that point at this one."""
    relations = model._meta.get_fields(include_hidden=True)
    return [
        field
        for field in relations
        if isinstance(field, ForeignObjectRel) and not field.many_to_many and field.related_model is not model
    ]
