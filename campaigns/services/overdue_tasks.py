"""Tasks among the things that may become overdue (``inspections.services.overdue_things``)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from campaigns.choices import TaskState
from campaigns.models import TaskItem
from inspections.services.overdue_things import OverdueThing, register_overdue

register_overdue(
    OverdueThing(
        key="task",
        title=_("任务"),
        unit=_("项"),
        url_name="task-detail",
        list_url="task-list",
        visible=lambda user: TaskItem.objects.visible_to(user),
        open_rows=lambda rows, day: rows.filter(
            state__in=[TaskState.OPEN, TaskState.CLAIMED], campaign__closed_on__isnull=True
        ),
        everything=TaskItem.objects.all,
        columns=("pk", "due_on", "campaign__region_id", "lead_unit_id", "", "title", "id"),
    )
)
