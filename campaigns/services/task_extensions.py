"""A new date for a task: proposed by its unit, decided by another person; the baseline stays and extensions are counted."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.choices import DueAnchor, ExtensionState, TaskState
from campaigns.models import TaskExtension, TaskItem
from campaigns.rules.due_rules import working_days_until
from campaigns.services.tasks import TaskRefused, own_unit
from records.services import audit
from records.services.calendar import current_calendar


@transaction.atomic
def propose_due_day(*, task: TaskItem, to: date, reason: str, today: date, by: Any) -> TaskExtension:
    """Ask for a new due day; the lead unit asks, one request waits at a time. Raises ``TaskRefused``."""
    if own_unit(task, by).pk != task.lead_unit_id:
        raise TaskRefused(_("新日期由牵头单位提出。"))
    if not reason.strip():
        raise TaskRefused(_("申请延期要写理由。"))
    if to < today:
        raise TaskRefused(_("新期限 %(to)s 已经过去；请填今天或以后的日期。") % {"to": to})
    task = TaskItem.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=task.pk)
    if task.state == TaskState.DONE:
        raise TaskRefused(_("这项任务已经办结，不用再改期限。"))
    if to == task.due_on:
        raise TaskRefused(_("新期限与现在的期限相同。"))
    if to > task.campaign.review_on:
        raise TaskRefused(
            _("新期限 %(to)s 晚于迎检日 %(review_on)s；请提前，或由领导小组调整迎检日。")
            % {"to": to, "review_on": task.campaign.review_on}
        )
    try:
        with transaction.atomic():
            asked = TaskExtension.objects.create(
                task=task,
                due_from=task.due_on,
                due_to=to,
                reason=reason.strip(),
                asked_by=by,
                asked_at=timezone.now(),
            )
    except IntegrityError:
        raise TaskRefused(_("这项任务已有一个延期申请待批准，请等审批。")) from None
    _record(asked, "task.extension_asked", by, reason.strip())
    return asked


@transaction.atomic
def decide_extension(*, extension: TaskExtension, approve: bool, note: str = "", by: Any) -> TaskExtension:
    """Grant or refuse a new due day; a date counted backwards keeps counting, from its new day. Raises ``TaskRefused``."""
    if by.pk == extension.asked_by_id:
        raise TaskRefused(_("不能审批自己提出的延期，请由另一人审批。"))
    if not approve and not note.strip():
        raise TaskRefused(_("不批准要写理由。"))
    task = (
        TaskItem.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=extension.task_id)
    )
    decided = TaskExtension.objects.filter(pk=extension.pk, state=ExtensionState.REQUESTED).update(
        state=ExtensionState.APPROVED if approve else ExtensionState.REFUSED,
        decided_by=by,
        decided_at=timezone.now(),
        note=note.strip(),
    )
    if not decided:
        raise TaskRefused(_("这个延期已有人审批，请刷新后再看。"))
    extension.refresh_from_db()
    if approve:
        _move(task, extension.due_to)
    _record(extension, "task.extension_approved" if approve else "task.extension_refused", by, note.strip())
    return extension


def _move(task: TaskItem, to: date) -> None:
    task.baseline_starts_on = task.baseline_starts_on or task.starts_on
    task.baseline_due_on = task.baseline_due_on or task.due_on
    task.due_on, task.starts_on = to, min(task.starts_on, to)
    if task.due_anchor == DueAnchor.REVIEW:
        task.due_days = working_days_until(to, task.campaign.review_on, current_calendar())
    elif task.due_anchor == DueAnchor.PHASE and task.phase and to <= task.phase.ends_on:
        task.due_days = working_days_until(to, task.phase.ends_on, current_calendar())
    else:
        task.due_anchor, task.due_days = DueAnchor.FIXED, 0
    task.save(
        update_fields=[
            "due_on",
            "starts_on",
            "baseline_starts_on",
            "baseline_due_on",
            "due_anchor",
            "due_days",
        ]
    )


def _record(extension: TaskExtension, action: str, by: Any, reason: str) -> None:
    audit.record(
        by=by,
        action=action,
        target=extension.task,
        territory=extension.task.campaign.region_id,
        before={"due_on": str(extension.due_from)},
        after={"due_on": str(extension.due_to)},
        reason=reason,
    )
