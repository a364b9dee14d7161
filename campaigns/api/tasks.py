"""The API of the plan: tasks, the weekly reports on them, and the clauses they serve."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.choices import ClauseKind, TaskReportState, TaskState
from campaigns.models import Clause, TaskItem, TaskReport
from campaigns.services.tasks import claim_task, decide_report, report_task
from foodsafe_portal.lib.api import DayFilter, Files, KeyFilter, PortalViewSet
from foodsafe_portal.lib.permissions import Permission as P
from foodsafe_portal.lib.weeks import Week
from inspections.api.evidence import EvidenceSerializer, files_of, listed


class TaskSerializer(serializers.ModelSerializer):
    """A task of the plan."""

    lead_unit_name = serializers.CharField(source="lead_unit.name", read_only=True, help_text=_("牵头单位"))
    support_units = serializers.SerializerMethodField(help_text=_("配合单位的 id"))

    class Meta:
        model = TaskItem
        fields = (
            "id", "number", "system", "title", "phase", "lead_unit", "lead_unit_name", "support_units", "starts_on", "due_on",
            "targets", "state", "done_on",
        )  # fmt: skip
        read_only_fields = fields

    def get_support_units(self, task: TaskItem) -> list[int]:
        """The cooperating units."""
        return [support.unit_id for support in task.supports.all()]


class TaskFilters(filters.FilterSet):
    """Tasks by state, unit and day."""

    state = filters.ChoiceFilter(choices=TaskState.choices, label=_("状态"))
    unit = KeyFilter(field_name="lead_unit_id", label=_("牵头单位的 id"))
    due_from = DayFilter(field_name="due_on", lookup_expr="gte", label=_("完成期限从"))
    due_to = DayFilter(field_name="due_on", lookup_expr="lte", label=_("完成期限至"))

    class Meta:
        model = TaskItem
        fields = ("state", "unit", "due_from", "due_to")


# --- weekly reports on tasks -----------------------------------------------------------------------


class TaskReportSerializer(serializers.ModelSerializer):
    """A unit's report of one week on a task."""

    task_title = serializers.CharField(source="task.title", read_only=True, help_text=_("任务"))
    unit_name = serializers.CharField(source="unit.name", read_only=True, help_text=_("报送单位"))
    submitted_by = serializers.CharField(source="submitted_by.name", read_only=True, help_text=_("报送人"))
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, default="", help_text=_("审核人")
    )

    class Meta:
        model = TaskReport
        fields = (
            "id", "task", "task_title", "unit", "unit_name", "week", "progress", "claims_done", "state", "submitted_by",
            "submitted_at", "decided_by", "decided_at", "reason",
        )  # fmt: skip
        read_only_fields = fields


class TaskReportFileSerializer(TaskReportSerializer):
    """The same with its proof."""

    evidence = serializers.SerializerMethodField(help_text=_("佐证"))

    class Meta(TaskReportSerializer.Meta):
        fields = (*TaskReportSerializer.Meta.fields, "evidence")
        read_only_fields = fields

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, report: TaskReport) -> Any:
        """Its files."""
        return listed(files_of((TaskReport, [report.pk])), self.context)


class ProgressSerializer(serializers.Serializer):
    """What was done this week."""

    progress = serializers.CharField(max_length=2000, help_text=_("本周进展"))
    claims_done = serializers.BooleanField(default=False, help_text=_("申请办结，只限牵头单位，须附佐证"))


class ProgressFilesSerializer(ProgressSerializer):
    """The same with photos or PDF files."""

    evidence = Files(required=False, help_text=_("佐证：照片或 PDF"))


class DecisionSerializer(serializers.Serializer):
    """The answer to a report."""

    approve = serializers.BooleanField(help_text=_("true 通过，false 退回"))
    reason = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text=_("退回理由，退回时必填")
    )


class TaskReportFilters(filters.FilterSet):
    """Reports by task, unit, week and state."""

    task = KeyFilter(field_name="task_id", label=_("任务的 id"))
    unit = KeyFilter(field_name="unit_id", label=_("报送单位的 id"))
    week = filters.CharFilter(label=_("周，如 2026-W46"))
    state = filters.ChoiceFilter(choices=TaskReportState.choices, label=_("状态"))

    class Meta:
        model = TaskReport
        fields = ("task", "unit", "week", "state")


# --- tasks ---------------------------------------------------------------------------------------


