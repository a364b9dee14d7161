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


class TaskKind(models.TextChoices):
    """A milestone is collected from every unit named; a task is worked on by its lead. A sub-task is a task under a task."""

    MILESTONE = "milestone", _("里程碑")
    TASK = "task", _("任务")


class DueAnchor(models.TextChoices):
    """From where a task's due day is counted backwards."""

    FIXED = "fixed", _("固定日期")
    REVIEW = "review", _("迎检日前")
    PHASE = "phase", _("阶段末前")


class ExtensionState(models.TextChoices):
    """A new date that a unit proposed for a task."""

    REQUESTED = "requested", _("待批准")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("不批准")


class TaskReportState(models.TextChoices):
    """A weekly report is approved, returned with a reason, or superseded when a newer one of the unit is approved."""

    SUBMITTED = "submitted", _("待审核")
    APPROVED = "approved", _("已通过")
    RETURNED = "returned", _("已退回")
    SUPERSEDED = "superseded", _("已由新报代替")


class EvidenceKind(models.TextChoices):
    """What a clause asks for and what a piece of proof is."""

    DOCUMENT = "document", _("文件")
    LEDGER = "ledger", _("台账")
    PICTURE = "picture", _("照片")
    REPORT = "report", _("报告")
    LINK = "link", _("链接")


class Secrecy(models.TextChoices):
    """How far a piece of proof may go; state secrets never enter the portal."""

    OPEN = "open", _("可外送")
    INTERNAL = "internal", _("内部")
    HIDDEN = "hidden", _("敏感，不外送")


class EvidenceState(models.TextChoices):
    """A version of proof waits for a second person, is accepted, returned with a reason, or replaced before anybody looked."""

    WAITING = "waiting", _("待审")
    ACCEPTED = "accepted", _("已通过")
    RETURNED = "returned", _("已退回")
    SUPERSEDED = "superseded", _("已由新版代替")


class BatchState(models.TextChoices):
    """An upload is sorted, shown, and saved or given up."""

    SORTING = "sorting", _("正在对条款")
    SHOWN = "shown", _("待确认")
    CLOSED = "closed", _("已处理")


class DraftOutcome(models.TextChoices):
    """What became of one file of an upload."""

    RAW = "raw", _("待查看")
    MATCHED = "matched", _("对上")
    UNMATCHED = "unmatched", _("待选")
    SAME = "same", _("已有")
    REFUSED = "refused", _("不收")
    SAVED = "saved", _("已归入")


class NoticeState(models.TextChoices):
    """A work notice is a draft until it is issued."""

    DRAFT = "draft", _("草稿")
    ISSUED = "issued", _("已印发")


class ReceiptState(models.TextChoices):
    """How far a notice has come at one unit."""

    UNSIGNED = "unsigned", _("未签收")
    SIGNED = "signed", _("已签收")
    ANSWERED = "answered", _("待看")
    RETURNED = "returned", _("已退回")
    ACCEPTED = "accepted", _("已接收")


class Level(models.TextChoices):
    """Levels at which figures are frozen."""

    CITY = "city", _("全市")
    COUNTY = "county", _("县(市、区)")
    TOWNSHIP = "township", _("乡镇(街道)")


class ReportState(models.TextChoices):
    """A frozen week is first a draft, then published by the office."""

    FROZEN = "frozen", _("已冻结")
    PUBLISHED = "published", _("已发布")
