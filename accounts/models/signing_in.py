"""Attempts to prove who one is that failed, or are being looked at."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets import SignInAttemptQuerySet


class SignInAttempt(models.Model):
    """One attempt that was wrong: for which name, in which place. Right ones leave none.

    ``name_key`` is a digest: of the account the name leads to, or of the name as typed. ``place`` is an address, or a browser in
    which this person has signed in before.
    """

    at = models.DateTimeField(_("时间"))
    name_key = models.CharField(_("账号"), max_length=64)
    place = models.CharField(_("地点"), max_length=80)
    address = models.CharField(_("来源地址"), max_length=45, blank=True)

    objects = SignInAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("未成功的登录")
        verbose_name_plural = _("未成功的登录")
        indexes = [
            models.Index(fields=["name_key", "at"], name="attempts_for_a_name"),
            models.Index(fields=["address", "at"], name="attempts_from_an_address"),
            models.Index(fields=["at"], name="attempts_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.address}"
