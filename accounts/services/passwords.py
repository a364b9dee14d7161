"""Whether a password may be taken and how long it holds, by the installation's profile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import FormerPassword, User
from accounts.rules.passwords import PROFILES, Fault, Profile, faults_of


def profile() -> Profile:
    """The profile that ``PASSWORD_PROFILE`` names."""
    return PROFILES[settings.PASSWORD_PROFILE]


class ProfileValidator:
    """The installation's password profile as Django asks for it."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise everything that is wrong with it."""
        asked = profile()
        words = {
            Fault.SHORT: _("密码至少 %(least)s 位。"),
            Fault.FEW_CLASSES: _("密码要含大写字母、小写字母、数字、其他字符中的至少 %(classes)s 种。"),
            Fault.REPEATED: _("密码里不同的字符太少，至少 %(distinct)s 种，不要重复同一个字符。"),
            Fault.RUNNING: _("密码里不能有 %(run)s 个及以上连续或相同的字符，例如 abcd、4321、aaaa。"),
        }
        limits = {
            "least": asked.least,
            "classes": asked.classes,
            "distinct": asked.distinct,
            "run": asked.run,
        }
        said = [ValidationError(words[fault] % limits, code=fault) for fault in faults_of(password, asked)]
        if said:
            raise ValidationError(said)

    def get_help_text(self) -> str:
        """What a person is told beforehand."""
        asked = profile()
        if asked.classes == 1:
            return _("至少 %(least)s 位，可以是一句话；不要用常见的口令。") % {"least": asked.least}
        return _(
            "至少 %(least)s 位，含大写字母、小写字母、数字、其他字符中的 %(classes)s 种；不能与前 %(former)s 次相同。"
        ) % {"least": asked.least, "classes": asked.classes, "former": asked.former}


class FormerPasswordValidator:
    """A password is not one that the account had lately."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse the present one and so many before it as the profile says."""
        former = profile().former
        if not former or not isinstance(user, User) or user.pk is None:
            return
        known = FormerPassword.objects.filter(user=user).order_by("-set_at", "-pk")
        hashes = {user.password, *known.values_list("encoded", flat=True)[:former]}
        if any(encoded and check_password(password, encoded) for encoded in hashes):
            raise ValidationError(
                _("这个密码用过，不能与前 %(former)s 次的密码相同；请换一个。") % {"former": former},
                code="former",
            )

    def get_help_text(self) -> str:
        """Told by the profile's own text."""
        return ""


def is_too_old(user: User, now: datetime) -> bool:
    """Whether the password's time is over and it must be changed before anything else."""
    days = profile().days
    return bool(days) and user.password_set_at + timedelta(days=days) <= now
