"""Stable codes of the registers and their Chinese words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    """How far a piece of background work has come."""

    QUEUED = "queued", _("排队中")
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")
    CANCELLED = "cancelled", _("已取消")


class BatchState(models.TextChoices):
    """The life of an uploaded ledger."""

    UPLOADED = "uploaded", _("待检查")
    CHECKING = "checking", _("检查中")
    CHECKED = "checked", _("待确认")
    AWAITING = "awaiting", _("待批准")
    COMMITTING = "committing", _("导入中")
    COMMITTED = "committed", _("已导入")
    REFUSED = "refused", _("未通过")
    ABANDONED = "abandoned", _("已放弃")
    UNDONE = "undone", _("已撤销")


class Verdict(models.TextChoices):
    """What may happen with a whole file."""

    ACCEPT = "accept", _("可导入")
    PARTIAL = "partial", _("部分可导入")
    REFUSE = "refuse", _("不能导入")


class RowVerdict(models.TextChoices):
    """What may happen with one row; read = accepted + rejected + skipped."""

    ACCEPTED = "accepted", _("合格")
    REJECTED = "rejected", _("错误")
    SKIPPED = "skipped", _("跳过")


class RowVerb(models.TextChoices):
    """What an accepted row does to the register."""

    CREATED = "created", _("新增")
    UPDATED = "updated", _("变更")
    UNCHANGED = "unchanged", _("不变")
    CLOSED = "closed", _("关闭")
    REACTIVATED = "reactivated", _("恢复")
    CONFLICT = "conflict", _("冲突")
    NONE = "", _("—")


class Outcome(models.TextChoices):
    """How an audited act ended."""

    DONE = "done", _("完成")
    REFUSED = "refused", _("拒绝")


class DayKind(models.TextChoices):
    """How a day differs from plain Monday to Friday."""

    HOLIDAY = "holiday", _("放假")
    MAKEUP = "makeup", _("调休上班")
