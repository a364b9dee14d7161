"""What waits for the viewer's own decision: one count per kind, all in one query, each with the list it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules.rights import Permission as P
from campaigns.choices import ReportState, TaskReportState
from campaigns.models import Campaign, TaskItem, TaskReport, WeeklyReport
from campaigns.reports.cells import address
from entities.models import GradeChange, StatusChange
from foodsafe_portal.lib.paging import counts_of
from foodsafe_portal.lib.weeks import Week
from inspections.choices import ExtensionState, ProblemState
from inspections.models import Extension, Problem
from inspections.turns import waiting_for as waiting_for_turn
from records.ledgers import batches


@dataclass(frozen=True, slots=True)
class Decision:
    """One kind of waiting things: how many, what they are, and where they are decided."""

    label: str
    count: int
    unit: str
    note: str
    url: str


def waiting_for(
    user: User, campaign: Campaign, *, newest: str, last_week: Week, beside: Sequence[QuerySet[Any]] = ()
) -> tuple[list[Decision], list[int]]:
    """The decisions this person may take now, and how many rows each of ``beside`` has, by the same query.

    Kinds of which nothing waits are left out. ``newest`` is the latest frozen week ('' when there is none), ``last_week`` the
    last one that has ended.
    """
    asked = [kind for permission, kind in _kinds(user, campaign) if user.can(permission)]
    counts = counts_of([rows for rows, _label, _unit, _note, _url in asked], whole=beside)
    found = [
        Decision(label, count, unit, note, url)
        for count, (_rows, label, unit, note, url) in zip(counts, asked, strict=False)
        if count
    ]
    if user.can(P.CLOSE_WEEK) and newest < str(last_week):
        number = last_week.number
        found.append(
            Decision(
                _("第 %(number)s 周还没有冻结") % {"number": number},
                1,
                _("周"),
                _("冻结后各页改按这一周显示"),
                address("report-list"),
            )
        )
    return found, counts[len(asked) :]


Kind = tuple[QuerySet[Any], str, str, str, str]  # rows, label, unit, note, address


def _kinds(user: User, campaign: Campaign) -> list[tuple[P, Kind]]:
    """Every kind with the permission that decides it; a queryset costs nothing until it is counted.

    Problems are those whose next step is this person's, by the condition of the list's own view 待我处理.
    """
    mine = Problem.objects.visible_to(user).filter(waiting_for_turn(user))
    asked = Extension.objects.filter(state=ExtensionState.REQUESTED).values("problem_id")
    unpublished = WeeklyReport.objects.visible_to(user).filter(is_latest=True, state=ReportState.FROZEN)
    submitted = TaskReport.objects.filter(state=TaskReportState.SUBMITTED).values("task_id")
    tasks = TaskItem.objects.visible_to(user).filter(campaign=campaign, pk__in=submitted)
    item = _("件")

    def problems(**query: str) -> str:
        return address("problem-list", tab="mine", **query)

    return [
        (
            P.APPROVE_EXTENSION,
            (
                mine.filter(pk__in=asked),
                _("延期申请"),
                item,
                _("批准后改现行期限，原定期限不变"),
                problems(extension="1"),
            ),
        ),
        (
            P.SECOND_CHECK,
            (
                mine.filter(state=ProblemState.SECOND_CHECK),
                _("整改待复核"),
                item,
                _("复核通过才销号"),
                problems(state=ProblemState.SECOND_CHECK.value),
            ),
        ),
        (
            P.FIRST_CHECK,
            (
                mine.filter(state=ProblemState.SUBMITTED),
                _("整改待审核"),
                item,
                _("审核后送创建办复核"),
                problems(state=ProblemState.SUBMITTED.value),
            ),
        ),
        (
            P.REVIEW_STATUS,
            (
                StatusChange.objects.visible_to(user).waiting(),
                _("经营状态变更待审核"),
                item,
                _("审核后才移出应督导数"),
                address("change-list", kind="status"),
            ),
        ),
        (
            P.REVIEW_STATUS,
            (
                GradeChange.objects.visible_to(user).waiting(),
                _("包保等级变更待审核"),
                item,
                _("审核后任务按新等级生成"),
                address("change-list", kind="grade"),
            ),
        ),
        (
            P.APPROVE_TASK,
            (
                tasks,
                _("任务进展待审核"),
                _("项"),
                _("各单位报送的进展"),
                address("task-list", part="waiting"),
            ),
        ),
        (
            P.IMPORT_LEDGER,
            (
                batches.awaiting_approval(user),
                _("台账待批准"),
                _("份"),
                _("导入或撤销的行数超过一个人可以办的，由您批准"),
                f"{address('ledger-home')}#awaiting",
            ),
        ),
        (
            P.IMPORT_LEDGER,
            (
                batches.sent_back(user),
                _("台账被退回"),
                _("份"),
                _("另一人没有批准，按原因改好再上传"),
                f"{address('ledger-home')}#declined",
            ),
        ),
        (
            P.PUBLISH_WEEK,
            (
                unpublished,
                _("周报待发布"),
                _("份"),
                _("已冻结，发布后作为正式数据"),
                address("report-list", state=ReportState.FROZEN.value),
            ),
        ),
    ]
