"""What an account has been opened with: sessions, tokens for programs and the passwords it had."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.choices import ResetOf
from accounts.querysets import (
    ApiTokenQuerySet,
    FormerPasswordQuerySet,
    OpenSessionQuerySet,
    ResetRequestQuerySet,
)


class OpenSession(models.Model):
    """One signed-in browser of a person, for the list of their own; gone when the session ends."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="open_sessions", verbose_name=_("账号")
    )
    session_key = models.CharField(_("会话"), max_length=40, unique=True)
    signed_in_at = models.DateTimeField(_("登录时间"))
    address = models.GenericIPAddressField(_("来源地址"), null=True, blank=True)
    browser = models.CharField(_("浏览器"), max_length=200, blank=True)

    objects = OpenSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("登录中的会话")
        verbose_name_plural = _("登录中的会话")
        indexes = [models.Index(fields=["user", "signed_in_at"], name="session_of_person")]

    def __str__(self) -> str:
        return f"{self.user} {self.signed_in_at:%Y-%m-%d %H:%M}"


class ApiToken(models.Model):
    """A program's way in for a person: named, for a time, kept as a digest alone (SHA-256 of a random text of 40 signs)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("账号")
    )
    name = models.CharField(_("名称"), max_length=40, blank=True)
    digest = models.CharField(_("摘要"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("建立时间"))
    expires_at = models.DateTimeField(_("失效时间"))

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="token_of_a_name_once")]

    def __str__(self) -> str:
        return self.name or str(self.user)

    def works_at(self, moment: datetime) -> bool:
        """Whether its time is not over."""
        return moment < self.expires_at


class FormerPassword(models.Model):
    """The hash of a password an account has or had: the same one is not taken again."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="former_passwords", verbose_name=_("账号")
    )
    encoded = models.CharField(_("摘要"), max_length=128)
    set_at = models.DateTimeField(_("设置时间"))

    objects = FormerPasswordQuerySet.as_manager()

    class Meta:
        verbose_name = _("用过的密码")
        verbose_name_plural = _("用过的密码")
        indexes = [models.Index(fields=["user", "-set_at"], name="passwords_of_person")]

    def __str__(self) -> str:
        return f"{self.user} {self.set_at:%Y-%m-%d}"


class ResetRequest(models.Model):
    """A reset that takes two people: asked by one administrator, approved by another, used once by the one who asked.

    While neither ``decided_at`` nor ``used_at`` is set it waits; declined is decided without ``approved``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reset_requests", verbose_name=_("账号")
    )
    what = models.CharField(_("重置什么"), max_length=20, choices=ResetOf.choices)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提出人")
    )
    asked_at = models.DateTimeField(_("提出时间"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("决定人"),
    )
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    approved = models.BooleanField(_("同意"), default=False)
    used_at = models.DateTimeField(_("重置时间"), null=True, blank=True)

    objects = ResetRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("重置申请")
        verbose_name_plural = _("重置申请")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "what"], condition=Q(decided_at__isnull=True), name="reset_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="reset_takes_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_what_display()}"
