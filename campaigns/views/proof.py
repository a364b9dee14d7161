"""Proof that hangs on weekly reports, shown to whoever may see the task."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.rules.rights import Permission
from campaigns.models import TaskItem, TaskReport
from inspections.reports.evidence import show_through


def reports_seen(user: Any) -> QuerySet[TaskReport]:
    """Weekly reports of the tasks this person may see."""
    return TaskReport.objects.filter(task__in=TaskItem.objects.visible_to(user))


def show_proof_of_reports() -> None:
    """Open the files of weekly reports through their tasks; called once, when the models are there."""
    show_through(TaskReport._meta.label_lower, Permission.VIEW_TASKS, reports_seen)
