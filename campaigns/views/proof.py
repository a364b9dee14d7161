"""Files of weekly reports, of the library and of answers to notices, shown to whoever may see what they hang on."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.rules.rights import Permission
from campaigns.models import EvidencePiece, NoticeReceipt, TaskItem, TaskReport
from inspections.reports.evidence import show_through


def reports_seen(user: Any) -> QuerySet[TaskReport]:
    """Weekly reports of the tasks this person may see."""
    return TaskReport.objects.filter(task__in=TaskItem.objects.visible_to(user))


def answers_seen(user: Any) -> QuerySet[NoticeReceipt]:
    """Answers of the units this person may see."""
    return NoticeReceipt.objects.visible_to(user)


def show_proof_of_reports() -> None:
    """Open the files of weekly reports and answers through their rows; called once, when the models are there."""
    show_through(TaskReport._meta.label_lower, Permission.VIEW_TASKS, reports_seen)
    show_through(NoticeReceipt._meta.label_lower, Permission.VIEW_TASKS, answers_seen)


def show_library() -> None:
    """Open the files of the library through their pieces; called once, when the models are there."""
    show_through(EvidencePiece._meta.label_lower, Permission.VIEW_EVIDENCE, EvidencePiece.objects.visible_to)
