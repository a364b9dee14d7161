"""Food businesses and the dated, reviewed changes of their status and grade."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from entities.choices import (
    BusinessStatus,
    BusinessType,
    CateringGrade,
    CreditGrade,
    ResponsibilityGrade,
    ReviewState,
    RiskGrade,
    Scale,
    Source,
)
from entities.querysets import BusinessQuerySet, GradeChangeQuerySet, StatusChangeQuerySet


class Business(models.Model):
    """A licensed or registered food business at one premises.

    ``match_key`` is its natural key: the licence number, else credit code and premises, else name and premises
    (``entities.rules.matching.match_key``). ``status`` and ``responsibility_grade`` change only through reviewed changes.
    ``merged_into`` is the business that a merged one is now known as (``entities.models.BusinessMerger``).
    """

    match_key = models.CharField(_("匹配键"), max_length=200, editable=False)
    name = models.CharField(_("企业名称"), max_length=150)
    name_initials = models.CharField(_("拼音首字母"), max_length=150, blank=True, editable=False)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=30, blank=True)
    licence_no = models.CharField(_("许可证号"), max_length=60, blank=True)
    licence_valid_to = models.DateField(_("有效期至"), null=True, blank=True)
    business_type = models.CharField(_("主体业态"), max_length=16, choices=BusinessType.choices)
    scale = models.CharField(_("规模"), max_length=8, choices=Scale.choices, blank=True)
    legal_person = models.CharField(_("法定代表人(负责人)"), max_length=60, blank=True)
    contact_phone = models.CharField(_("联系电话"), max_length=40, blank=True)
    premises_address = models.CharField(_("经营场所"), max_length=200)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", verbose_name=_("所在地区"), db_index=False
    )
    supervision_office = models.CharField(_("监管所"), max_length=60, blank=True)
    responsibility_grade = models.CharField(
        _("包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True
    )
    risk_grade = models.CharField(_("监管风险等级"), max_length=1, choices=RiskGrade.choices, blank=True)
    credit_grade = models.CharField(_("信用等级"), max_length=1, choices=CreditGrade.choices, blank=True)
    catering_grade = models.CharField(
        _("餐饮量化等级"), max_length=1, choices=CateringGrade.choices, blank=True
    )
    high_risk = models.BooleanField(_("高风险(须现场督导)"), default=False)
    status = models.CharField(
        _("经营状态"), max_length=14, choices=BusinessStatus.choices, default=BusinessStatus.NORMAL
    )
    safety_director = models.CharField(_("食品安全总监"), max_length=60, blank=True)
    safety_officer = models.CharField(_("食品安全员"), max_length=60, blank=True)
    national_no = models.CharField(_("国家平台编号"), max_length=60, blank=True)
    registered_on = models.DateField(_("入册日期"))
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="absorbed",
        verbose_name=_("并入"),
    )
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    source = models.CharField(
        _("来源"), max_length=8, choices=Source.choices, default=Source.PAGE, editable=False
    )
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)
    updated_at = models.DateTimeField(_("更新时间"), editable=False)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        verbose_name = _("经营主体")
        verbose_name_plural = _("经营主体")
        ordering = ["-id"]
        # Each index costs every ledger that comes in: no second one for prefixes where nobody asks by prefix.
        constraints = [models.UniqueConstraint(fields=["match_key"], name="business_one_per_match_key")]
        indexes = [
            models.Index(fields=["region"], name="business_by_region"),
            # The register's lists and counts leave merged businesses out, so that these indexes do as well.
            models.Index(
                fields=["region", "responsibility_grade", "status"],
                name="business_by_region_grade",
                condition=Q(merged_into__isnull=True),
            ),
            models.Index(
                fields=["region"],
                name="business_ungraded_by_region",
                condition=Q(merged_into__isnull=True, responsibility_grade=""),
            ),
            models.Index(
                fields=["region"],
                name="business_high_risk_by_region",
                condition=Q(merged_into__isnull=True, high_risk=True),
            ),
            # Pattern operators serve equality and prefixes alike; the names' bigram index is in migration 0002.
            models.Index(
                fields=["credit_code"], opclasses=["varchar_pattern_ops"], name="business_by_credit_code"
            ),
            models.Index(
                fields=["licence_no"], opclasses=["varchar_pattern_ops"], name="business_by_licence_no"
            ),
            models.Index(
                fields=["name_initials"], opclasses=["varchar_pattern_ops"], name="business_by_initials"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Change(models.Model):
    """A dated, reviewed change: proposed by one person, reviewed by another."""

    effective_on = models.DateField(_("生效日期"))
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    source = models.CharField(_("来源"), max_length=8, choices=Source.choices, default=Source.PAGE)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("提出人")
    )
    proposed_at = models.DateTimeField(_("提出时间"))
    state = models.CharField(
        _("审核"), max_length=10, choices=ReviewState.choices, default=ReviewState.PROPOSED
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审核人"),
    )
    reviewed_at = models.DateTimeField(_("审核时间"), null=True, blank=True)
    review_note = models.CharField(_("审核意见"), max_length=300, blank=True)

    class Meta:
        abstract = True


class StatusChange(Change):
    """A change of 经营状态 with its evidence; only a reviewed one moves the denominator."""

    business = models.ForeignKey(
        Business, models.CASCADE, related_name="status_changes", verbose_name=_("经营主体")
    )
    from_status = models.CharField(_("原状态"), max_length=14, choices=BusinessStatus.choices)
    to_status = models.CharField(_("新状态"), max_length=14, choices=BusinessStatus.choices)

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("状态变更")
        verbose_name_plural = _("状态变更")
        ordering = ["-effective_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(state="proposed"),
                name="status_change_one_waiting_per_business",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(reviewed_by=F("proposed_by")),
                name="status_change_reviewed_by_another_person",
                violation_error_message=_("提出人不能审核自己提出的变更。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business} {self.get_from_status_display()}→{self.get_to_status_display()}"

    @property
    def moves_denominator(self) -> bool:
        """Whether the business enters or leaves what is supervised: only 正常 counts."""
        return (self.from_status == BusinessStatus.NORMAL) != (self.to_status == BusinessStatus.NORMAL)


class GradeChange(Change):
    """A change of 包保等级; a manual one stands until another manual one, whatever a ledger says."""

    business = models.ForeignKey(
        Business, models.CASCADE, related_name="grade_changes", verbose_name=_("经营主体")
    )
    from_grade = models.CharField(
        _("原包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True
    )
    to_grade = models.CharField(
        _("新包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True
    )
    manual = models.BooleanField(_("人工复核"), default=False)

    objects = GradeChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("包保等级变更")
        verbose_name_plural = _("包保等级变更")
        ordering = ["-effective_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(reviewed_by=F("proposed_by")),
                name="grade_change_reviewed_by_another_person",
                violation_error_message=_("提出人不能审核自己提出的变更。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business} 包保 {self.from_grade or '—'}→{self.to_grade or '—'}"
