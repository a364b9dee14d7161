"""What of the campaign waits for a person: task reports to send and to decide, weeks to freeze and to publish, assessments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.rights import Permission as P
from campaigns import (
    waiting_evidence,  # noqa: F401  (registers the library's kinds)
    waiting_notices,  # noqa: F401  (registers the kinds of notices)
)
from campaigns.choices import ExtensionState, ReportState, TaskReportState, TaskState
from campaigns.forms import DecisionForm
from campaigns.models import Assessment, Campaign, TaskExtension, TaskItem, TaskReport, WeeklyReport
from campaigns.services.task_extensions import decide_extension
from campaigns.services.tasks import claim_task, decide_report
from foodsafe_portal.lib.scope import NO_ROWS
from foodsafe_portal.lib.waiting import Kind, Line, Link, Step, register, tell_acts
from foodsafe_portal.lib.weeks import Week

TASKS, REPORTS = gettext_lazy("项"), gettext_lazy("份")


def _number(task: TaskItem) -> str:
    return _("任务 %(number)s：%(title)s") % {"number": task.number, "title": task.title}


def _of_own_units(user: Any, path: str) -> Q:
    """Rows of the bodies this person works for: their unit and what hangs below it."""
    own = NO_ROWS
    for post in user.posts_today:
        if post.unit:
            own |= Q(**{f"{path}__startswith": post.unit.path})
    return own


# --- assessments -----------------------------------------------------------------------------------


def _to_fill(user: Any, day: date) -> QuerySet:
    given = Assessment.objects.all().given_to(user)
    return given.filter(handed_in_at__isnull=True, closed_at__isnull=True)


def _handed_in(user: Any, day: date) -> QuerySet:
    handed = Assessment.objects.visible_to(user).filter(handed_in_at__isnull=False, closed_at__isnull=True)
    return handed.exclude(handed_in_by=user)


def _assessment_lines(rows: Sequence[Assessment], user: Any, day: date) -> list[Line]:
    """Each with its kind, place and edition."""
    return [
        Line(
            pk=one.pk,
            title=one.title,
            url=reverse("assessment-detail", args=[one.pk]),
            where=" · ".join(
                str(part) for part in (one.get_kind_display(), one.region or one.campaign, one.rulebook)
            ),
            due_on=one.held_on,
        )
        for one in rows
    ]


_OF_ASSESSMENT: dict[str, Any] = {
    "unit": REPORTS,
    "lines": _assessment_lines,
    "order": ("held_on", "pk"),
    "related": ("region", "campaign", "rulebook"),
}

register(
    Kind(
        code="assessment_to_fill",
        label=gettext_lazy("测评待填"),
        note=gettext_lazy("交给您填，还没有交卷"),
        icon="checkup-list",
        place=22,
        permissions=(P.ASSESS,),
        rows=_to_fill,
        due="held_on",
        **_OF_ASSESSMENT,
    )
)
register(
    Kind(
        code="assessment_to_close",
        label=gettext_lazy("测评已交卷"),
        note=gettext_lazy("看过后结束，或退回重填"),
        icon="checkup-list",
        place=39,
        permissions=(P.MANAGE_ASSESSMENTS,),
        rows=_handed_in,
        **_OF_ASSESSMENT,
    )
)
tell_acts(
    {
        "assessment.opened": gettext_lazy("开测评"),
        "assessment.given": gettext_lazy("交办测评"),
        "assessment.handed_in": gettext_lazy("测评交卷"),
        "assessment.returned": gettext_lazy("退回测评"),
        "assessment.closed": gettext_lazy("结束测评"),
    },
    {"campaigns.assessment": "assessment-detail"},
)


# --- for those who decide --------------------------------------------------------------------------


def _submitted(user: Any, day: date) -> QuerySet:
    tasks = TaskItem.objects.visible_to(user)
    waiting = TaskReport.objects.filter(state=TaskReportState.SUBMITTED, task__in=tasks.values("pk"))
    return waiting.exclude(submitted_by=user)


def _report_lines(reports: Sequence[TaskReport], user: Any, day: date) -> list[Line]:
    """Each report with its unit, its week and what it says."""
    return [
        Line(
            pk=report.pk,
            title=_number(report.task),
            url=reverse("task-detail", args=[report.task_id]),
            where=" · ".join(
                (
                    str(report.unit),
                    report.week,
                    _("申请办结") if report.claims_done else _("进展"),
                    report.progress[:60],
                )
            ),
            due_on=report.task.due_on,
            note=report.reason,
        )
        for report in reports
    ]


def _decides(approve: bool) -> Callable[[Any, Any, Any], Any]:
    return lambda report, by, form: decide_report(
        report=report,
        approve=approve,
        by=by,
        reason=form.cleaned_data["reason"],
        again_by=form.cleaned_data["again_by"],
    )


def _decision(data: Any, files: Any, *, user: Any, row: Any, day: date, **kwargs: Any) -> DecisionForm:
    return DecisionForm(data, **kwargs)


register(
    Kind(
        code="task_report",
        label=gettext_lazy("任务进展待审核"),
        unit=REPORTS,
        note=gettext_lazy("各单位报送的进展"),
        icon="list-check",
        place=38,
        decides=True,
        permissions=(P.APPROVE_TASK,),
        rows=_submitted,
        lines=_report_lines,
        due="task__due_on",
        order=("task__due_on", "submitted_at", "pk"),
        steps=(
            Step(
                "approve",
                gettext_lazy("通过"),
                gettext_lazy("已通过。"),
                _decides(True),
                P.APPROVE_TASK,
                _decision,
                value="approve",
            ),
            Step(
                "return",
                gettext_lazy("退回"),
                gettext_lazy("已退回。"),
                _decides(False),
                P.APPROVE_TASK,
                _decision,
                asks=True,
                icon="arrow-back-up",
                value="return",
            ),
        ),
        related=("task", "unit"),
    )
)


def _extensions(user: Any, day: date) -> QuerySet:
    waiting = TaskExtension.objects.visible_to(user).filter(state=ExtensionState.REQUESTED)
    return waiting.exclude(asked_by=user)


def _extension_lines(extensions: Sequence[TaskExtension], user: Any, day: date) -> list[Line]:
    """Each request with both days and the reason."""
    return [
        Line(
            one.pk,
            _number(one.task),
            reverse("task-detail", args=[one.task_id]),
            f"{one.due_from} → {one.due_to} · {one.reason}",
            one.due_from,
        )
        for one in extensions
    ]


def _extends(approve: bool) -> Callable[[Any, Any, Any], Any]:
    return lambda one, by, form: decide_extension(
        extension=one, approve=approve, by=by, note=form.cleaned_data["reason"]
    )


register(
    Kind(
        code="task_extension",
        label=gettext_lazy("任务延期待批准"),
        unit=REPORTS,
        icon="clock",
        place=39,
        decides=True,
        permissions=(P.APPROVE_TASK,),
        rows=_extensions,
        lines=_extension_lines,
        due="due_from",
        order=("due_from", "pk"),
        steps=(
            Step(
                "approve",
                gettext_lazy("批准"),
                gettext_lazy("已批准延期。"),
                _extends(True),
                P.APPROVE_TASK,
                _decision,
                value="approve",
            ),
            Step(
                "return",
                gettext_lazy("不批准"),
                gettext_lazy("未批准延期。"),
                _extends(False),
                P.APPROVE_TASK,
                _decision,
                asks=True,
                icon="x",
                value="return",
            ),
        ),
        related=("task",),
    )
)

# --- for the units ---------------------------------------------------------------------------------


def _own_tasks(user: Any) -> QuerySet:
    return TaskItem.objects.visible_to(user).filter(
        _of_own_units(user, "lead_unit__path"), campaign__closed_on__isnull=True
    )


def _to_claim(user: Any, day: date) -> QuerySet:
    return _own_tasks(user).filter(state=TaskState.OPEN)


def _to_report(user: Any, day: date) -> QuerySet:
    """Tasks that the unit leads and has not reported on in the week of ``day``."""
    standing = [TaskReportState.SUBMITTED, TaskReportState.APPROVED, TaskReportState.RETURNED]
    said = TaskReport.objects.filter(task=OuterRef("pk"), week=str(Week.of(day)), state__in=standing)
    going = _own_tasks(user).filter(state__in=[TaskState.CLAIMED, TaskState.REPORTED], starts_on__lte=day)
    return going.filter(~Exists(said.filter(_of_own_units(user, "unit__path"))))


def _returned(user: Any, day: date) -> QuerySet:
    """Reports of the unit that came back and after which it has reported nothing on the task."""
    own = TaskReport.objects.filter(
        _of_own_units(user, "unit__path"),
        state=TaskReportState.RETURNED,
        task__in=TaskItem.objects.visible_to(user).exclude(state=TaskState.DONE).values("pk"),
    )
    later = TaskReport.objects.filter(
        task=OuterRef("task"), unit=OuterRef("unit"), submitted_at__gt=OuterRef("submitted_at")
    )
    return own.filter(~Exists(later))


def _task_lines(tasks: Sequence[TaskItem], user: Any, day: date) -> list[Line]:
    """Each task with its lead unit and its deadline."""
    lines = []
    for task in tasks:
        url = reverse("task-detail", args=[task.pk])
        links = () if task.state == TaskState.OPEN else (Link(_("报进展"), url, "upload", "btn-primary"),)
        where = " · ".join(word for word in (str(task.lead_unit), task.system) if word)
        lines.append(
            Line(pk=task.pk, title=_number(task), url=url, where=where, due_on=task.due_on, links=links)
        )
    return lines


def _returned_lines(reports: Sequence[TaskReport], user: Any, day: date) -> list[Line]:
    """Each returned report with the reason, and the way to report again."""
    lines = []
    for report in reports:
        url = reverse("task-detail", args=[report.task_id])
        where = " · ".join((str(report.unit), report.week))
        links = (Link(_("重新报送"), url, "upload", "btn-primary"),)
        lines.append(
            Line(
                report.pk,
                _number(report.task),
                url,
                where,
                report.task.due_on,
                note=report.reason,
                links=links,
            )
        )
    return lines


def _claim(task: TaskItem, by: Any, form: Any) -> TaskItem:
    return claim_task(task=task, by=by)


register(
    Kind(
        code="task_returned",
        label=gettext_lazy("任务进展被退回"),
        unit=REPORTS,
        note=gettext_lazy("按理由补好再报"),
        icon="arrow-back-up",
        place=13,
        permissions=(P.REPORT_TASK,),
        rows=_returned,
        lines=_returned_lines,
        due="task__due_on",
        order=("task__due_on", "pk"),
        related=("task", "unit"),
    )
)
register(
    Kind(
        code="task_to_claim",
        label=gettext_lazy("任务待认领"),
        unit=TASKS,
        icon="list-check",
        place=22,
        permissions=(P.REPORT_TASK,),
        rows=_to_claim,
        lines=_task_lines,
        url=lambda: f"{reverse('task-list')}?state={TaskState.OPEN.value}",
        due="due_on",
        order=("due_on", "pk"),
        steps=(
            Step(
                "claim",
                gettext_lazy("认领"),
                gettext_lazy("已认领。"),
                _claim,
                P.REPORT_TASK,
                css="btn-primary",
            ),
        ),
        related=("lead_unit",),
    )
)
register(
    Kind(
        code="task_to_report",
        label=gettext_lazy("本周进展待报"),
        unit=TASKS,
        note=gettext_lazy("牵头任务每周报一次"),
        icon="list-check",
        place=23,
        permissions=(P.REPORT_TASK,),
        rows=_to_report,
        lines=_task_lines,
        due="due_on",
        order=("due_on", "pk"),
        related=("lead_unit",),
    )
)


def _sent(user: Any, day: date) -> QuerySet:
    """Own reports on which nobody has decided."""
    return TaskReport.objects.filter(
        state=TaskReportState.SUBMITTED,
        submitted_by=user,
        task__in=TaskItem.objects.visible_to(user).values("pk"),
    )


def _sent_lines(reports: Sequence[TaskReport], user: Any, day: date) -> list[Line]:
    """Each report one has sent, with how it stands."""
    state = ("wait", str(TaskReportState.SUBMITTED.label))
    return [replace(line, state=state) for line in _report_lines(reports, user, day)]


def _unreported(user: Any, day: date) -> QuerySet:
    """Tasks under way on which the lead unit has said nothing in the week of ``day``."""
    said = TaskReport.objects.filter(
        task=OuterRef("pk"), unit=OuterRef("lead_unit"), week=str(Week.of(day))
    ).exclude(state=TaskReportState.RETURNED)
    going = TaskItem.objects.visible_to(user).filter(
        state__in=[TaskState.CLAIMED, TaskState.REPORTED],
        starts_on__lte=day,
        campaign__closed_on__isnull=True,
    )
    return going.filter(~Exists(said))


register(
    Kind(
        code="asked_report",
        label=gettext_lazy("我报送的进展"),
        unit=REPORTS,
        icon="list-check",
        place=13,
        asked=True,
        permissions=(P.REPORT_TASK,),
        rows=_sent,
        lines=_sent_lines,
        due="task__due_on",
        order=("task__due_on", "pk"),
        related=("task", "unit"),
    )
)
register(
    Kind(
        code="asked_progress",
        label=gettext_lazy("本周还没报进展"),
        unit=TASKS,
        icon="list-check",
        place=5,
        asked=True,
        permissions=(P.APPROVE_TASK,),
        rows=_unreported,
        lines=_task_lines,
        due="due_on",
        order=("due_on", "pk"),
        related=("lead_unit",),
    )
)

# --- weeks -----------------------------------------------------------------------------------------


def _last_week(day: date) -> Week:
    return Week.of(day).previous()


def _to_close(user: Any, day: date) -> QuerySet:
    """Campaigns with frozen weeks or none, whose last ended week is not frozen."""
    frozen = WeeklyReport.objects.filter(campaign=OuterRef("pk"), week__gte=str(_last_week(day)))
    campaigns = Campaign.objects.visible_to(user).filter(closed_on__isnull=True, started_on__lte=day)
    return campaigns.filter(~Exists(frozen))


def _close_lines(campaigns: Sequence[Campaign], user: Any, day: date) -> list[Line]:
    """Each campaign with the way to freeze its week."""
    url = reverse("report-list")
    links = (Link(_("去冻结"), url, "lock", "btn-primary"),)
    title = _("第 %(number)s 周还没有冻结") % {"number": _last_week(day).number}
    return [Line(one.pk, title, url, str(one), _last_week(day).sunday, links=links) for one in campaigns]


def _unpublished(user: Any, day: date) -> QuerySet:
    return WeeklyReport.objects.visible_to(user).filter(is_latest=True, state=ReportState.FROZEN)


def _publish_lines(reports: Sequence[WeeklyReport], user: Any, day: date) -> list[Line]:
    """Each frozen week with the way to read and publish it."""
    lines = []
    for report in reports:
        url = reverse("report-detail", args=[report.pk])
        title = _("%(week)s 周报") % {"week": report.week}
        where = " · ".join((str(report.campaign), _("第 %(n)s 版") % {"n": report.revision}))
        lines.append(Line(report.pk, title, url, where, links=(Link(_("去发布"), url, "file-text"),)))
    return lines


register(
    Kind(
        code="week_to_close",
        label=lambda day: _("第 %(number)s 周还没有冻结") % {"number": _last_week(day).number},
        unit=gettext_lazy("周"),
        note=gettext_lazy("冻结后各页改按这一周显示"),
        icon="lock",
        place=50,
        decides=True,
        permissions=(P.CLOSE_WEEK,),
        rows=_to_close,
        lines=_close_lines,
        url=lambda: reverse("report-list"),
    )
)
register(
    Kind(
        code="week_to_publish",
        label=gettext_lazy("周报待发布"),
        unit=REPORTS,
        note=gettext_lazy("已冻结，发布后作为正式数据"),
        icon="file-text",
        place=51,
        decides=True,
        permissions=(P.PUBLISH_WEEK,),
        rows=_unpublished,
        lines=_publish_lines,
        url=lambda: f"{reverse('report-list')}?state={ReportState.FROZEN.value}",
        order=("week", "pk"),
        related=("campaign",),
    )
)

tell_acts(
    {
        "task.claimed": gettext_lazy("认领任务"),
        "task.reported": gettext_lazy("报送任务进展"),
        "task.approved": gettext_lazy("通过任务进展"),
        "task.returned": gettext_lazy("退回任务进展"),
        "reading.recorded": gettext_lazy("登记读数"),
        "directive.given": gettext_lazy("下批示"),
        "campaign.review_moved": gettext_lazy("调整迎检日"),
        "task.extension_asked": gettext_lazy("申请任务延期"),
        "task.extension_approved": gettext_lazy("批准任务延期"),
        "task.extension_refused": gettext_lazy("不批准任务延期"),
        "plan.template_loaded": gettext_lazy("载入示例计划"),
        "plan.replanned": gettext_lazy("倒排计划"),
        "plan.replan_reversed": gettext_lazy("撤销倒排"),
        "week.close_asked": gettext_lazy("冻结周报"),
        "week.published": gettext_lazy("发布周报"),
        "rulebook.published": gettext_lazy("发布评价细则"),
    },
    {"campaigns.taskitem": "task-detail", "campaigns.weeklyreport": "report-detail"},
)
