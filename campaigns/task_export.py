"""The task list as an export: its ledger, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.ledgers.tasks import TasksKind
from campaigns.models import TaskItem
from campaigns.reports.places import campaign_of
from campaigns.reports.plan import tasks_shown
from foodsafe_portal.lib.exports import ExportKind, register_export
from records.ledgers import kind_of

KEY = TasksKind.key


def _tasks(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    """The rows of the task list for this address."""
    campaign = campaign_of(user)
    tasks = (
        TaskItem.objects.none()
        if campaign is None
        else tasks_shown(user, campaign, params, timezone.localdate())
    )
    return kind_of(KEY).export_rows(tasks)


register_export(
    ExportKind(
        key=KEY,
        title=_("任务清单"),
        columns=TasksKind.columns,
        rows=_tasks,
        permission=Permission.VIEW_TASKS,
    )
)
