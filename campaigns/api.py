"""The API of the campaign: frozen weeks, their figures and the list behind each, tasks and clauses."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.choices import ClauseKind, Level, ReportState, TaskState
from campaigns.errors import CampaignRefused
from campaigns.measures import GRADES, MEASURES
from campaigns.models import Clause, TaskItem, WeeklyFigure, WeeklyReport
from campaigns.reports.cells import LISTED_PARTS
from campaigns.reports.figure_list import NoSuchFigure, RowsRefused, figure_asked, rows_of
from foodsafe_portal.lib.api import DayFilter, KeyFilter, PortalViewSet, refused_as
from foodsafe_portal.lib.permissions import Permission as P

refused_as(409, CampaignRefused)

# --- weekly reports --------------------------------------------------------------------------------


class ReportSerializer(serializers.ModelSerializer):
    """A frozen week."""

    campaign = serializers.CharField(source="campaign.code", read_only=True, help_text="创建的代码")
    rulebook = serializers.CharField(
        source="rulebook.code", read_only=True, default=None, allow_null=True, help_text="评价细则"
    )

    class Meta:
        model = WeeklyReport
        fields = (
            "id", "campaign", "week", "sunday", "revision", "is_latest", "as_of", "known_at", "digest", "rulebook", "state",
            "published_at",
        )  # fmt: skip
        read_only_fields = fields


class ReportFileSerializer(ReportSerializer):
    """A frozen week with its ranking and, for those who may read the rules, its score."""

    score = serializers.SerializerMethodField(help_text="得分区间与是否达标；没有查看细则权限时为 null")
    lost_by_unit = serializers.SerializerMethodField(help_text="各单位失分；没有查看细则权限时为空")
    ranking = serializers.JSONField(read_only=True, help_text="县区与单位排名")

    class Meta(ReportSerializer.Meta):
        fields = (*ReportSerializer.Meta.fields, "score", "lost_by_unit", "ranking")
        read_only_fields = fields

    def _may_read(self) -> bool:
        return bool(self.context["request"].user.can(P.VIEW_RULEBOOK))

    def get_score(self, report: WeeklyReport) -> dict[str, Any] | None:
        """The score as the scoring contract prints it."""
        return report.score if self._may_read() else None

    def get_lost_by_unit(self, report: WeeklyReport) -> list[dict[str, Any]]:
        """Where points were lost."""
        return report.lost_by_unit if self._may_read() else []


class FigureSerializer(serializers.ModelSerializer):
    """Five whole numbers: done + overdue + still open = expected; excluded stands beside."""

    code = serializers.CharField(
        source="region_id", read_only=True, help_text="区划代码；县级中的市代码是市本级"
    )
    name = serializers.CharField(source="region.name", read_only=True, help_text="名称")
    grade = serializers.CharField(read_only=True, help_text="包保等级，空为合计")

    class Meta:
        model = WeeklyFigure
        fields = (
            "id", "measure", "level", "code", "name", "grade", "expected", "done", "on_time", "overdue", "excluded",
        )  # fmt: skip
        read_only_fields = fields


class FigureQuerySerializer(serializers.Serializer):
    """Which figures."""

    measure = serializers.ChoiceField(choices=sorted(MEASURES), required=False, help_text="指标")
    level = serializers.ChoiceField(choices=Level.choices, required=False, help_text="层级")
    code = serializers.RegexField(r"\A[0-9]{2,12}\Z", required=False, help_text="区划代码")
    grade = serializers.ChoiceField(
        choices=[*GRADES, "total"], required=False, help_text="包保等级,total 为合计"
    )


class RowsQuerySerializer(serializers.Serializer):
    """Which figure."""

    measure = serializers.ChoiceField(choices=sorted(MEASURES), help_text="指标")
    level = serializers.ChoiceField(choices=Level.choices, help_text="层级")
    code = serializers.RegexField(r"\A[0-9]{2,12}\Z", help_text="区划代码")
    part = serializers.ChoiceField(
        choices=sorted(LISTED_PARTS), help_text="五个数字中的一个，或 late、open、undone"
    )
    grade = serializers.ChoiceField(choices=GRADES, required=False, help_text="包保等级，不传为合计")


class RowSerializer(serializers.Serializer):
    """One row behind a figure, as known when the week was frozen."""

    id = serializers.IntegerField(help_text="任务行的 id")
    subject = serializers.SerializerMethodField(help_text="主体名称或问题编号")
    subject_id = serializers.SerializerMethodField(help_text="主体或问题的 id")
    region = serializers.CharField(source="region_id", help_text="区划代码")
    grade = serializers.CharField(help_text="包保等级")
    arises_on = serializers.DateField(help_text="产生日期")
    due_on = serializers.DateField(help_text="到期日")
    fulfilled_on = serializers.DateField(allow_null=True, help_text="完成日期")
    delivered_on = serializers.DateField(allow_null=True, help_text="交付日期")
    excluded_on = serializers.DateField(allow_null=True, help_text="剔除日期")
    exclusion = serializers.CharField(allow_blank=True, help_text="剔除原因")

    def get_subject(self, duty: Any) -> str:
        """Whom or what it is about."""
        return duty.business.name if hasattr(duty, "business_id") else duty.problem.code

    def get_subject_id(self, duty: Any) -> int:
        """Its key."""
        return duty.business_id if hasattr(duty, "business_id") else duty.problem_id


class ReportFilters(filters.FilterSet):
    """Weeks by number, state and day."""

    week = filters.CharFilter(label="周，如 2026-W46")
    is_latest = filters.BooleanFilter(label="只看最新版")
    state = filters.ChoiceFilter(choices=ReportState.choices, label="状态")
    sunday_from = DayFilter(field_name="sunday", lookup_expr="gte", label="周日从")
    sunday_to = DayFilter(field_name="sunday", lookup_expr="lte", label="周日至")

    class Meta:
        model = WeeklyReport
        fields = ("week", "is_latest", "state", "sunday_from", "sunday_to")


@extend_schema_view(
    list=extend_schema(
        summary="周报列表", description="冻结的周，新的在前；每周可有多个版次。", tags=["周报"]
    ),
    retrieve=extend_schema(
        summary="一份周报",
        description="得分、失分和排名；数据在 figures。",
        responses={200: ReportFileSerializer},
        tags=["周报"],
    ),
)
class ReportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Frozen weeks."""

    needs = dict.fromkeys(("list", "retrieve", "figures", "figure_rows"), (P.VIEW_DASHBOARD,))
    queryset = WeeklyReport.objects.none()
    serializer_class = ReportSerializer
    filterset_class = ReportFilters

    def rows(self, user: Any) -> QuerySet:
        """Weeks in scope."""
        return WeeklyReport.objects.visible_to(user).select_related("campaign", "rulebook")

    def get_serializer_class(self) -> Any:
        """One week is shown whole."""
        return ReportFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary="周报的数据",
        description="本人辖区内的五个数字：应完成、已完成、按时、逾期、剔除。",
        parameters=[FigureQuerySerializer],
        responses={200: FigureSerializer(many=True)},
        filters=False,
        tags=["周报"],
    )
    @action(detail=True, ordering="id")
    def figures(self, request: Request, pk: int) -> Response:
        """The five numbers in the person's territory."""
        report = self.get_object()
        asked = self.valid(FigureQuerySerializer, request.query_params)
        figures = WeeklyFigure.objects.visible_to(request.user).filter(report=report).select_related("region")
        if "code" in asked:
            asked["region_id"] = asked.pop("code")
        if asked.get("grade") == "total":
            asked["grade"] = ""
        return self.paged(figures.filter(**asked), FigureSerializer)

    @extend_schema(
        summary="数字背后的名单",
        description="同一问题再问一次：名单的条数就是那个数字(figure),不论以后又登记了什么。"
        "只看数量的岗位答复 403；成员单位只看到本单位的问题。",
        parameters=[RowsQuerySerializer],
        responses={200: RowSerializer(many=True)},
        filters=False,
        tags=["周报"],
    )
    @action(detail=True, url_path="rows", ordering="id")
    def figure_rows(self, request: Request, pk: int) -> Response:
        """The rows behind one figure."""
        report = self.get_object()
        question = self.valid(RowsQuerySerializer, request.query_params)
        try:
            asked = figure_asked(request.user, {"report": str(report.pk), **question})
            rows = rows_of(asked, request.user)
        except NoSuchFigure:
            raise Http404 from None
        except RowsRefused as refusal:
            raise PermissionDenied(str(refusal)) from None
        about = ("business",) if asked.measure.code == "visits" else ("problem",)
        answer = self.paged(rows.select_related(*about), RowSerializer)
        answer.data["figure"] = asked.number
        return answer


