"""Plans to begin with: the Nantong plan of 2016 and a plan of five months, laid into an empty campaign as labelled examples."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.choices import DueAnchor, TaskKind
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, Phase, TaskItem, TaskLink
from campaigns.rules.due_rules import Countback
from campaigns.services.planning import plan_of
from foodsafe_portal.lib.scope import in_territory
from records.services import audit
from records.services.calendar import current_calendar

DATA: Final = Path(__file__).parent.parent / "data"
TEMPLATES: Final = {"nantong": "plan_nantong.json", "five_months": "plan_five_months.json"}


class TemplateRefused(CampaignRefused):
    """A plan cannot be laid into this campaign; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was laid in, and the units a plan names that are not registered here."""

    tasks: int
    missing: tuple[str, ...]


def templates() -> list[tuple[str, str]]:
    """The plans there are, each with its title."""
    return [(key, _read(key)["title"]) for key in TEMPLATES]


def _read(key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / TEMPLATES[key]).read_text(encoding="utf-8"))
    return found


@transaction.atomic
def load_template(*, campaign: Campaign, key: str, by: Any) -> Loaded:
    """Lay a plan into a campaign that has no phases and tasks yet, every day counted backwards from its review day.

    A task whose lead unit is not registered is led by the body of whoever loads it. Raises ``TemplateRefused``.
    """
    if key not in TEMPLATES:
        raise TemplateRefused(_("没有这个计划模板，请重新选择。"))
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.tasks.exists() or campaign.phases.exists():
        raise TemplateRefused(_("这个创建已经有阶段或任务，模板只能载入空的计划。"))
    units = {
        unit.name: unit
        for unit in Unit.objects.filter(in_territory(campaign.region_id)).order_by("-region_id")
    }
    own = next((post.unit for post in by.posts_today if post.unit), None)
    fallback = own or next((unit for unit in units.values() if unit.is_member), None)
    if fallback is None:
        raise TemplateRefused(_("还没有登记成员单位；请先导入成员单位台账，再载入模板。"))
    document, count = _read(key), Countback(campaign.review_on, current_calendar())
    phases = _phases(campaign, document["phases"], count)
    missing: dict[str, None] = {}
    tasks: dict[int, TaskItem] = {}
    for row in document["tasks"]:
        lead = units.get(row["lead"])
        if lead is None:
            missing[row["lead"]] = None
        due = max(count.before(row["t"]), campaign.started_on)
        start = max(count.before(row["t"] + row["lasts"]), campaign.started_on)
        tasks[row["number"]] = TaskItem(
            campaign=campaign, number=row["number"], title=row["title"], system=row.get("system", ""), text=row.get("text", ""),
            proof=row.get("proof", ""), targets=row.get("targets", []), kind=row.get("kind", TaskKind.TASK),
            phase=phases[row["phase"]], lead_unit=lead or fallback, starts_on=min(start, due), due_on=due,
            due_anchor=DueAnchor.REVIEW, due_days=row["t"], lasts_days=row["lasts"], is_example=True,
        )  # fmt: skip
    TaskItem.objects.bulk_create(tasks.values())
    links = [
        TaskLink(task=tasks[row["number"]], before=tasks[first])
        for row in document["tasks"]
        for first in row.get("before", ())
    ]
    TaskLink.objects.bulk_create(links)
    audit.record(
        by=by,
        action="plan.template_loaded",
        target=campaign,
        after={"template": key, "tasks": len(tasks), "digest": plan_of(campaign).digest},
    )
    return Loaded(len(tasks), tuple(missing))


def _phases(campaign: Campaign, rows: list[dict[str, Any]], count: Countback) -> dict[int, Phase]:
    """The phases, the first from the beginning of the campaign, each following the one before."""
    begins: date = campaign.started_on
    found = {}
    for order, row in enumerate(rows, 1):
        ends = max(count.before(row["ends"]), begins)
        found[order] = Phase.objects.create(
            campaign=campaign, order=order, name=row["name"], starts_on=begins, ends_on=ends, ends_before=row["ends"]
        )  # fmt: skip
        begins = ends
    return found
