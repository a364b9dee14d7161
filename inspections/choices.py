"""Stable codes of duties, visits and problems and their Chinese words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PeriodKind(models.TextChoices):
    """How long a supervision period lasts."""

    MONTH = "month", _("月")
    QUARTER = "quarter", _("季度")
    HALF = "half", _("半年")
    YEAR = "year", _("年")


class DueMode(models.TextChoices):
    """When inside its period a visit falls due (campaign default, not a published rule)."""

    PERIOD_END = "period_end", _("期末到期")
    STAGGERED = "staggered", _("错峰到期")


class Exclusion(models.TextChoices):
    """Why a business owes no visit in a period; excluded stands beside expected, never inside it."""

    SUSPENDED = "suspended", _("停业")
    DORMANT = "dormant", _("停业未注销")
    NOT_FOUND = "not_found", _("查无")
    DEREGISTERED = "deregistered", _("注销")
    MOVED_OUT = "moved_out", _("迁出")
    VOIDED = "voided", _("作废")


class VisitMode(models.TextChoices):
    """督导方式."""

    ON_SITE = "on_site", _("现场")
    GROUP = "group", _("集中")
    OTHER = "other", _("其他")


class Answer(models.TextChoices):
    """One checklist item's answer."""

    PASS = "pass", _("合格")
    FAIL = "fail", _("问题")
    NOT_APPLICABLE = "na", _("不适用")


class Severity(models.TextChoices):
    """严重程度 (campaign default scale)."""

    MINOR = "minor", _("轻微")
    MAJOR = "major", _("较重")
    SERIOUS = "serious", _("严重")


class DayUnit(models.TextChoices):
    """How a deadline counts its days."""

    WORKING = "working", _("个工作日")
    CALENDAR = "calendar", _("天")


class ProblemKind(models.TextChoices):
    """共性 fans out to every unit, 点位 has one place."""

    COMMON = "common", _("共性")
    SINGLE = "single", _("点位")


class ProblemSource(models.TextChoices):
    """问题来源."""

    PROVINCE = "province", _("省级反馈")
    NATION = "nation", _("国家反馈")
    THIRD_PARTY = "third_party", _("第三方评估")
    INSPECTION = "inspection", _("督查")
    VISIT = "visit", _("包保督导")
    COMPLAINT = "complaint", _("投诉举报")
    MOCK = "mock", _("模拟测评")
    SELF_CHECK = "self_check", _("自查")
    PUBLIC = "public", _("随手拍")


class ProblemState(models.TextChoices):
    """States of a problem (transitions: ``inspections.rules.states``)."""

    TO_SIGN = "to_sign", _("待签收")
    RECTIFYING = "rectifying", _("整改中")
    SUBMITTED = "submitted", _("待审核")
    RETURNED = "returned", _("退回")
    SECOND_CHECK = "second_check", _("待复核")
    CLOSED = "closed", _("已销号")
    REOPENED = "reopened", _("重新打开")
    REFERRED = "referred", _("移交")
    CASE_FILED = "case_filed", _("立案")
    CASE_DECLINED = "case_declined", _("不立案")
    CASE_CLOSED = "case_closed", _("结案")


class ExtensionState(models.TextChoices):
    """延期申请."""

    REQUESTED = "requested", _("待批准")
    APPROVED = "approved", _("已批准")
    REJECTED = "rejected", _("未批准")
