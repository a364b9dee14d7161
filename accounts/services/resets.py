"""Resets of an account: of a password, or of a second factor; what opens a privileged account takes two people."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import ResetOf
from accounts.errors import AccountRefused
from accounts.models import Post, ResetRequest, User
from accounts.rules.rights import EXCLUSIVE_ROLES, Permission, Role
from accounts.services import people, second_factor
from accounts.services.sessions import end_everything
from records.services import audit

PRIVILEGED = EXCLUSIVE_ROLES | {Role.CAMPAIGN_OFFICE}
"""Whoever opens an account with one of these roles sees or changes everything, or the proof of it."""

KEPT = timedelta(hours=24)
"""How long an approval may wait for the reset (the portal's default)."""


class ResetWaits(AccountRefused):
    """The reset waits for another person; nothing was reset."""


def takes_two(user: User, what: ResetOf) -> bool:
    """Whether one administrator alone may not do it: every second factor, and passwords of privileged posts, also of coming ones."""
    if what == ResetOf.SECOND_FACTOR:
        return True
    today = timezone.localdate()
    return Post.objects.filter(user=user, role__in=PRIVILEGED).exclude(valid_to__lt=today).exists()


def reset(*, user: User, what: ResetOf, by: User) -> str:
    """Reset it now: a new one-time password, or '' when the second factor is off.

    What takes two people is asked for first; raises ``ResetWaits`` until another person has said yes, within ``KEPT``, to whoever
    asked. Raises ``AccountRefused`` for one's own account.
    """
    if user.pk == by.pk:
        raise AccountRefused(_("不能重置自己的账号，请由另一位系统管理员操作。"))
    with transaction.atomic():
        if not takes_two(user, what) or _approved(user, what, by):
            return _done(user, what, by)
        _ask(user, what, by)
    raise ResetWaits(
        _("重置“%(user)s”的%(what)s须两人：已提出，请另一位系统管理员或安全管理员同意，24 小时内再来重置。")
        % {"user": user, "what": what.label}
    )


@transaction.atomic
def decide_reset(*, request: ResetRequest, approve: bool, by: User) -> ResetRequest:
    """Say yes or no to another administrator's reset of a third person's account. Raises ``AccountRefused``."""
    if not (by.can(Permission.MANAGE_ACCOUNTS) or by.can(Permission.MANAGE_POSTS)):
        raise AccountRefused(_("只有系统管理员和安全管理员能同意重置。"))
    if by.pk in (request.asked_by_id, request.user_id):
        raise AccountRefused(_("提出人和账号本人不能同意这次重置，请由另一位管理员决定。"))
    moved = ResetRequest.objects.waiting().filter(pk=request.pk)
    if not moved.update(decided_by=by, decided_at=timezone.now(), approved=approve):
        raise AccountRefused(_("这次重置已经有人决定了。"))
    request.refresh_from_db()
    audit.record(
        by=by,
        action="reset.approved" if approve else "reset.declined",
        target=request.user,
        after={"what": request.what, "asked_by": request.asked_by.username},
    )
    return request


def _approved(user: User, what: ResetOf, by: User) -> bool:
    """Use up the yes that another person gave to whoever asks now."""
    now = timezone.now()
    yes = ResetRequest.objects.filter(
        user=user, what=what, asked_by=by, approved=True, used_at__isnull=True, decided_at__gt=now - KEPT
    )
    return bool(yes.update(used_at=now))


def _ask(user: User, what: ResetOf, by: User) -> None:
    waiting = ResetRequest.objects.waiting().filter(user=user, what=what)
    waiting.filter(asked_at__lt=timezone.now() - KEPT).delete()
    if not waiting.exists():
        ResetRequest.objects.create(user=user, what=what, asked_by=by, asked_at=timezone.now())
        audit.record(by=by, action="reset.asked", target=user, after={"what": what})


def _done(user: User, what: ResetOf, by: User) -> str:
    if what == ResetOf.PASSWORD:
        return people.reset_password(user=user, by=by)
    if not second_factor.taken_off(user):
        raise AccountRefused(_("这个账号没有绑定动态口令，不用重置。"))
    end_everything(user=user, by=by)
    audit.record(by=by, action="second_factor.reset", target=user)
    return ""
