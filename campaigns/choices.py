"""Stable codes of the campaign and their Chinese words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MemberRole(models.TextChoices):
    """Places in a leading group or work team."""

    HEAD = "head", _("组长")
    DEPUTY = "deputy", _("副组长")
    MEMBER = "member", _("成员")
    OFFICE = "office", _("办公室")


class TeamKind(models.TextChoices):
    """专班 or 督导组."""

    WORK = "work", _("工作专班")
    SUPERVISION = "supervision", _("督导组")


class EditionState(models.TextChoices):
    """A rulebook edition is edited as a draft and immutable once published."""

    DRAFT = "draft", _("草稿")
    PUBLISHED = "published", _("已发布")


class ClauseKind(models.TextChoices):
    """Kinds of clauses."""

    KEY = "key", _("关键项")
    BASIC = "basic", _("基本项")
    BONUS = "bonus", _("鼓励(加分)项")
    VETO = "veto", _("否决项")


class AssessmentKind(models.TextChoices):
    """Parallel scores for the same clauses."""

    SELF = "self", _("自评")
    MOCK = "mock", _("模拟测评")
    PROVINCIAL = "provincial", _("省级初评")
    NATIONAL = "national", _("国家验收")


class ReadingSource(models.TextChoices):
    """Where a clause's reading came from."""

    COMPUTED = "computed", _("系统计算")
    REPORTED = "reported", _("单位报送")
    ASSESSED = "assessed", _("评估")


class TaskState(models.TextChoices):
    """How far a task has come."""

    OPEN = "open", _("待认领")
    CLAIMED = "claimed", _("推进中")
    REPORTED = "reported", _("待审核")
    DONE = "done", _("已完成")


class TaskReportState(models.TextChoices):
    """A weekly report is approved, returned with a reason, or superseded when a newer one of the unit is approved."""

    SUBMITTED = "submitted", _("待审核")
    APPROVED = "approved", _("已通过")
    RETURNED = "returned", _("已退回")
    SUPERSEDED = "superseded", _("已由新报代替")


class Level(models.TextChoices):
    """Levels at which figures are frozen."""

    CITY = "city", _("全市")
    COUNTY = "county", _("县(市、区)")
    TOWNSHIP = "township", _("乡镇(街道)")


class ReportState(models.TextChoices):
    """A frozen week is first a draft, then published by the office."""

    FROZEN = "frozen", _("已冻结")
    PUBLISHED = "published", _("已发布")
