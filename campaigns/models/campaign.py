"""The campaign, the people who lead it, its phases and instructions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from campaigns.choices import MemberRole, TeamKind
from campaigns.models.rulebook import Rulebook
from campaigns.querysets import CampaignPartQuerySet, CampaignQuerySet


class Campaign(models.Model):
    """One region's run for the title; pins the rulebook edition it is measured by."""

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    region = models.ForeignKey(Region, models.PROTECT, related_name="campaigns", verbose_name=_("创建地区"))
    batch_no = models.CharField(_("创建批次"), max_length=40, blank=True)
    naming_batch_no = models.CharField(_("命名批次"), max_length=40, blank=True)
    started_on = models.DateField(_("启动日期"))
    review_on = models.DateField(_("迎检日期"))
    review_label = models.CharField(_("迎检环节"), max_length=40, blank=True)
    rulebook = models.ForeignKey(
        Rulebook, models.PROTECT, null=True, blank=True, related_name="campaigns", verbose_name=_("评价细则")
    )
    is_demo = models.BooleanField(_("演示数据"), default=False)
    closed_on = models.DateField(_("结束日期"), null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("创建")
        verbose_name_plural = _("创建")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class LeadingGroup(models.Model):
    """创建工作领导小组 of the campaign's region or of a county."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="groups", verbose_name=_("创建"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("地区"))
    name = models.CharField(_("名称"), max_length=100)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("领导小组")
        verbose_name_plural = _("领导小组")
        ordering = ["region_id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "region"], name="leading_group_once_per_region")
        ]

    def __str__(self) -> str:
        return self.name


class WorkTeam(models.Model):
    """工作专班 or 督导组."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="teams", verbose_name=_("创建"))
    kind = models.CharField(_("类别"), max_length=12, choices=TeamKind.choices, default=TeamKind.WORK)
    name = models.CharField(_("名称"), max_length=60)
    duty = models.CharField(_("职责"), max_length=200, blank=True)
    counties = models.ManyToManyField(Region, blank=True, related_name="+", verbose_name=_("督导地区"))

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("工作组")
        verbose_name_plural = _("工作组")
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "name"], name="team_name_once_per_campaign")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's dated place in a leading group or a team."""

    group = models.ForeignKey(
        LeadingGroup,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("领导小组"),
    )
    team = models.ForeignKey(
        WorkTeam, models.CASCADE, null=True, blank=True, related_name="members", verbose_name=_("工作组")
    )
    person_name = models.CharField(_("姓名"), max_length=60)
    title = models.CharField(_("职务"), max_length=100)
    role = models.CharField(_("组内职务"), max_length=8, choices=MemberRole.choices)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("单位")
    )
    valid_from = models.DateField(_("起始"))
    valid_to = models.DateField(_("终止"), null=True, blank=True)

    class Meta:
        verbose_name = _("组成人员")
        verbose_name_plural = _("组成人员")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(group__isnull=False, team__isnull=True)
                | Q(group__isnull=True, team__isnull=False),
                name="membership_in_group_or_team",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="membership_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_name} {self.get_role_display()}"


class Phase(models.Model):
    """One phase of the implementation plan (实施方案)."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="phases", verbose_name=_("创建"))
    order = models.PositiveSmallIntegerField(_("次序"))
    name = models.CharField(_("名称"), max_length=60)
    starts_on = models.DateField(_("开始"))
    ends_on = models.DateField(_("结束"))

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("阶段")
        verbose_name_plural = _("阶段")
        ordering = ["campaign", "order"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "order"], name="phase_order_once_per_campaign"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="phase_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Directive(models.Model):
    """A leader's written instruction (批示) turned into work for a unit."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="directives", verbose_name=_("创建"))
    text = models.TextField(_("批示内容"))
    given_on = models.DateField(_("批示日期"))
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("批示人")
    )
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("承办单位")
    )
    due_on = models.DateField(_("办结期限"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"))

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("批示")
        verbose_name_plural = _("批示")
        ordering = ["-given_on", "-id"]

    def __str__(self) -> str:
        return self.text[:40]
