"""What people are told: notifications in the portal's inbox, digests that leave the house, and the hours of both."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from records.choices import ChannelName, DeliveryState
from records.querysets import (
    ChannelAddressQuerySet,
    DeliveryQuerySet,
    DigestRuleQuerySet,
    NotificationQuerySet,
)


class Notification(models.Model):
    """One sentence for one person about one object: unique per rule, object, recipient and due day."""

    rule = models.CharField(_("规则"), max_length=40)
    target_type = models.CharField(_("对象类别"), max_length=60)
    target_id = models.CharField(_("对象编号"), max_length=64)
    target_name = models.CharField(_("对象"), max_length=200)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        db_index=False,
        verbose_name=_("接收人"),
    )
    due = models.DateField(_("期限"))
    sentence = models.CharField(_("内容"), max_length=300)
    url = models.CharField(_("地址"), max_length=300)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("催办人"),
    )
    created_at = models.DateTimeField(_("产生时间"))
    read_at = models.DateTimeField(_("已读时间"), null=True, blank=True)
    digested_on = models.DateField(_("汇总日期"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = _("消息")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "rule", "target_type", "target_id", "due"],
                name="notification_once_per_rule_object_recipient_and_due",
            ),
            models.CheckConstraint(condition=Q(url__startswith="/"), name="notification_opens_a_page_here"),
        ]
        indexes = [
            models.Index(
                fields=["recipient"],
                name="notification_unread",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["recipient"],
                name="notification_undigested",
                condition=Q(digested_on__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.sentence


class DigestRule(models.Model):
    """From which day on digests are made at which hour, and when nothing is sent; ``source`` says whose rule that is."""

    effective_from = models.DateField(_("生效日期"), unique=True)
    digest_at = models.TimeField(_("汇总时间"))
    quiet_from = models.TimeField(_("免打扰自"))
    quiet_to = models.TimeField(_("免打扰至"))
    workdays_only = models.BooleanField(_("只在工作日发送"), default=True)
    most_attempts = models.PositiveSmallIntegerField(_("最多尝试次数"), default=30)
    source = models.CharField(_("依据"), max_length=200)

    objects = DigestRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息发送时间")
        verbose_name_plural = _("消息发送时间")
        ordering = ["-effective_from"]

    def __str__(self) -> str:
        return f"{self.effective_from} {self.digest_at:%H:%M}"


class ChannelAddress(models.Model):
    """Where a person wants their digests: an e-mail address or a number for text messages, entered by themselves."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="channel_addresses", verbose_name=_("账号")
    )
    channel = models.CharField(_("渠道"), max_length=10, choices=ChannelName.choices)
    address = models.CharField(_("地址"), max_length=120)

    objects = ChannelAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("接收地址")
        verbose_name_plural = _("接收地址")
        ordering = ["user_id", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["user", "channel"], name="channel_address_once_per_channel")
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.address}"


class Delivery(models.Model):
    """One digest through one channel: to a person, or to the group a robot speaks in; with every answer it got."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(_("渠道"), max_length=10, choices=ChannelName.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("接收人"),
    )
    address = models.CharField(_("地址"), max_length=120, blank=True)
    day = models.DateField(_("日期"))
    subject = models.CharField(_("标题"), max_length=120)
    text = models.TextField(_("内容"))
    count = models.PositiveIntegerField(_("条数"))
    state = models.CharField(
        _("状态"), max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    next_try_at = models.DateTimeField(_("下次尝试"))
    sent_at = models.DateTimeField(_("送达时间"), null=True, blank=True)
    answers = models.JSONField(_("回执"), default=list)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息发送")
        verbose_name_plural = _("消息发送")
        ordering = ["-day", "channel"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "day", "user"],
                condition=Q(user__isnull=False),
                name="delivery_one_digest_a_day_per_person",
            ),
            models.UniqueConstraint(
                fields=["channel", "day"],
                condition=Q(user__isnull=True),
                name="delivery_one_digest_a_day_per_robot",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_with_its_time"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_waiting", condition=Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.day}"
