"""Refusals of the inspections room that people can understand; ``str`` is the Chinese sentence to show."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inspections.rules.breaches import Breach


class InspectionRefused(Exception):
    """An act that cannot be done now; the sentence says why and what to do."""


class UnknownRegion(InspectionRefused):
    """No such region."""

    def __init__(self, code: str) -> None:
        super().__init__(_("没有代码为“%(code)s”的地区；请核对区划代码。") % {"code": code})


class VisitRefused(InspectionRefused):
    """A visit that cannot be recorded as asked."""


class VisitInFuture(VisitRefused):
    """A visit is a fact, not a plan."""

    def __init__(self, on: date) -> None:
        super().__init__(_("督导日期 %(on)s 还没到；请填已经督导的日期。") % {"on": on})


class VisitTooOld(VisitRefused):
    """A date so far back that it is a typing error."""

    def __init__(self, on: date) -> None:
        super().__init__(_("督导日期 %(on)s 在一年以前；请检查年份。") % {"on": on})


class VisitBeforeAssignment(VisitRefused):
    """The officer was not bound to the business then."""

    def __init__(self, name: str, on: date, since: date) -> None:
        super().__init__(
            _("%(name)s从 %(since)s 起包保这家主体，%(on)s 的督导不能记在其名下；请改日期或换干部。")
            % {"name": name, "since": since, "on": on}
        )


class BusinessOutOfSight(VisitRefused):
    """The person does not see this business."""

    def __init__(self) -> None:
        super().__init__(_("这家主体不在你的范围内；请刷新列表。"))


class AlreadyVisited(VisitRefused):
    """One officer, one business, one day: one visit."""

    def __init__(self, name: str, on: date) -> None:
        super().__init__(
            _("%(name)s %(on)s 已登记过这家的督导，不用再填；要改请先撤销那一次。") % {"name": name, "on": on}
        )


class NumberTaken(VisitRefused):
    """The client's number belongs to another visit."""

    def __init__(self) -> None:
        super().__init__(_("这次提交的编号已用于另一次督导；请刷新页面后重新提交。"))


class OnSiteRequired(VisitRefused):
    """High-risk businesses must be visited on site (F)."""

    def __init__(self) -> None:
        super().__init__(_("高风险主体须现场督导；请把督导方式改为“现场”。"))


class UnknownItem(VisitRefused):
    """The checklist has no such item."""

    def __init__(self, number: object) -> None:
        super().__init__(_("任务清单没有第 %(number)s 项；请刷新页面后重新填写。") % {"number": number})


class ProblemIncomplete(VisitRefused):
    """A problem lacks its words or its photo."""


class DescriptionMissing(ProblemIncomplete):
    """Nobody can put right what is not said."""

    def __init__(self) -> None:
        super().__init__(_("问题要写明是什么；请选常见问题或填说明。"))


class PlaceMissing(ProblemIncomplete):
    """A problem lies somewhere."""

    def __init__(self) -> None:
        super().__init__(_("问题要有地区或主体；请选一个。"))


class PhotoMissing(ProblemIncomplete):
    """A problem found on a visit is shown by a photo."""

    def __init__(self, description: str) -> None:
        super().__init__(
            _("“%(strip)s”要有至少 1 张照片；没有问题的项不用拍照。") % {"strip": description.strip()[:20]}
        )


class NoPolicyYet(ProblemIncomplete):
    """The table of deadlines has no row for this severity on that day."""

    def __init__(self, day: date, severity: str) -> None:
        super().__init__(
            _("没有适用于 %(day)s 的“%(severity)s”问题整改期限，请先在整改期限表中补上。")
            % {"day": day, "severity": severity}
        )


DAYS: Final = {
    "found_on": gettext_noop("发现日期"),
    "due_on": gettext_noop("整改期限"),
    "current_due_on": gettext_noop("现行期限"),
    "rectified_on": gettext_noop("整改完成日期"),
    "closed_on": gettext_noop("销号日期"),
}


class ProblemDayAhead(ProblemIncomplete):
    """Findings, fixes and closures are facts of days that have come."""

    def __init__(self, cell: str, day: date) -> None:
        if cell == "found_on":
            super().__init__(_("发现日期 %(found_on)s 还没到；请填今天或以前的日期。") % {"found_on": day})
        else:
            super().__init__(
                _("%(label)s %(on)s 还没到；请填今天或以前的日期。") % {"label": _(DAYS[cell]), "on": day}
            )


