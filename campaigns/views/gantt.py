"""The plan as a chart."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.rules.rights import Permission
from campaigns.choices import TaskState
from campaigns.models import TaskItem
from campaigns.reports.gantt import gantt_of
from campaigns.reports.places import campaign_of
from campaigns.reports.plan import tasks_shown
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from records.services.calendar import current_calendar


@require_safe
@requires(Permission.VIEW_TASKS)
def task_gantt(request: PortalRequest) -> HttpResponse:
    """Every task on the months until the review, narrowed by unit, system, person and state."""
    campaign = campaign_of(request.user)
    if campaign is None:
        raise Http404
    today = timezone.localdate()
    seen = TaskItem.objects.visible_to(request.user).filter(campaign=campaign)
    tasks = list(
        tasks_shown(request.user, campaign, request.GET, today).select_related("lead_unit", "phase", "parent")
    )
    choices = list(seen.values_list("lead_unit_id", "lead_unit__name", "system", "person"))
    context = {
        "campaign": campaign,
        "chart": gantt_of(campaign, tasks, today, current_calendar()),
        "count": len(tasks),
        "units": sorted({(pk, name) for pk, name, _system, _person in choices}, key=lambda one: one[1]),
        "systems": sorted({system for _pk, _name, system, _person in choices if system}),
        "people": sorted({person for _pk, _name, _system, person in choices if person}),
        "states": TaskState.choices,
        "params": request.GET,
        "days_left": (campaign.review_on - today).days,
    }
    return render(request, "campaigns/task_gantt.html", context)
