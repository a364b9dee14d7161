"""Plan backwards: preview every date that moves, apply the plan in one act, take it back to the digest."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.choices import TaskState
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, Phase, Replan, TaskItem, TaskLink
from campaigns.rules.due_rules import Anchor, DueRule, working_days_until
from campaigns.rules.replanning import PlannedPhase, PlannedTask, Replanned, replan
from campaigns.services.campaign import move_review_date
from foodsafe_portal.lib.bulk import update
from records.rules.workdays import WorkCalendar
from records.services import audit
from records.services.calendar import current_calendar

PhaseDays = Mapping[int, tuple[date, date]]
"""New days of phases by their order: beginning and end."""


class PlanRefused(CampaignRefused):
    """The plan cannot be moved as asked; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign's plan as it stands, with the digest by which a later act knows that nobody has changed it since."""

    campaign: Campaign
    phases: tuple[PlannedPhase, ...]
    tasks: tuple[PlannedTask, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a re-planning would do to a plan."""

    plan: Plan
    review_on: date
    outcome: Replanned

    @property
    def blocked(self) -> bool:
        """Whether a conflict stands that has to be mended first."""
        return any(conflict.blocks for conflict in self.outcome.conflicts)

    def as_document(self) -> dict[str, Any]:
        """The answer of ``manage.py replan --json``."""
        return {
            "campaign": self.plan.campaign.code,
            "review_day": {
                "from": self.plan.campaign.review_on.isoformat(),
                "to": self.review_on.isoformat(),
            },
            "moved": [
                {
                    "task": move.number,
                    "title": move.name,
                    "date": move.what,
                    "from": move.was.isoformat(),
                    "to": move.to.isoformat(),
                    "rule": move.rule,
                    "provisional": move.provisional,
                }
                for move in self.outcome.moves
            ],
            "conflicts": [
                {"code": one.code, "task": one.number, "message": one.said, "blocks": one.blocks}
                for one in self.outcome.conflicts
            ],
        }


def plan_of(campaign: Campaign) -> Plan:
    """The plan of a campaign in three queries."""
    phases = tuple(
        PlannedPhase(one.order, one.name, one.starts_on, one.ends_on, one.starts_before, one.ends_before)
        for one in Phase.objects.filter(campaign=campaign).order_by("order")
    )
    before: dict[int, list[int]] = defaultdict(list)
    links = TaskLink.objects.filter(task__campaign=campaign).order_by("before__number")
    for number, first in links.values_list("task__number", "before__number"):
        before[number].append(first)
    rows = TaskItem.objects.filter(campaign=campaign).order_by("number")
    tasks = tuple(
        PlannedTask(
            number, title, starts, due, DueRule(cast(Anchor, anchor), days), lasts, phase, tuple(before[number]), state == TaskState.DONE
        )
        for number, title, starts, due, anchor, days, lasts, phase, state in rows.values_list(
            "number", "title", "starts_on", "due_on", "due_anchor", "due_days", "lasts_days", "phase__order", "state"
        )
    )  # fmt: skip
    return Plan(campaign, phases, tasks, digest_of(campaign.review_on, phases, tasks))


def digest_of(review_on: date, phases: tuple[PlannedPhase, ...], tasks: tuple[PlannedTask, ...]) -> str:
    """SHA-256 over every date and rule of a plan by natural key; never over a clock or a primary key."""
    said = {
        "review_on": review_on.isoformat(),
        "phases": [
            [one.order, str(one.starts_on), str(one.ends_on), one.starts_before, one.ends_before] for one in phases
        ],
        "tasks": [
            [one.number, str(one.starts_on), str(one.due_on), str(one.rule), one.lasts, one.phase, list(one.before)]
            for one in tasks
        ],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def preview_replan(
    *,
    campaign: Campaign,
    review_on: date,
    today: date,
    phase_days: PhaseDays | None = None,
    calendar: WorkCalendar | None = None,
) -> Preview:
    """What moving the review day or phases to these days would change. Raises ``PlanRefused`` for a day that cannot be."""
    if review_on < today:
        raise PlanRefused(
            _("迎检日期 %(review_on)s 已经过去（今天 %(today)s）；请填今天或以后的日期。")
            % {"review_on": review_on, "today": today}
        )
    if review_on <= campaign.started_on:
        raise PlanRefused(
            _("迎检日期 %(to)s 不能早于启动日期 %(started_on)s。")
            % {"to": review_on, "started_on": campaign.started_on}
        )
    calendar, plan = calendar or current_calendar(), plan_of(campaign)
    phases = [_phase_moved(one, phase_days or {}, review_on, calendar) for one in plan.phases]
    outcome = replan(phases, plan.tasks, review_on=review_on, today=today, calendar=calendar)
    return Preview(plan, review_on, outcome)


def _phase_moved(
    phase: PlannedPhase, days: PhaseDays, review_on: date, calendar: WorkCalendar
) -> PlannedPhase:
    """A phase with the days asked for; one counted backwards keeps counting, from its new day."""
    if phase.order not in days or days[phase.order] == (phase.starts_on, phase.ends_on):
        return phase
    starts, ends = days[phase.order]
    return replace(
        phase,
        starts_on=starts,
        ends_on=ends,
        starts_before=phase.starts_before
        if phase.starts_before is None
        else working_days_until(starts, review_on, calendar),
        ends_before=phase.ends_before
        if phase.ends_before is None
        else working_days_until(ends, review_on, calendar),
    )


@transaction.atomic
def apply_replan(
    *,
    campaign: Campaign,
    review_on: date,
    reason: str,
    today: date,
    by: Any,
    seen: str = "",
    phase_days: PhaseDays | None = None,
) -> Replan | None:
    """Move every date of the preview in one act; None where nothing moves.

    ``seen`` is the digest of the plan that was previewed. Raises ``PlanRefused`` when somebody changed the plan since, for a
    conflict that blocks, and without a reason.
    """
    if not reason.strip():
        raise PlanRefused(_("倒排要写明依据。"))
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    list(TaskItem.objects.select_for_update(of=("self",)).filter(campaign=campaign).values_list("pk"))
    preview = preview_replan(campaign=campaign, review_on=review_on, today=today, phase_days=phase_days)
    if seen and preview.plan.digest != seen:
        raise PlanRefused(_("预览之后，计划已被别人改过，没有应用；请重新预览。"))
    if preview.blocked:
        sentences = "；".join(one.said for one in preview.outcome.conflicts if one.blocks)
        raise PlanRefused(_("计划有冲突，没有应用：%(conflicts)s") % {"conflicts": sentences})
    review_from, restore = campaign.review_on, _dates(preview.plan)
    if review_on != review_from:
        move_review_date(campaign=campaign, to=review_on, reason=reason, by=by)
    _write(campaign, preview.plan, preview.outcome)
    campaign.refresh_from_db()
    after = plan_of(campaign)
    if after.digest == preview.plan.digest:
        return None
    done = Replan.objects.create(
        campaign=campaign,
        review_from=review_from,
        review_to=review_on,
        reason=reason.strip(),
        moves=preview.as_document()["moved"],
        restore=restore,
        digest_before=preview.plan.digest,
        digest_after=after.digest,
        applied_by=by,
        applied_at=timezone.now(),
    )
    _record(done, "plan.replanned", by, reason.strip())
    return done


@transaction.atomic
def reverse_replan(*, replan: Replan, by: Any) -> Replan:
    """Put every date back to where it stood before; refused when the plan was changed since."""
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=replan.campaign_id)
    list(TaskItem.objects.select_for_update(of=("self",)).filter(campaign=campaign).values_list("pk"))
    now = timezone.now()
    claimed = Replan.objects.filter(pk=replan.pk, reversed_at__isnull=True)
    if not claimed.update(reversed_at=now, reversed_by=by):
        raise PlanRefused(_("这次倒排已经撤销，请刷新后再看。"))
    if plan_of(campaign).digest != replan.digest_after:
        raise PlanRefused(_("这次倒排之后计划又改过，不能整体撤销；请重新倒排。"))
    if replan.review_from != campaign.review_on:
        reason = _("撤销 %(on)s 的倒排") % {"on": timezone.localdate(replan.applied_at)}
        move_review_date(campaign=campaign, to=replan.review_from, reason=reason, by=by)
        campaign.refresh_from_db()
    _put_back(campaign, replan.restore)
    if plan_of(campaign).digest != replan.digest_before:
        raise PlanRefused(_("撤销后的计划与原来的不一致，没有撤销；请联系系统管理员核对。"))
    replan.refresh_from_db()
    _record(replan, "plan.replan_reversed", by, "")
    return replan


def _record(replan: Replan, action: str, by: Any, reason: str) -> None:
    before, after = replan.digest_before, replan.digest_after
    if replan.reversed_at:
        before, after = after, before
    audit.record(
        by=by,
        action=action,
        target=replan,
        territory=replan.campaign.region_id,
        before={"digest": before},
        after={"digest": after, "dates": len(replan.moves)},
        reason=reason,
    )


def _dates(plan: Plan) -> dict[str, Any]:
    """What an act on the whole plan can change, by natural key, as JSON keeps it."""
    provisional = dict(
        TaskItem.objects.filter(campaign=plan.campaign).values_list("number", "due_provisional")
    )
    return {
        "phases": [
            [one.order, str(one.starts_on), str(one.ends_on), one.starts_before, one.ends_before]
            for one in plan.phases
        ],
        "tasks": [
            [one.number, str(one.starts_on), str(one.due_on), provisional[one.number]] for one in plan.tasks
        ],
    }


def _write(campaign: Campaign, plan: Plan, outcome: Replanned) -> None:
    for old, new in zip(plan.phases, outcome.phases, strict=True):
        if old != new:
            _write_phase(campaign, new.order, new.starts_on, new.ends_on, new.starts_before, new.ends_before)
    moved = {old.number: old for old, new in zip(plan.tasks, outcome.tasks, strict=True) if old != new}
    marked = {task.number: task.number in outcome.provisional for task in outcome.tasks if not task.done}
    stands = {task.number: task for task in outcome.tasks}
    keys: list[int] = []
    columns: dict[str, list[Any]] = defaultdict(list)
    for key, number, known, starts, due in TaskItem.objects.filter(campaign=campaign).values_list(
        "pk", "number", "due_provisional", "baseline_starts_on", "baseline_due_on"
    ):
        provisional = marked.get(number, known)
        if number not in moved and provisional == known:
            continue
        was, found = moved.get(number), stands[number]
        keys.append(key)
        columns["starts_on"].append(found.starts_on)
        columns["due_on"].append(found.due_on)
        columns["due_provisional"].append(provisional)
        columns["baseline_starts_on"].append(starts or (was.starts_on if was else None))
        columns["baseline_due_on"].append(due or (was.due_on if was else None))
    if keys:
        update(TaskItem, keys, columns)


def _write_phase(
    campaign: Campaign, order: int, starts: Any, ends: Any, starts_before: Any, ends_before: Any
) -> None:
    Phase.objects.filter(campaign=campaign, order=order).update(
        starts_on=starts, ends_on=ends, starts_before=starts_before, ends_before=ends_before
    )


def _put_back(campaign: Campaign, restore: Mapping[str, Any]) -> None:
    for order, starts, ends, starts_before, ends_before in restore["phases"]:
        _write_phase(campaign, order, starts, ends, starts_before, ends_before)
    key_of = dict(TaskItem.objects.filter(campaign=campaign).values_list("number", "pk"))
    rows = [row for row in restore["tasks"] if row[0] in key_of]
    update(
        TaskItem,
        [key_of[row[0]] for row in rows],
        {
            "starts_on": [date.fromisoformat(row[1]) for row in rows],
            "due_on": [date.fromisoformat(row[2]) for row in rows],
            "due_provisional": [row[3] for row in rows],
        },
    )
