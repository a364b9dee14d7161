"""What of the accounts room waits for a person: resets that another administrator asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ResetRequest
from accounts.rules.rights import Permission
from accounts.services.resets import decide_reset
from foodsafe_portal.lib.formats import minute
from foodsafe_portal.lib.waiting import Kind, Line, Step, register


def _lines(resets: Sequence[ResetRequest], user: Any, day: date) -> list[Line]:
    """Whose account, and who asked when."""
    return [
        Line(
            pk=one.pk,
            title=_("%(user)s：重置%(what)s") % {"user": one.user, "what": one.get_what_display()},
            url=reverse("account-detail", args=[one.user_id]),
            where=_("%(who)s 于 %(at)s 提出") % {"who": one.asked_by, "at": minute(one.asked_at)},
        )
        for one in resets
    ]


def _decide(approve: bool) -> Callable[[Any, Any, Any], Any]:
    return lambda row, by, form: decide_reset(request=row, approve=approve, by=by)


register(
    Kind(
        code="account_reset",
        label=gettext_lazy("账号重置待同意"),
        unit=gettext_lazy("件"),
        icon="key",
        place=15,
        permissions=(Permission.MANAGE_ACCOUNTS, Permission.MANAGE_POSTS),
        rows=lambda user, day: ResetRequest.objects.visible_to(user).decidable_by(user),
        lines=_lines,
        order=("asked_at", "pk"),
        related=("user", "asked_by"),
        steps=tuple(
            Step(code, label, done, _decide(approve), permission)
            for code, label, done, approve, permission in (
                (
                    "approve",
                    gettext_lazy("同意重置"),
                    gettext_lazy("已同意。"),
                    True,
                    Permission.VIEW_ACCOUNTS,
                ),
                (
                    "decline",
                    gettext_lazy("不同意"),
                    gettext_lazy("已退回。"),
                    False,
                    Permission.VIEW_ACCOUNTS,
                ),
            )
        ),
    )
)