# --- tasks and clauses -----------------------------------------------------------------------------


class TaskSerializer(serializers.ModelSerializer):
    """A task of the plan."""

    lead_unit_name = serializers.CharField(source="lead_unit.name", read_only=True, help_text="牵头单位")
    support_units = serializers.SerializerMethodField(help_text="配合单位的 id")

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

    state = filters.ChoiceFilter(choices=TaskState.choices, label="状态")
    unit = KeyFilter(field_name="lead_unit_id", label="牵头单位的 id")
    due_from = DayFilter(field_name="due_on", lookup_expr="gte", label="完成期限从")
    due_to = DayFilter(field_name="due_on", lookup_expr="lte", label="完成期限至")

    class Meta:
        model = TaskItem
        fields = ("state", "unit", "due_from", "due_to")


@extend_schema_view(
    list=extend_schema(
        summary="任务清单", description="范围内的任务；成员单位看到牵头和配合的。", tags=["任务与细则"]
    ),
    retrieve=extend_schema(summary="一项任务", tags=["任务与细则"]),
)
class TaskViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """The task list."""

    needs = {"list": (P.VIEW_TASKS,), "retrieve": (P.VIEW_TASKS,)}
    queryset = TaskItem.objects.none()
    serializer_class = TaskSerializer
    filterset_class = TaskFilters
    ordering = "id"

    def rows(self, user: Any) -> QuerySet:
        """Tasks in scope."""
        return TaskItem.objects.visible_to(user).select_related("lead_unit").prefetch_related("supports")


class ClauseSerializer(serializers.ModelSerializer):
    """One clause of a rulebook."""

    rulebook = serializers.CharField(source="rulebook.code", read_only=True, help_text="评价细则的代码")

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

    rulebook = filters.CharFilter(field_name="rulebook__code", label="评价细则的代码")
    kind = filters.ChoiceFilter(choices=ClauseKind.choices, label="类别")
    unit = KeyFilter(field_name="lead_unit_id", label="牵头单位的 id")

    class Meta:
        model = Clause
        fields = ("rulebook", "kind", "unit")


@extend_schema_view(
    list=extend_schema(summary="评价细则条款", description="各版细则的条款。", tags=["任务与细则"]),
    retrieve=extend_schema(summary="一个条款", tags=["任务与细则"]),
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
