"""Accounts and posts: made, switched off, given and taken by administrators, each act with its event."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import AccountRefused
from accounts.models import Post, Region, Unit, User
from accounts.rules.posts import NEEDS_REGION
from accounts.rules.rights import EXCLUSIVE_ROLES, Role
from accounts.services.tokens import revoke_token
from accounts.slips import one_time_password
from records.services import audit


@transaction.atomic
def create_account(*, username: str, name: str, mobile: str = "", by: Any) -> tuple[User, str]:
    """A new account and its one-time password, which is kept nowhere. Raises ``AccountRefused`` for a taken name."""
    password = one_time_password()
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                username=username.strip(),
                password=password,
                name=name.strip(),
                mobile=mobile.strip() or None,
                must_change_password=True,
            )
    except IntegrityError:
        raise AccountRefused(
            _("用户名“%(username)s”或手机号“%(mobile)s”已有账号，请换一个或修改原账号。")
            % {"username": username, "mobile": mobile}
        ) from None
    audit.record(
        by=by, action="account.created", target=user, after={"username": user.username, "name": user.name}
    )
    return user, password


@transaction.atomic
def update_account(*, user: User, name: str, mobile: str, by: Any) -> User:
    """Change a person's name or mobile number."""
    before = {"name": user.name, "mobile": user.mobile}
    user.name, user.mobile = name.strip(), mobile.strip() or None
    try:
        with transaction.atomic():
            user.save(update_fields=["name", "mobile"])
    except IntegrityError:
        raise AccountRefused(_("手机号“%(mobile)s”已被别的账号使用。") % {"mobile": mobile}) from None
    after = {"name": user.name, "mobile": user.mobile}
    if before != after:
        audit.record(by=by, action="account.updated", target=user, before=before, after=after)
    return user


@transaction.atomic
def reset_password(*, user: User, by: Any) -> str:
    """A new one-time password; the sessions of the old one end because the hash changes, the token is revoked."""
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    audit.record(by=by, action="account.password_reset", target=user)
    revoke_token(user=user, by=by)
    return password


@transaction.atomic
def switch_account(*, user: User, active: bool, by: Any) -> User:
    """Switch an account on or off; its next request already feels it."""
    if user.pk == by.pk:
        raise AccountRefused(_("不能停用自己的账号，请由另一位系统管理员操作。"))
    changed = User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active)
    if changed:
        user.refresh_from_db()
        audit.record(by=by, action="account.switched_on" if active else "account.switched_off", target=user)
    return user


@transaction.atomic
def give_post(
    *,
    user: User,
    role: Role,
    region: Region | None,
    unit: Unit | None,
    by: Any,
    title: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Post:
    """Give a person a post. The three administrators exclude each other and every other post."""
    role = Role(role)
    User.objects.select_for_update().get(pk=user.pk)
    start = valid_from or timezone.localdate()
    if valid_to and valid_to < start:
        raise AccountRefused(
            _("终止日期 %(valid_to)s 早于起始日期 %(start)s。") % {"valid_to": valid_to, "start": start}
        )
    if role in NEEDS_REGION and region is None:
        raise AccountRefused(_("这个角色要有辖区，请选一个地区。"))
    if role == Role.UNIT_LIAISON and unit is None:
        raise AccountRefused(_("成员单位联络员要有单位，请选一个单位。"))
    if by is not None and by.pk == user.pk:
        raise AccountRefused(_("不能给自己授予岗位，请由另一位安全管理员操作。"))
    overlapping = user.posts.exclude(valid_to__lt=start)
    if valid_to:
        overlapping = overlapping.filter(valid_from__lte=valid_to)
    held = {Role(code) for code in overlapping.values_list("role", flat=True)}
    if (role in EXCLUSIVE_ROLES and held - {role}) or (held & EXCLUSIVE_ROLES - {role}):
        raise AccountRefused(_("系统、安全、审计三个管理员岗位互斥，也不能兼任其他岗位。"))
    if overlapping.filter(role=role, region=region, unit=unit).exists():
        raise AccountRefused(_("此人已有相同的岗位，不用重复授予。"))
    post = Post.objects.create(
        user=user, role=role, region=region, unit=unit, title=title, valid_from=start, valid_to=valid_to
    )
    audit.record(
        by=by,
        action="post.given",
        target=post,
        after={
            "user": user.username,
            "role": role,
            "region": post.region_id,
            "unit": post.unit_id,
            "from": str(start),
        },
    )
    return post


@transaction.atomic
def end_post(*, post: Post, on: date, by: Any) -> Post:
    """End a post with ``on`` as its last day (before today = it gives nothing from now on)."""
    if by is not None and by.pk == post.user_id:
        raise AccountRefused(_("不能终止自己的岗位，请由另一位安全管理员操作。"))
    if on < post.valid_from:
        on = post.valid_from
    ended = Post.objects.filter(pk=post.pk, valid_to__isnull=True).update(valid_to=on)
    if not ended:
        raise AccountRefused(_("这个岗位已经终止。"))
    post.refresh_from_db()
    audit.record(by=by, action="post.ended", target=post, after={"valid_to": str(on)})
    return post


@transaction.atomic
def choose_language(*, user: User, language: str) -> User:
    """Remember the interface language a person chose."""
    if User.objects.filter(pk=user.pk).exclude(language=language).update(language=language):
        user.language = language
        audit.record(by=user, action="account.language_chosen", target=user, after={"language": language})
    return user
