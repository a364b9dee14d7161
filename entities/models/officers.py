"""Officers (包保干部), the businesses bound to them and the pledges they signed, all dated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from entities.choices import OfficerLevel, Source
from entities.models.business import Business
from entities.querysets import AssignmentQuerySet, OfficerQuerySet


class Officer(models.Model):
    """The cadre personally responsible for businesses; may or may not have an account.

    ``match_key`` is name + phone, without a phone name + unit + region (``entities.rules.matching.officer_key``).
    """

    match_key = models.CharField(_("匹配键"), max_length=200, unique=True, editable=False)
    name = models.CharField(_("姓名"), max_length=60)
    title = models.CharField(_("职务"), max_length=80, blank=True)
    level = models.CharField(_("包保层级"), max_length=10, choices=OfficerLevel.choices)
    unit_name = models.CharField(_("单位"), max_length=100, blank=True)
    phone = models.CharField(_("联系电话"), max_length=40, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("所在地区"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="officers",
        verbose_name=_("账号"),
    )
    is_active = models.BooleanField(_("在岗"), default=True)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    source = models.CharField(
        _("来源"), max_length=8, choices=Source.choices, default=Source.PAGE, editable=False
    )
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)

    objects = OfficerQuerySet.as_manager()

    class Meta:
        verbose_name = _("包保干部")
        verbose_name_plural = _("包保干部")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["region", "level"], name="officer_by_region_level"),
            models.Index(fields=["name"], name="officer_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """包保关系: officer × business × dated interval; never overwritten, ended by a date or voided."""

    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="assignments", verbose_name=_("包保干部")
    )
    business = models.ForeignKey(
        Business, models.CASCADE, related_name="assignments", verbose_name=_("经营主体")
    )
    level = models.CharField(_("包保层级"), max_length=10, choices=OfficerLevel.choices)
    valid_from = models.DateField(_("包保起始"))
    valid_to = models.DateField(_("包保终止"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)
    ended_at = models.DateTimeField(_("终止登记时间"), null=True, blank=True, editable=False)
    voided_at = models.DateTimeField(_("作废时间"), null=True, blank=True, editable=False)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True, editable=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("包保关系")
        verbose_name_plural = _("包保关系")
        ordering = ["-valid_from", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "level"],
                condition=Q(valid_to__isnull=True, voided_at__isnull=True),
                name="assignment_one_active_per_business_and_level",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="assignment_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(
                fields=["officer", "business"],
                name="assignment_active_by_officer",
                condition=Q(valid_to__isnull=True, voided_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer} × {self.business}"


class Pledge(models.Model):
    """《食品安全责任与任务承诺书》 signed by an officer in a post, for one business or for all of them."""

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="pledges", verbose_name=_("包保干部"))
    business = models.ForeignKey(
        Business, models.CASCADE, null=True, blank=True, related_name="pledges", verbose_name=_("经营主体")
    )
    title = models.CharField(_("签订时职务"), max_length=80, blank=True)
    signed_on = models.DateField(_("签订日期"))
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("承诺书")
        verbose_name_plural = _("承诺书")
        ordering = ["-signed_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "business", "signed_on"], name="pledge_signed_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.signed_on}"
