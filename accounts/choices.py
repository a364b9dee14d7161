"""Stable codes of people and places and their Chinese words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RegionLevel(models.TextChoices):
    """Levels of the administrative division (2, 4, 6, 9 and 12 digits)."""

    PROVINCE = "province", _("省级")
    CITY = "city", _("市级")
    COUNTY = "county", _("县级")
    TOWNSHIP = "township", _("乡镇级")
    VILLAGE = "village", _("村级")


class UnitKind(models.TextChoices):
    """What kind of body a unit is."""

    OFFICE = "office", _("食安办")
    BUREAU = "bureau", _("部门")
    GOVERNMENT = "government", _("政府")
    REGULATOR = "regulator", _("市场监管所")
    TEAM = "team", _("工作组")
    OTHER = "other", _("其他")


class RoleName(models.TextChoices):
    """The words of the twelve roles (codes: ``accounts.rules.rights.Role``)."""

    CAMPAIGN_OFFICE = "campaign_office", _("创建办")
    LEADER = "leader", _("领导小组成员")
    COUNTY_LIAISON = "county_liaison", _("县区联络员")
    TOWNSHIP_LIAISON = "township_liaison", _("乡镇联络员")
    OFFICER = "officer", _("包保干部")
    UNIT_LIAISON = "unit_liaison", _("成员单位联络员")
    REGULATOR = "regulator", _("市场监管所")
    SUPERVISION_TEAM = "supervision_team", _("督查组")
    ASSESSOR = "assessor", _("第三方评估")
    AUDITOR = "auditor", _("审计管理员")
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
