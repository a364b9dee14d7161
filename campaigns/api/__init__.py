"""The API of the campaign: frozen weeks, their figures and the list behind each, tasks with their reports, clauses."""

from __future__ import annotations

from campaigns.api.reports import ReportViewSet
from campaigns.api.tasks import ClauseViewSet, TaskReportViewSet, TaskViewSet
from campaigns.errors import CampaignRefused
from foodsafe_portal.lib.api import refused_as

refused_as(409, CampaignRefused)

__all__ = ["ClauseViewSet", "ReportViewSet", "TaskReportViewSet", "TaskViewSet"]
