"""The task list as an export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.reports.places import campaign_of
from campaigns.reports.plan import tasks_shown
from foodsafe_portal.lib.exports import ExportKind, register_export
from foodsafe_portal.lib.ledger import Column

KEY = "tasks"
TASK_COLUMNS = (
    Column("number", gettext_noop("序号"), type="int", width=6),
    Column("system", gettext_noop("体系"), width=16),
    Column("title", gettext_noop("任务"), width=40),
    Column("lead_unit", gettext_noop("牵头单位"), width=22),
    Column("supports", gettext_noop("配合单位"), width=40),
    Column("starts_on", gettext_noop("开始日期"), type="date", width=12),
    Column("due_on", gettext_noop("完成期限"), type="date", width=12),
    Column("state", gettext_noop("状态"), width=10),
    Column("done_on", gettext_noop("完成日期"), type="date", width=12),
)


def _tasks(user: User, params: QueryDict) -> Iterator[Sequence[Any]]:
    """The rows of the task list for this address."""
    campaign = campaign_of(user)
    if campaign is None:
        return
    tasks = tasks_shown(user, campaign, params, timezone.localdate()).prefetch_related("supports__unit")
    for task in tasks:
        supports = "、".join(support.unit.name for support in task.supports.all())
        yield (
            task.number, task.system, task.title, task.lead_unit.name, supports, task.starts_on, task.due_on,
            str(task.get_state_display()), task.done_on,
        )  # fmt: skip


register_export(
    ExportKind(
        key=KEY,
        title=_("任务清单"),
        columns=TASK_COLUMNS,
        rows=_tasks,
        permission=Permission.VIEW_TASKS,
        translated=True,
    )
)
