"""What people do about many rows of the register at once: decide on changes, hand businesses over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.rules.rights import Permission
from entities.forms import DeclineForm, HandOverForm, NoteForm
from entities.services.changes import check_reviews, review_grade_change, review_status_change
from entities.services.officers import check_handing_over, hand_over
from foodsafe_portal.lib.lists import BulkAct


def _reviews(service: Any) -> tuple[BulkAct, ...]:
    """Approving and declining many changes of one kind."""

    def act(code: str, label: Any, done: Any, approve: bool, form: Any, **look: str) -> BulkAct:
        def do(change: Any, by: Any, told: Mapping[str, Any]) -> Any:
            return service(change=change, approve=approve, by=by, note=told.get("note", ""))

        def check(changes: Sequence[Any], by: Any, told: Mapping[str, Any]) -> Mapping[Any, str]:
            return check_reviews(changes, approve=approve, by=by, note=told.get("note", ""))

        may = Permission.REVIEW_STATUS
        return BulkAct(code, label, done, may, do, check, form, related=("business",), **look)

    return (
        act("approve", _("通过"), _("已通过"), True, NoteForm),
        act("reject", _("不通过"), _("未通过"), False, DeclineForm, icon="x"),
    )


STATUS_REVIEWS: Final = _reviews(review_status_change)
GRADE_REVIEWS: Final = _reviews(review_grade_change)

HANDING_OVER: Final = (
    BulkAct(
        "assign",
        _("指定包保干部"),
        _("已指定"),
        Permission.EDIT_ASSIGNMENT,
        lambda business, by, told: hand_over(
            business=business, officer=told["officer"], valid_from=told["valid_from"], by=by
        ),
        lambda businesses, by, told: check_handing_over(
            businesses, officer=told["officer"], valid_from=told["valid_from"]
        ),
        HandOverForm,
        icon="user-plus",
        related=("merged_into",),
    ),
)
