"""What of the register waits for a person: proposed changes to review and pairs that look like one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import Places
from accounts.models import Region
from accounts.rules.rights import Permission
from entities.forms import ReviewForm
from entities.models import DuplicatePair, GradeChange, StatusChange
from entities.reports.changes import change_lines
from entities.reports.duplicates import waiting_pairs
from entities.services.changes import review_grade_change, review_status_change
from foodsafe_portal.lib.waiting import Kind, Line, Link, Step, register, tell_acts
from records.services.calendar import current_calendar

PIECE = gettext_lazy("件")


def _places(user: Any) -> Places:
    return Places(Region.objects.visible_to(user))


def _proposed(model: Any) -> Callable[[Any, date], QuerySet]:
    """What this person proposed and nobody has reviewed."""
    return lambda user, day: model.objects.visible_to(user).waiting().filter(proposed_by=user)


def _changes(model: Any) -> Callable[[Any, date], QuerySet]:
    """What this person may decide: nobody reviews what they proposed themselves."""
    return lambda user, day: model.objects.visible_to(user).waiting().exclude(proposed_by=user)


def _lines(changes: Sequence[Any], user: Any, day: date, *, state: bool = False) -> list[Line]:
    """Each change with its proof, its place, and how long it has waited."""
    rows = change_lines(changes, user, _places(user), day, current_calendar())
    lines = []
    for row in rows:
        change, told = row.waiting.change, row.waiting
        proof = ""
        if told.kind == "status":
            count = len(told.evidence)
            proof = _("佐证 %(n)s 份") % {"n": count} if count else _("没有佐证")
        waited = _("已等 %(n)s 个工作日") % {"n": row.waited} if row.waited else _("今天提出")
        spots = (row.county, row.township, change.reason, proof, waited)
        lines.append(
            Line(
                pk=change.pk,
                title=_("%(name)s：%(change)s") % {"name": change.business.name, "change": told.words},
                url=reverse("business-detail", args=[change.business_id]),
                where=" · ".join(spot for spot in spots if spot),
                state=("wait", str(change.get_state_display())) if state else None,
            )
        )
    return lines


def _review(service: Any, approve: bool) -> Callable[[Any, Any, Any], Any]:
    return lambda change, by, form: service(
        change=change, approve=approve, by=by, note=form.cleaned_data["note"]
    )


def _form(data: Any, files: Any, *, user: Any, row: Any, day: date, **kwargs: Any) -> ReviewForm:
    return ReviewForm(data, **kwargs)


def _steps(service: Any) -> tuple[Step, ...]:
    may = Permission.REVIEW_STATUS
    return (
        Step(
            "approve",
            gettext_lazy("通过"),
            gettext_lazy("已通过。"),
            _review(service, True),
            may,
            _form,
            value="approve",
        ),
        Step(
            "reject",
            gettext_lazy("不通过"),
            gettext_lazy("未通过，已记录意见。"),
            _review(service, False),
            may,
            _form,
            asks=True,
            icon="x",
            value="reject",
        ),
    )


def _asked(code: str, label: Any, model: Any) -> Kind:
    return register(
        Kind(
            code=f"asked_{code}",
            label=label,
            unit=PIECE,
            place=20,
            asked=True,
            permissions=(Permission.PROPOSE_STATUS,),
            rows=_proposed(model),
            lines=partial(_lines, state=True),
            order=("proposed_at", "pk"),
            related=("business", "proposed_by", "reviewed_by"),
        )
    )


_asked("status", gettext_lazy("我提的状态变更"), StatusChange)
_asked("grade", gettext_lazy("我提的等级变更"), GradeChange)


def _kind(code: str, label: Any, note: Any, place: int, model: Any, service: Any) -> Kind:
    return register(
        Kind(
            code=f"{code}_change",
            label=label,
            unit=PIECE,
            note=note,
            icon="checks",
            place=place,
            decides=True,
            permissions=(Permission.REVIEW_STATUS,),
            rows=_changes(model),
            lines=_lines,
            url=lambda: f"{reverse('change-list')}?kind={code}&mine=1",
            order=("proposed_at", "pk"),
            steps=_steps(service),
            related=("business", "proposed_by", "reviewed_by"),
        )
    )


_kind(
    "status",
    gettext_lazy("经营状态变更待审核"),
    gettext_lazy("审核后才移出应督导数"),
    35,
    StatusChange,
    review_status_change,
)
_kind(
    "grade",
    gettext_lazy("包保等级变更待审核"),
    gettext_lazy("审核后任务按新等级生成"),
    36,
    GradeChange,
    review_grade_change,
)


def _pair_lines(pairs: Sequence[DuplicatePair], user: Any, day: date) -> list[Line]:
    """Each pair with its place, how alike they are, and since when it waits."""
    places = _places(user)
    return [
        Line(
            pk=pair.pk,
            title=f"{pair.first.name} / {pair.second.name}",
            url=reverse("duplicate-detail", args=[pair.pk]),
            where=" · ".join(
                (
                    places.path(pair.region_id),
                    _("相似度 %(n)s%%") % {"n": pair.likeness},
                    f"{timezone.localdate(pair.found_at):%Y-%m-%d}",
                )
            ),
            links=(Link(_("核对"), reverse("duplicate-detail", args=[pair.pk]), "arrows-join"),),
        )
        for pair in pairs
    ]


register(
    Kind(
        code="duplicate",
        label=gettext_lazy("疑似重复主体"),
        unit=gettext_lazy("对"),
        note=gettext_lazy("合并，或确认不是同一家"),
        icon="arrows-join",
        place=60,
        permissions=(Permission.REVIEW_DUPLICATES,),
        rows=lambda user, day: waiting_pairs(user),
        lines=_pair_lines,
        url=lambda: reverse("duplicate-list"),
        order=("found_at", "pk"),
        related=("first", "second"),
    )
)

tell_acts(
    {
        "status_change.proposed": gettext_lazy("提出经营状态变更"),
        "status_change.approved": gettext_lazy("通过经营状态变更"),
        "status_change.rejected": gettext_lazy("不通过经营状态变更"),
        "grade_change.proposed": gettext_lazy("提出包保等级变更"),
        "grade_change.approved": gettext_lazy("通过包保等级变更"),
        "grade_change.rejected": gettext_lazy("不通过包保等级变更"),
        "business.registered": gettext_lazy("登记经营主体"),
        "business.updated": gettext_lazy("修改经营主体"),
        "business.regraded": gettext_lazy("调整包保等级"),
        "business.merged": gettext_lazy("合并重复主体"),
        "duplicate.kept_apart": gettext_lazy("确认不是同一家"),
        "assignment.made": gettext_lazy("登记包保关系"),
        "assignment.ended": gettext_lazy("终止包保关系"),
        "pledge.signed": gettext_lazy("登记承诺书"),
    },
    {
        "entities.business": "business-detail",
        "entities.officer": "officer-detail",
        "entities.duplicatepair": "duplicate-detail",
    },
)
