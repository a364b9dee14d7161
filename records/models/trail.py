"""The audit trail: one row per act, written in the act's own transaction and sealed into a chain afterwards."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from records.choices import Outcome
from records.querysets import AuditEventQuerySet


class AuditEvent(models.Model):
    """Who did what to which object, when, from where, with which result. Append-only."""

    at = models.DateTimeField(_("时间"), db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("人员"),
    )
    actor_name = models.CharField(_("姓名"), max_length=150, blank=True)
    roles = models.CharField(_("角色"), max_length=200, blank=True)
    action = models.CharField(_("动作"), max_length=60)
    target_type = models.CharField(_("对象类别"), max_length=60, blank=True)
    target_id = models.CharField(_("对象编号"), max_length=64, blank=True)
    target_name = models.CharField(_("对象名称"), max_length=200, blank=True)
    territory = models.CharField(_("辖区"), max_length=12, blank=True)
    before = models.JSONField(_("之前"), null=True, blank=True)
    after = models.JSONField(_("之后"), null=True, blank=True)
    reason = models.TextField(_("原因"), blank=True)
    outcome = models.CharField(_("结果"), max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    request_id = models.CharField(_("请求号"), max_length=36, blank=True)
    address = models.GenericIPAddressField(_("来源地址"), null=True, blank=True)
    channel = models.CharField(_("途径"), max_length=20, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("审计记录")
        verbose_name_plural = _("审计记录")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["action", "at"], name="audit_by_action"),
            models.Index(fields=["target_type", "target_id"], name="audit_of_object"),
            models.Index(fields=["actor", "at"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.target_name}"


class AuditLink(models.Model):
    """One event's place in the digest chain: digest = SHA-256(previous digest + canonical event).

    ``signature`` is the portal's: ``key name:HMAC-SHA256`` of position, digest and time of sealing; '' on links of older portals.
    """

    position = models.PositiveBigIntegerField(_("序位"), unique=True)
    event = models.OneToOneField(AuditEvent, models.PROTECT, related_name="link", verbose_name=_("审计记录"))
    digest = models.CharField(_("摘要"), max_length=64)
    sealed_at = models.DateTimeField(_("封存时间"))
    signature = models.CharField(_("签名"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("审计封存")
        verbose_name_plural = _("审计封存")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position} {self.digest[:12]}"
