"""Tasks: claimed by their lead unit, reported on weekly, approved or returned by another person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.choices import TaskReportState, TaskState
from campaigns.errors import CampaignRefused
from campaigns.models import TaskItem, TaskReport
from campaigns.rules.responsibility import own_body
from foodsafe_portal.lib.weeks import Week
from records.services import audit, evidence


class TaskRefused(CampaignRefused):
    """A task cannot take this step; the sentence says why."""


def own_unit(task: TaskItem, by: Any) -> Unit:
    """The unit for which this person may report on the task: its lead or a cooperating one."""
    units = [task.lead_unit, *(support.unit for support in task.supports.select_related("unit"))]
    own = own_body(
        ((unit.pk, unit.path) for unit in units), (post.unit.path for post in by.posts_today if post.unit)
    )
    for unit in units:
        if unit.pk == own:
            return unit
    raise TaskRefused(_("这项任务不是本单位牵头或配合的，不能填报。"))


@transaction.atomic
def claim_task(*, task: TaskItem, by: Any) -> TaskItem:
    """The lead unit takes the task on (主动认领); only the first claim counts."""
    if own_unit(task, by).pk != task.lead_unit_id:
        raise TaskRefused(_("任务由牵头单位认领；本单位是配合单位。"))
    now = timezone.now()
    claimed = TaskItem.objects.filter(pk=task.pk, state=TaskState.OPEN).update(
        state=TaskState.CLAIMED, claimed_by=by, claimed_at=now
    )
    if not claimed:
        raise TaskRefused(_("这项任务已经认领，请刷新后再看。"))
    task.refresh_from_db()
    audit.record(by=by, action="task.claimed", target=task, territory=task.campaign.region_id)
    return task


@transaction.atomic
def report_task(
    *, task: TaskItem, week: Week, progress: str, claims_done: bool, uploads: list[Any], by: Any
) -> TaskReport:
    """A unit's report for one week; one waiting or approved report per unit and week. Asking for completion needs proof."""
    if not progress.strip():
        raise TaskRefused(_("进展不能为空，请写一句本周做了什么。"))
    unit = own_unit(task, by)
    if claims_done and unit.pk != task.lead_unit_id:
        raise TaskRefused(_("只有牵头单位可以申请办结。"))
    if claims_done and not uploads:
        raise TaskRefused(_("申请办结要附佐证（照片或 PDF）。"))
    task = TaskItem.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=task.pk)
    if task.state == TaskState.DONE:
        raise TaskRefused(_("这项任务已经办结，不用再报。"))
    if task.state == TaskState.OPEN:
        raise TaskRefused(_("请先认领任务，再填报进展。"))
    try:
        with transaction.atomic():
            report = TaskReport.objects.create(
                task=task,
                unit=unit,
                week=str(week),
                progress=progress.strip(),
                claims_done=claims_done,
                submitted_by=by,
                submitted_at=timezone.now(),
            )
    except IntegrityError:
        raise TaskRefused(
            _("%(unit)s 本周（%(week)s）已经报过；退回后可以再报。") % {"unit": unit, "week": week}
        ) from None
    for upload in uploads:
        evidence.store_evidence(upload=upload, target=report, by=by)
    TaskItem.objects.filter(pk=task.pk).update(state=TaskState.REPORTED)
    audit.record(
        by=by,
        action="task.reported",
        target=task,
        territory=task.campaign.region_id,
        after={"week": str(week), "unit": unit.name, "claims_done": claims_done},
    )
    return report


@transaction.atomic
def decide_report(*, report: TaskReport, approve: bool, reason: str = "", by: Any) -> TaskReport:
    """Approve a report or return it with a reason; the reporter may not decide. An approved completion ends the task.

    What the unit reported for earlier weeks and nobody has decided is superseded by an approved report: it says how things
    stand now. A request for completion waits on, unless the approved report is one itself.
    """
    if by.pk == report.submitted_by_id:
        raise TaskRefused(_("不能审核自己报送的周报，请由另一人审核。"))
    if not approve and not reason.strip():
        raise TaskRefused(_("退回要写理由，报送单位才知道改哪里。"))
    state = TaskReportState.APPROVED if approve else TaskReportState.RETURNED
    now = timezone.now()
    task = TaskItem.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=report.task_id)
    # The task first, then its reports in one order: ledgers and their undo come that way, and nobody waits in a circle.
    waiting = task.reports.filter(state=TaskReportState.SUBMITTED)
    list(waiting.select_for_update().order_by("pk").values_list("pk"))
    decided = TaskReport.objects.filter(pk=report.pk, state=TaskReportState.SUBMITTED).update(
        state=state, decided_by=by, decided_at=now, reason=reason.strip()
    )
    if not decided:
        raise TaskRefused(_("这份周报已有人审核，请刷新后再看。"))
    report.refresh_from_db()
    if approve:
        _supersede_older(report, now, by)
    if approve and report.claims_done:
        fields = {"state": TaskState.DONE, "done_on": timezone.localdate(now)}
    else:
        fields = {"state": TaskState.REPORTED if waiting.exists() else TaskState.CLAIMED}
    TaskItem.objects.filter(pk=task.pk).exclude(state=TaskState.DONE).update(**fields)
    audit.record(
        by=by,
        action="task.approved" if approve else "task.returned",
        target=task,
        territory=task.campaign.region_id,
        reason=reason,
        after={"week": report.week, "unit": report.unit.name},
    )
    return report


def _supersede_older(report: TaskReport, now: datetime, by: Any) -> None:
    """Let no earlier report of the unit wait any longer but requests that only a decision ends; one event names the weeks."""
    older = TaskReport.objects.filter(
        task_id=report.task_id, unit_id=report.unit_id, week__lt=report.week, state=TaskReportState.SUBMITTED
    )
    if not report.claims_done:
        older = older.filter(claims_done=False)
    weeks = list(older.order_by("week").values_list("week", flat=True))
    if not weeks:
        return
    older.update(state=TaskReportState.SUPERSEDED, decided_at=now)
    audit.record(
        by=by,
        action="task.superseded",
        target=report.task,
        territory=report.task.campaign.region_id,
        before={"weeks": weeks},
        after={"week": report.week, "unit": report.unit.name},
    )