@extend_schema_view(
    list=extend_schema(
        summary=_("任务清单"),
        description=_("范围内的任务；成员单位看到牵头和配合的。"),
        tags=[_("任务与细则")],
    ),
    retrieve=extend_schema(summary=_("一项任务"), tags=[_("任务与细则")]),
)
class TaskViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """The task list."""

    needs = {
        "list": (P.VIEW_TASKS,),
        "retrieve": (P.VIEW_TASKS,),
        "claim": (P.REPORT_TASK,),
        "report": (P.REPORT_TASK,),
    }
    queryset = TaskItem.objects.none()
    serializer_class = TaskSerializer
    filterset_class = TaskFilters
    ordering = "id"

    def rows(self, user: Any) -> QuerySet:
        """Tasks in scope."""
        return TaskItem.objects.visible_to(user).select_related("lead_unit").prefetch_related("supports")

    @extend_schema(
        summary=_("认领任务"),
        description=_("牵头单位认领；只认第一次。"),
        request=None,
        responses={200: TaskSerializer},
        tags=[_("任务与细则")],
    )
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: int) -> Response:
        """The lead unit takes the task on."""
        task = claim_task(task=self.get_object(), by=request.user)
        return Response(TaskSerializer(task).data)

    @extend_schema(
        summary=_("报送任务周报"),
        description=_("本单位本周的进展；每周一份，退回后可以再报。附佐证用 multipart。"),
        request={"application/json": ProgressSerializer, "multipart/form-data": ProgressFilesSerializer},
        responses={201: TaskReportFileSerializer},
        tags=[_("任务与细则")],
    )
    @action(detail=True, methods=["post"])
    def report(self, request: Request, pk: int) -> Response:
        """This week's report of the person's unit."""
        task = self.get_object()
        given = self.valid(ProgressFilesSerializer)
        uploads = list(given.pop("evidence", ()))
        week = Week.of(timezone.localdate())
        made = report_task(task=task, week=week, uploads=uploads, by=request.user, **given)
        return Response(
            TaskReportFileSerializer(made, context=self.get_serializer_context()).data, status=201
        )


@extend_schema_view(
    list=extend_schema(
        summary=_("任务周报列表"), description=_("看得到的任务的周报，新报的在前。"), tags=[_("任务与细则")]
    ),
    retrieve=extend_schema(
        summary=_("一份任务周报"),
        description=_("含佐证。"),
        responses={200: TaskReportFileSerializer},
        tags=[_("任务与细则")],
    ),
)
class TaskReportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Weekly reports on tasks."""

    needs = {"list": (P.VIEW_TASKS,), "retrieve": (P.VIEW_TASKS,), "decide": (P.APPROVE_TASK,)}
    queryset = TaskReport.objects.none()
    serializer_class = TaskReportSerializer
    filterset_class = TaskReportFilters

    def rows(self, user: Any) -> QuerySet:
        """Reports on the tasks in scope."""
        seen = TaskItem.objects.visible_to(user).values("pk")
        return TaskReport.objects.filter(task__in=seen).select_related(
            "task", "unit", "submitted_by", "decided_by"
        )

    def get_serializer_class(self) -> Any:
        """One report is shown whole."""
        return TaskReportFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary=_("审核任务周报"),
        description=_("通过或退回；报送人不能审核自己的周报。通过申请办结的周报，任务即办结。"),
        request=DecisionSerializer,
        responses={200: TaskReportFileSerializer},
        tags=[_("任务与细则")],
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: int) -> Response:
        """Approve or return."""
        report = self.get_object()
        done = decide_report(report=report, by=request.user, **self.valid(DecisionSerializer))
        return Response(TaskReportFileSerializer(done, context=self.get_serializer_context()).data)


# --- clauses ---------------------------------------------------------------------------------------


class ClauseSerializer(serializers.ModelSerializer):
    """One clause of a rulebook."""

    rulebook = serializers.CharField(source="rulebook.code", read_only=True, help_text=_("评价细则的代码"))

    class Meta:
        model = Clause
        fields = (
            "id",
            "rulebook",
            "parent",
            "no",
            "title",
            "kind",
            "points",
            "method",
            "params",
            "lead_unit",
        )
        read_only_fields = fields


class ClauseFilters(filters.FilterSet):
    """Clauses by rulebook, kind and unit."""

    rulebook = filters.CharFilter(field_name="rulebook__code", label=_("评价细则的代码"))
    kind = filters.ChoiceFilter(choices=ClauseKind.choices, label=_("类别"))
    unit = KeyFilter(field_name="lead_unit_id", label=_("牵头单位的 id"))

    class Meta:
        model = Clause
        fields = ("rulebook", "kind", "unit")


@extend_schema_view(
    list=extend_schema(summary=_("评价细则条款"), description=_("各版细则的条款。"), tags=[_("任务与细则")]),
    retrieve=extend_schema(summary=_("一个条款"), tags=[_("任务与细则")]),
)
class ClauseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Clauses of the rulebooks."""

    needs = {"list": (P.VIEW_RULEBOOK,), "retrieve": (P.VIEW_RULEBOOK,)}
    queryset = Clause.objects.none()
    serializer_class = ClauseSerializer
    filterset_class = ClauseFilters
    ordering = "id"

    def rows(self, user: Any) -> QuerySet:
        """Clauses the person may read."""
        return Clause.objects.visible_to(user).select_related("rulebook")
