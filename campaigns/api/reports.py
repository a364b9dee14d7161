"""The API of frozen weeks: freeze and publish them, read their figures and the list behind each."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.choices import Level, ReportState
from campaigns.measures import GRADES, LISTED_PARTS, MEASURES
from campaigns.models import Campaign, WeeklyFigure, WeeklyReport
from campaigns.reports.figure_list import NoSuchFigure, RowsRefused, figure_asked, rows_of
from campaigns.reports.places import campaign_of
from campaigns.services.closing import ask_to_close_week
from campaigns.services.weeks import publish_week
from foodsafe_portal.lib.api import DayFilter, PortalViewSet
from foodsafe_portal.lib.permissions import Permission as P
from foodsafe_portal.lib.weeks import Week
from records.api import JobSerializer


class ReportSerializer(serializers.ModelSerializer):
    """A frozen week."""

    campaign = serializers.CharField(source="campaign.code", read_only=True, help_text=_("创建的代码"))
    rulebook = serializers.CharField(
        source="rulebook.code", read_only=True, default=None, allow_null=True, help_text=_("评价细则")
    )
    is_latest = serializers.SerializerMethodField(help_text=_("是本周可看到的最新版"))

    class Meta:
        model = WeeklyReport
        fields = (
            "id", "campaign", "week", "sunday", "revision", "is_latest", "as_of", "known_at", "digest", "rulebook", "state",
            "published_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_is_latest(self, report: WeeklyReport) -> bool:
        """Whether the person sees no newer revision of the week; a draft that is not theirs to see is none."""
        return not getattr(report, "superseded", not report.is_latest)


class ReportFileSerializer(ReportSerializer):
    """A frozen week with its ranking and, for those who may read the rules, its score."""

    score = serializers.SerializerMethodField(help_text=_("得分区间与是否达标；没有查看细则权限时为 null"))
    lost_by_unit = serializers.SerializerMethodField(help_text=_("各单位失分；没有查看细则权限时为空"))
    ranking = serializers.JSONField(read_only=True, help_text=_("县区与单位排名"))

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
        source="region_id", read_only=True, help_text=_("区划代码；县级中的市代码是市本级")
    )
    name = serializers.CharField(source="region.name", read_only=True, help_text=_("名称"))
    grade = serializers.CharField(read_only=True, help_text=_("包保等级，空为合计"))

    class Meta:
        model = WeeklyFigure
        fields = (
            "id", "measure", "level", "code", "name", "grade", "expected", "done", "on_time", "overdue", "excluded",
        )  # fmt: skip
        read_only_fields = fields


class FigureQuerySerializer(serializers.Serializer):
    """Which figures."""

    measure = serializers.ChoiceField(choices=sorted(MEASURES), required=False, help_text=_("指标"))
    level = serializers.ChoiceField(choices=Level.choices, required=False, help_text=_("层级"))
    code = serializers.RegexField(r"\A[0-9]{2,12}\Z", required=False, help_text=_("区划代码"))
    grade = serializers.ChoiceField(
        choices=[*GRADES, "total"], required=False, help_text=_("包保等级，total 为合计")
    )


class RowsQuerySerializer(serializers.Serializer):
    """Which figure."""

    measure = serializers.ChoiceField(choices=sorted(MEASURES), help_text=_("指标"))
    level = serializers.ChoiceField(choices=Level.choices, help_text=_("层级"))
    code = serializers.RegexField(r"\A[0-9]{2,12}\Z", help_text=_("区划代码"))
    part = serializers.ChoiceField(
        choices=sorted(LISTED_PARTS), help_text=_("五个数字中的一个，或 late、open、undone")
    )
    grade = serializers.ChoiceField(choices=GRADES, required=False, help_text=_("包保等级，不传为合计"))


class RowSerializer(serializers.Serializer):
    """One row behind a figure, as known when the week was frozen."""

    id = serializers.IntegerField(help_text=_("任务行的 id"))
    subject = serializers.SerializerMethodField(help_text=_("主体名称或问题编号"))
    subject_id = serializers.SerializerMethodField(help_text=_("主体或问题的 id"))
    region = serializers.CharField(source="region_id", help_text=_("区划代码"))
    grade = serializers.CharField(help_text=_("包保等级"))
    arises_on = serializers.DateField(help_text=_("产生日期"))
    due_on = serializers.DateField(help_text=_("到期日"))
    fulfilled_on = serializers.DateField(allow_null=True, help_text=_("完成日期"))
    delivered_on = serializers.DateField(allow_null=True, help_text=_("交付日期"))
    excluded_on = serializers.DateField(allow_null=True, help_text=_("剔除日期"))
    exclusion = serializers.CharField(allow_blank=True, help_text=_("剔除原因"))

    def get_subject(self, duty: Any) -> str:
        """Whom or what it is about."""
        return str(self.context["listing"].name(duty))

    def get_subject_id(self, duty: Any) -> int:
        """Its key."""
        return int(self.context["listing"].subject_id(duty))


class CloseSerializer(serializers.Serializer):
    """Which week of which campaign."""

    campaign = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("创建的代码，默认本人所在的创建"),
    )
    week = serializers.CharField(
        max_length=8, required=False, allow_blank=True, default="", help_text=_("周，如 2026-W46，默认上一周")
    )

    def validate_week(self, text: str) -> Week:
        """A week by its number; the last one that ended by default."""
        if not text:
            return Week.of(timezone.localdate()).previous()
        try:
            return Week.parse(text)
        except ValueError:
            raise serializers.ValidationError(_("周应写成 2026-W46。")) from None

    def validate_campaign(self, code: str) -> Campaign:
        """A campaign the person sees."""
        found = campaign_of(self.context["request"].user, code)
        if found is None:
            raise serializers.ValidationError(_("没有这个创建，或不在您的范围内。"))
        return found


class ReportFilters(filters.FilterSet):
    """Weeks by number, state and day."""

    week = filters.CharFilter(label=_("周，如 2026-W46"))
    is_latest = filters.BooleanFilter(method="only_newest", label=_("只看最新版"))
    state = filters.ChoiceFilter(choices=ReportState.choices, label=_("状态"))
    sunday_from = DayFilter(field_name="sunday", lookup_expr="gte", label=_("周日从"))
    sunday_to = DayFilter(field_name="sunday", lookup_expr="lte", label=_("周日至"))

    class Meta:
        model = WeeklyReport
        fields = ("week", "is_latest", "state", "sunday_from", "sunday_to")

    def only_newest(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        """Of each week the newest revision the person sees, or the older ones."""
        return rows.filter(superseded=not value)


@extend_schema_view(
    list=extend_schema(
        summary=_("周报列表"), description=_("冻结的周，新的在前；每周可有多个版次。"), tags=[_("周报")]
    ),
    retrieve=extend_schema(
        summary=_("一份周报"),
        description=_("得分、失分和排名；数据在 figures。"),
        responses={200: ReportFileSerializer},
        tags=[_("周报")],
    ),
)
class ReportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Frozen weeks."""

    needs = dict.fromkeys(("list", "retrieve", "figures", "figure_rows"), (P.VIEW_DASHBOARD,)) | {
        "close": (P.CLOSE_WEEK,),
        "publish": (P.PUBLISH_WEEK,),
    }
    queryset = WeeklyReport.objects.none()
    serializer_class = ReportSerializer
    filterset_class = ReportFilters

    def rows(self, user: Any) -> QuerySet:
        """Weeks in scope."""
        rows = WeeklyReport.objects.visible_to(user).with_superseded(user)
        return rows.select_related("campaign", "rulebook")

    def get_serializer_class(self) -> Any:
        """One week is shown whole."""
        return ReportFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary=_("周报的数据"),
        description=_("本人辖区内的五个数字：应完成、已完成、按时、逾期、剔除。"),
        parameters=[FigureQuerySerializer],
        responses={200: FigureSerializer(many=True)},
        filters=False,
        tags=[_("周报")],
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
        summary=_("数字背后的名单"),
        description=_(
            "同一问题再问一次：名单的条数就是那个数字（figure），不论以后又登记了什么。"
            "只看数量的岗位答复 403；成员单位只看到本单位的问题。"
        ),
        parameters=[RowsQuerySerializer],
        responses={200: RowSerializer(many=True)},
        filters=False,
        tags=[_("周报")],
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
        listing = asked.measure.listing
        answer = self.paged(rows.select_related(listing.subject), RowSerializer, listing=listing)
        answer.data["figure"] = asked.number
        return answer

    @extend_schema(
        summary=_("冻结一周"),
        description=_(
            "在后台清点并冻结；答复的任务 state 为 done 时，result.report 是周报的 id。没有变化时仍是原来的版次，有变化则生成新版。"
            "周日 24:00 以前答复 409。"
        ),
        request=CloseSerializer,
        responses={202: JobSerializer},
        filters=False,
        tags=[_("周报")],
        examples=[OpenApiExample(_("冻结"), value={"week": "2026-W46"}, request_only=True)],
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def close(self, request: Request) -> Response:
        """Freeze a week, or check a frozen one again, in the background."""
        given = self.valid(CloseSerializer)
        job = ask_to_close_week(campaign=given["campaign"], week=given["week"], by=request.user)
        return Response(JobSerializer(job).data, status=202)

    @extend_schema(
        summary=_("发布周报"),
        description=_("发布最新版；已发布或已有新版时答复 409。"),
        request=None,
        responses={200: ReportFileSerializer},
        tags=[_("周报")],
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: int) -> Response:
        """Publish the newest revision."""
        report = publish_week(report=self.get_object(), by=request.user)
        return Response(ReportFileSerializer(report, context=self.get_serializer_context()).data)
