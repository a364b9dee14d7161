"""Addresses of the API under /api/v1/."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts.api import MeView, RegionViewSet, TokenView, UnitViewSet
from campaigns.api import ClauseViewSet, ReportViewSet, TaskReportViewSet, TaskViewSet
from entities.api import (
    AssignmentViewSet,
    BusinessViewSet,
    GradeChangeViewSet,
    OfficerViewSet,
    StatusChangeViewSet,
)
from inspections.api import DutyViewSet, EvidenceViewSet, ProblemViewSet, VisitViewSet
from records.api import JobViewSet, LedgerViewSet


@extend_schema(exclude=True)
class NothingHere(APIView):
    """Addresses that do not exist answer as the API answers everything: in JSON, to people who are signed in."""

    permission_classes = [IsAuthenticated]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """After the door, nothing."""
        super().initial(request, *args, **kwargs)
        raise NotFound


class SchemaView(SpectacularAPIView):
    """The OpenAPI document, for signed-in people."""

    permission_classes = [IsAuthenticated]
    renderer_classes = [JSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The document as JSON."""
        return super().get(request, *args, **kwargs)


router = SimpleRouter(use_regex_path=False)
router.register("regions", RegionViewSet, basename="api-region")
router.register("units", UnitViewSet, basename="api-unit")
router.register("businesses", BusinessViewSet, basename="api-business")
router.register("status-changes", StatusChangeViewSet, basename="api-status-change")
router.register("grade-changes", GradeChangeViewSet, basename="api-grade-change")
router.register("officers", OfficerViewSet, basename="api-officer")
router.register("assignments", AssignmentViewSet, basename="api-assignment")
router.register("duties", DutyViewSet, basename="api-duty")
router.register("visits", VisitViewSet, basename="api-visit")
router.register("problems", ProblemViewSet, basename="api-problem")
router.register("evidence", EvidenceViewSet, basename="api-evidence")
router.register("reports", ReportViewSet, basename="api-report")
router.register("tasks", TaskViewSet, basename="api-task")
router.register("task-reports", TaskReportViewSet, basename="api-task-report")
router.register("clauses", ClauseViewSet, basename="api-clause")
router.register("ledgers", LedgerViewSet, basename="api-ledger")
router.register("jobs", JobViewSet, basename="api-job")

urlpatterns = [
    path("token/", TokenView.as_view(), name="api-token"),
    path("me/", MeView.as_view(), name="api-me"),
    *router.urls,
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", login_required(TemplateView.as_view(template_name="api/docs.html")), name="api-docs"),
    path("<path:rest>", NothingHere.as_view(), name="api-nothing"),
]
