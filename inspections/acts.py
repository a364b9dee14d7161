"""What people do about a problem: every act with its words, its form, its permission and the service it calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.rules.rights import Permission
from foodsafe_portal.lib.acts import Act, Way
from inspections.choices import ExtensionState
from inspections.errors import SomebodyWasFirst
from inspections.forms import problems as forms
from inspections.models import Problem
from inspections.rules import states
from inspections.services import extensions, problems, rectifying, referrals

RED: Final = "btn-danger"


def _with_the_form(service: Any) -> Any:
    """The service takes what the form says."""
    return lambda problem, by, form: service(problem=problem, by=by, **form.cleaned_data)


def _with_a_note(service: Any, name: str = "note") -> Any:
    """The service takes the form's note under ``name``."""
    return lambda problem, by, form: service(problem=problem, by=by, **{name: form.cleaned_data["note"]})


def _decides(approve: bool) -> Any:
    def decide(problem: Problem, by: Any, form: Any) -> Any:
        waiting = problem.extensions.filter(state=ExtensionState.REQUESTED).first()
        if waiting is None:
            raise SomebodyWasFirst
        words = form.cleaned_data["note"]
        return extensions.decide_extension(extension=waiting, approve=approve, by=by, note=words)

    return decide


def _result(outcome: states.Act) -> Any:
    def record(problem: Problem, by: Any, form: Any) -> Any:
        given = form.cleaned_data
        return referrals.record_referral_result(
            problem=problem,
            outcome=outcome,
            by=by,
            on=given["on"],
            case_no=given.get("case_no", ""),
            reason=given["note"],
        )

    return record


def _revisits(passed: bool) -> Any:
    return lambda problem, by, form: referrals.revisit_problem(
        problem=problem, by=by, passed=passed, **form.cleaned_data
    )


def _of_the_referral(problem: Problem, ways: tuple[Way, ...]) -> Iterable[Way]:
    """A referred problem is decided on; a case that was filed is concluded."""
    return ways[:2] if problem.state == "referred" else ways[2:]


def _sent_back() -> Way:
    send = _with_a_note(rectifying.return_problem, "reason")
    return Way("return", _("退回整改"), _("已退回整改。"), send, "send_back", RED, "arrow-back-up")


ACTS: Final = (
    Act("sign", _("签收"), Permission.RECTIFY_PROBLEM, forms.SignForm, (
        Way("", _("签收"), _("已签收。"), lambda problem, by, form: rectifying.sign_problem(problem=problem, by=by), "sign"),
    )),
    Act("plan", _("整改方案"), Permission.RECTIFY_PROBLEM, forms.PlanForm, (
        Way("", _("保存方案"), _("整改方案已保存。"), _with_the_form(rectifying.plan_rectification), "plan", icon="device-floppy"),
    )),
    Act("submit", _("报送整改"), Permission.RECTIFY_PROBLEM, forms.SubmitForm, (
        Way("", _("报送整改，送审核"), _("已报送整改，等待审核。"), _with_the_form(rectifying.submit_rectification), "submit", icon="upload"),
    ), dated=True),
    Act("check", _("审核"), Permission.FIRST_CHECK, forms.CheckForm, (
        Way("pass", _("审核通过，送复核"), _("审核通过，已送复核。"), _with_a_note(rectifying.pass_first_check), "pass_first"),
        _sent_back(),
    )),
    Act("verify", _("复核"), Permission.SECOND_CHECK, forms.VerifyForm, (
        Way("close", _("复核合格，销号"), _("已销号。"), _with_a_note(rectifying.close_problem), "close"),
        _sent_back(),
    )),
    Act("extend", _("申请延期"), Permission.RECTIFY_PROBLEM, forms.ExtendForm, (
        Way("", _("申请延期"), _("已申请延期，等待批准。"), _with_the_form(extensions.request_extension), "extend", "", "clock"),
    )),
    Act("extension", _("延期申请"), Permission.APPROVE_EXTENSION, forms.ExtensionForm, (
        Way("approve", _("批准延期"), _("已批准延期。"), _decides(True), "decide_extension"),
        Way("refuse", _("不批准"), _("未批准延期。"), _decides(False), "decide_extension", RED, "x"),
    )),
    Act("transfer", _("改派"), Permission.FIRST_CHECK, forms.TransferForm, (
        Way("", _("改派"), _("已改派，等待新的责任单位签收。"), _with_the_form(rectifying.transfer_problem), "transfer", "",
            "arrows-exchange"),
    )),
    Act("refer", _("移交监管"), Permission.REFER_PROBLEM, forms.ReferForm, (
        Way("", _("移交监管"), _("已移交监管所。"), _with_the_form(referrals.refer_problem), "refer", "", "shield"),
    )),
    Act("referral", _("移交结果"), Permission.RECORD_REFERRAL, forms.ReferralForm, (
        Way("file", _("立案"), _("已登记立案。"), _result(states.Act.FILE_CASE), "referral", icon="shield"),
        Way("decline", _("不立案"), _("已登记不立案。"), _result(states.Act.DECLINE_CASE), "referral", "", "x"),
        Way("conclude", _("结案"), _("已结案。"), _result(states.Act.CLOSE_CASE), "referral", icon="circle-check"),
    ), dated=True, offered=_of_the_referral),
    Act("revisit", _("回头看"), Permission.REVISIT_PROBLEM, forms.RevisitForm, (
        Way("pass", _("回头看合格"), _("已登记回头看合格。"), _revisits(True), "revisit"),
        Way("fail", _("不合格，重新打开"), _("已重新打开。"), _revisits(False), "revisit", RED, "refresh"),
    ), dated=True),
    Act("void", _("作废"), Permission.CREATE_PROBLEM, forms.VoidProblemForm, (
        Way("", _("作废"), _("已作废。"), _with_the_form(problems.void_problem), "void", RED, "x"),
    )),
)  # fmt: skip
"""Every act on a problem, in the order of its way."""

ACT: Final = {act.code: act for act in ACTS}