class ProblemDaysCrossed(ProblemIncomplete):
    """Two days of a problem in an order that cannot be."""

    def __init__(self, cell: str, day: date, earlier: date, earlier_cell: str) -> None:
        if (cell, earlier_cell) == ("due_on", "found_on"):
            super().__init__(
                _("整改期限 %(due_on)s 早于发现日期 %(found_on)s；请改其中一个。")
                % {"due_on": day, "found_on": earlier}
            )
        else:
            super().__init__(
                _("%(label)s %(day)s 早于%(earlier_label)s %(earlier)s；请改其中一个。")
                % {
                    "label": _(DAYS[cell]),
                    "day": day,
                    "earlier_label": _(DAYS[earlier_cell]),
                    "earlier": earlier,
                }
            )


class FoundTooOld(ProblemIncomplete):
    """A finding so far back that its year is a typing error."""

    def __init__(self, found_on: date) -> None:
        super().__init__(_("发现日期 %(found_on)s 在十年以前；请检查年份。") % {"found_on": found_on})


class DeadlineOutOfReach(ProblemIncomplete):
    """A deadline so far off that its year is a typing error."""

    def __init__(self, cell: str, day: date, latest: date) -> None:
        super().__init__(
            _("%(label)s %(day)s 太远，最晚是 %(latest)s；请检查年份。")
            % {"label": _(DAYS[cell]), "day": day, "latest": latest}
        )


class NotVoidable(VisitRefused):
    """A visit that this person cannot take back now."""


class ProblemRefused(InspectionRefused):
    """A step of a problem that cannot be taken as asked."""


class SomebodyWasFirst(ProblemRefused):
    """Two people acted on one problem at once; the other one was faster."""

    def __init__(self) -> None:
        super().__init__(_("这条问题刚被别人办理过；请看下面最新的状态再办。"))


class ProblemVoided(ProblemRefused):
    """Nothing more happens to a voided problem."""

    def __init__(self) -> None:
        super().__init__(_("这条问题已作废，不能再办理。"))


class DayRefused(ProblemRefused):
    """A step is a fact of a day between the one before it and today."""

    def __init__(self, label: str, on: date, earliest: date, today: date) -> None:
        if on > today:
            super().__init__(
                _("%(label)s %(on)s 还没到；请填今天或以前的日期。") % {"label": label, "on": on}
            )
        else:
            super().__init__(
                _("%(label)s %(on)s 太早；最早是 %(earliest)s。")
                % {"label": label, "on": on, "earliest": earliest}
            )


class OutsideScope(ProblemRefused):
    """The problem would lie where this person sees nothing."""

    def __init__(self) -> None:
        super().__init__(_("所选地区不在你的范围内；请改选辖区内的地区。"))


class UnitRefused(ProblemRefused):
    """The unit cannot answer for this problem."""


class ExtensionRefused(ProblemRefused):
    """An extension that cannot be asked for or decided."""


class ReferralRefused(ProblemRefused):
    """A referral that cannot be recorded as asked."""


class NotVoidableProblem(ProblemRefused):
    """A problem that this person cannot void now."""


_OF_A_CELL: Final[dict[str, Any]] = {
    "future_date": ProblemDayAhead,
    "wrong_order": ProblemDaysCrossed,
    "deadline_out_of_reach": DeadlineOutOfReach,
}
_OF_A_PROBLEM: Final[dict[str, Any]] = {
    "description_missing": DescriptionMissing,
    "place_missing": PlaceMissing,
    "found_too_old": FoundTooOld,
}
_OF_A_VISIT: Final[dict[str, Any]] = {
    "out_of_sight": BusinessOutOfSight,
    "future_date": VisitInFuture,
    "visit_too_old": VisitTooOld,
    "before_assignment": VisitBeforeAssignment,
    "on_site_required": OnSiteRequired,
    "already_visited": AlreadyVisited,
}


def visit_refused(breach: Breach) -> VisitRefused:
    """The refusal of a visit that breaks a rule of visits."""
    refused: VisitRefused = _OF_A_VISIT[breach.code](**breach.words)
    return refused


def problem_refused(breach: Breach) -> ProblemIncomplete:
    """The refusal of a problem that breaks a rule of problems."""
    if breach.code in _OF_A_CELL:
        refused: ProblemIncomplete = _OF_A_CELL[breach.code](breach.cell, **breach.words)
    else:
        refused = _OF_A_PROBLEM[breach.code](**breach.words)
    return refused
