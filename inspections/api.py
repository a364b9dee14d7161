"""The API of supervision: visits owed, visits made, and problems with every step of their way."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Region, Unit
from entities.choices import ResponsibilityGrade, Source
from entities.models import Business
from foodsafe_portal.lib.api import (
    Day,
    DayFilter,
    Files,
    KeyFilter,
    PortalViewSet,
    RegionFilter,
    ScopedKey,
    refused_as,
)
from foodsafe_portal.lib.permissions import Permission as P
from inspections.choices import ExtensionState, ProblemKind, ProblemSource, ProblemState, Severity, VisitMode
from inspections.errors import InspectionRefused, SomebodyWasFirst
from inspections.models import Extension, Problem, ProblemEvent, Visit, VisitDuty
from inspections.querysets import part_condition
from inspections.reports.visits import officers_for
from inspections.rules.states import Act, NotPermitted, StepRefused
from inspections.services import extensions, rectifying, referrals
from inspections.services import problems as opening
from inspections.services.visits import FoundProblem, record_visit, void_visit

refused_as(409, InspectionRefused, StepRefused)
refused_as(403, NotPermitted)

PARTS = [
    ("expected", "应督导"),
    ("done", "已督导"),
    ("on_time", "按时"),
    ("late", "超期完成"),
    ("overdue", "逾期"),
    ("open", "未到期"),
    ("undone", "未督导"),
    ("excluded", "剔除"),
]
GRADES = [*ResponsibilityGrade.choices, ("none", "未定级")]


def graded(queryset: QuerySet, name: str, value: str) -> QuerySet:
    """Rows of one grade; ``none`` stands for ungraded."""
    return queryset.filter(grade="" if value == "none" else value)


# --- duties ----------------------------------------------------------------------------------------


class DutySerializer(serializers.ModelSerializer):
    """A visit owed in a period."""

    business_name = serializers.CharField(source="business.name", read_only=True, help_text="经营主体")
    officer_name = serializers.CharField(
        source="officer.name", read_only=True, default="", help_text="包保干部"
    )
    part = serializers.SerializerMethodField(help_text="今天的状态:done、overdue、open 或 excluded")

    class Meta:
        model = VisitDuty
        fields = (
            "id", "business", "business_name", "region", "grade", "officer", "officer_name", "period", "arises_on", "due_on",
            "times", "visits_made", "fulfilled_on", "delivered_on", "excluded_on", "exclusion", "visit", "part",
        )  # fmt: skip
        read_only_fields = fields

    def get_part(self, duty: VisitDuty) -> str:
        """How it stands today, by the same rule as the figures."""
        today = timezone.localdate()
        if duty.excluded_on and duty.excluded_on <= today:
            return "excluded"
        if duty.fulfilled_on and duty.fulfilled_on <= today:
            return "done"
        return "overdue" if duty.due_on < today else "open"


class DutyFilters(filters.FilterSet):
    """Duties by place, grade, period and how they stand today."""

    region = RegionFilter()
    grade = filters.ChoiceFilter(
        choices=GRADES, method=lambda q, n, v: graded(q, n, v), label="包保等级,none 为未定级"
    )
    period = filters.CharFilter(label="统计期，如 2026Q4")
    part = filters.ChoiceFilter(choices=PARTS, method="standing", label="五个数字中的一个(今天)")
    business = KeyFilter(field_name="business_id", label="经营主体的 id")
    officer = KeyFilter(field_name="officer_id", label="包保干部的 id")
    due_from = DayFilter(field_name="due_on", lookup_expr="gte", label="到期日从")
    due_to = DayFilter(field_name="due_on", lookup_expr="lte", label="到期日至")

    class Meta:
        model = VisitDuty
        fields = ("region", "grade", "period", "part", "business", "officer", "due_from", "due_to")

    def standing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """The rows behind one figure in the course of today."""
        return queryset.filter(part_condition(value, timezone.localdate(), running=True))


@extend_schema_view(
    list=extend_schema(
        summary="督导任务列表",
        description="每家主体每个统计期一条;part 与页面上的五个数字用同一条件。",
        tags=["督导"],
    ),
    retrieve=extend_schema(summary="一条督导任务", tags=["督导"]),
)
class DutyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Visits owed."""

    needs = {"list": (P.VIEW_VISITS,), "retrieve": (P.VIEW_VISITS,)}
    queryset = VisitDuty.objects.none()
    serializer_class = DutySerializer
    filterset_class = DutyFilters

    def rows(self, user: Any) -> QuerySet:
        """The live duties in scope."""
        duties = VisitDuty.objects.visible_to(user).live().filter(ceases_on__isnull=True)
        return duties.select_related("business", "officer")


# --- visits ----------------------------------------------------------------------------------------


class VisitSerializer(serializers.ModelSerializer):
    """A visit made."""

    business_name = serializers.CharField(source="business.name", read_only=True, help_text="经营主体")

    class Meta:
        model = Visit
        fields = (
            "id", "client_uuid", "business", "business_name", "region", "grade", "officer", "officer_name", "officer_level",
            "visited_on", "mode", "answers", "problem_count", "finding", "remedy", "source", "recorded_at", "voided_at",
            "void_reason",
        )  # fmt: skip
        read_only_fields = fields


class FoundSerializer(serializers.Serializer):
    """A problem found on the visit."""

    description = serializers.CharField(max_length=500, help_text="问题描述")
    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.MINOR, help_text="严重程度")
    item = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, allow_null=True, help_text="任务清单中的序号"
    )
    fixed_on_spot = serializers.BooleanField(default=False, help_text="当场整改")


class VisitNewSerializer(serializers.Serializer):
    """One submit: exceptions only, everything not named passed."""

    client_uuid = serializers.UUIDField(help_text="客户端生成的编号：重复提交同一编号，得到的是同一次督导")
    business = ScopedKey(Business, help_text="经营主体的 id")
    officer = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**53,
        help_text="督导干部的 id，要包保这家主体；不传时为本人或与等级相符的干部",
    )
    on = Day(required=False, help_text="督导日期，默认今天")
    mode = serializers.ChoiceField(choices=VisitMode.choices, default=VisitMode.ON_SITE, help_text="督导方式")
    answers = serializers.DictField(
        child=serializers.ChoiceField(choices=[("na", "不适用")]),
        required=False,
        help_text="任务清单序号 → na;没列出的为合格，有问题的写在 problems",
    )
    problems = FoundSerializer(many=True, required=False, help_text="发现的问题；每个问题要有照片(multipart)")

    def validate_answers(self, answers: dict[str, str]) -> dict[str, str]:
        """Numbers of items."""
        if any(not (key.isascii() and key.isdigit() and len(key) < 5) for key in answers):
            raise serializers.ValidationError(_("键要是任务清单中的序号。"))
        return answers

    def validate_problems(self, problems: list[Any]) -> list[Any]:
        """As many as one visit can find."""
        if len(problems) > 50:
            raise serializers.ValidationError(_("一次督导最多登记 50 个问题。"))
        return problems


class VisitFormSerializer(serializers.Serializer):
    """The same as a form with photos: ``problems`` is JSON text, the photos of its n-th problem are sent as ``photo-n``."""

    client_uuid = serializers.UUIDField(help_text="客户端生成的编号")
    business = serializers.IntegerField(help_text="经营主体的 id")
    officer = serializers.IntegerField(required=False, help_text="督导干部的 id")
    on = serializers.DateField(required=False, help_text="督导日期，默认今天")
    mode = serializers.ChoiceField(choices=VisitMode.choices, required=False, help_text="督导方式")
    answers = serializers.CharField(required=False, help_text='JSON 文本，如 {"7": "na"}')
    problems = serializers.CharField(
        required=False,
        help_text='JSON 文本，如 [{"description": "进货查验记录不全", "severity": "minor", "item": 3}]',
    )

    def get_fields(self) -> dict[str, Any]:
        """The photos of the first problem stand for all of them: a hyphen is no Python name."""
        return super().get_fields() | {
            "photo-1": Files(required=False, help_text="第 1 个问题的照片；第 2 个用 photo-2，以此类推")
        }


class ReasonSerializer(serializers.Serializer):
    """Why."""

    reason = serializers.CharField(max_length=200, help_text="原因")


class VisitFilters(filters.FilterSet):
    """Visits by place, grade, day, business and officer."""

    region = RegionFilter()
    grade = filters.ChoiceFilter(
        choices=GRADES, method=lambda q, n, v: graded(q, n, v), label="包保等级,none 为未定级"
    )
    mode = filters.ChoiceFilter(choices=VisitMode.choices, label="督导方式")
    business = KeyFilter(field_name="business_id", label="经营主体的 id")
    officer = KeyFilter(field_name="officer_id", label="包保干部的 id")
    visited_from = DayFilter(field_name="visited_on", lookup_expr="gte", label="督导日期从")
    visited_to = DayFilter(field_name="visited_on", lookup_expr="lte", label="督导日期至")
    voided = filters.BooleanFilter(field_name="voided_at", lookup_expr="isnull", exclude=True, label="已撤销")
    q = filters.CharFilter(field_name="business__name", lookup_expr="contains", label="主体名称中的字")

    class Meta:
        model = Visit
        fields = (
            "region",
            "grade",
            "mode",
            "business",
            "officer",
            "visited_from",
            "visited_to",
            "voided",
            "q",
        )


def form_or_json(request: Request, *names: str) -> dict[str, Any]:
    """The body as plain values; fields that a form sends as JSON text are read."""
    if not hasattr(request.data, "getlist"):
        if not isinstance(request.data, dict):
            raise ValidationError({"non_field_errors": [_("请求体要是一个 JSON 对象。")]})
        return dict(request.data)
    given = {name: value for name, value in request.data.items() if name not in request.FILES}
    for name in names:
        if isinstance(given.get(name), str):
            try:
                given[name] = json.loads(given[name])
            except (ValueError, RecursionError):
                raise ValidationError({name: [_("这里要是 JSON 文本。")]}) from None
    return given


@extend_schema_view(
    list=extend_schema(summary="督导记录列表", description="范围内的督导，新登记的在前。", tags=["督导"]),
    retrieve=extend_schema(summary="一次督导", tags=["督导"]),
)
class VisitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Visits made."""

    needs = {
        "list": (P.VIEW_VISITS,),
        "retrieve": (P.VIEW_VISITS,),
        "create": (P.RECORD_VISIT,),
        "void": (P.RECORD_VISIT,),
    }
    queryset = Visit.objects.none()
    serializer_class = VisitSerializer
    filterset_class = VisitFilters

    def rows(self, user: Any) -> QuerySet:
        """Visits in scope."""
        return Visit.objects.visible_to(user).select_related("business")

    @extend_schema(
        summary="登记督导",
        description="只写例外：没列出的检查项为合格。没有问题用 JSON；有问题用 multipart,每个问题至少 1 张照片。"
        "网络不稳时用同一个 client_uuid 重发，不会重复登记。",
        request={"application/json": VisitNewSerializer, "multipart/form-data": VisitFormSerializer},
        responses={201: VisitSerializer},
        tags=["督导"],
        examples=[
            OpenApiExample(
                "没有问题",
                value={
                    "client_uuid": "0d4ed5ae-7cf6-4c0e-8a3b-0f1d6f4a2c11",
                    "business": 1024,
                    "on": "2026-11-16",
                    "mode": "on_site",
                    "answers": {"7": "na"},
                },
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Record one visit, once."""
        given = self.valid(VisitNewSerializer, form_or_json(request, "answers", "problems"))
        business, wanted = given["business"], given.get("officer")
        officers = officers_for(request.user, business)
        officer = next((one for one in officers if wanted in (None, one.pk)), None)
        if officer is None:
            sentence = (
                _("这位干部没有包保这家主体，请重选。")
                if officers
                else _("这家主体还没有包保干部；请先登记包保关系。")
            )
            raise ValidationError({"officer": [sentence]})
        found = [
            FoundProblem(
                description=one["description"],
                severity=one["severity"],
                item=one.get("item"),
                fixed_on_spot=one["fixed_on_spot"],
                photos=request.FILES.getlist(f"photo-{number}") if hasattr(request.FILES, "getlist") else [],
            )
            for number, one in enumerate(given.get("problems", []), start=1)
        ]
        visit = record_visit(
            business=business,
            officer=officer,
            on=given.get("on") or timezone.localdate(),
            mode=given["mode"],
            answers={int(number): answer for number, answer in given.get("answers", {}).items()},
            problems=found,
            client_uuid=given["client_uuid"],
            source=Source.API,
            by=request.user,
        )
        return Response(VisitSerializer(visit).data, status=201)

    @extend_schema(
        summary="撤销督导",
        description="登记人当天可撤销，以后由维护包保关系的人撤销；记有问题的不能撤销。记录保留，督导任务重新计为未完成。",
        request=ReasonSerializer,
        responses={200: VisitSerializer},
        tags=["督导"],
    )
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        """Take a visit back."""
        visit = self.get_object()
        return Response(
            VisitSerializer(void_visit(visit=visit, by=request.user, **self.valid(ReasonSerializer))).data
        )


# --- problems --------------------------------------------------------------------------------------


class ProblemSerializer(serializers.ModelSerializer):
    """A problem as lists show it."""

    business_name = serializers.CharField(
        source="business.name", read_only=True, default="", help_text="经营主体"
    )
    unit_name = serializers.CharField(source="unit.name", read_only=True, default="", help_text="责任单位")
    overdue = serializers.SerializerMethodField(help_text="今天已逾期")

    class Meta:
        model = Problem
        fields = (
            "id", "code", "kind", "group", "source", "severity", "description", "place", "business", "business_name", "visit",
            "region", "grade", "unit", "unit_name", "assist_units", "leader_name", "owner_name", "rule_item", "found_on",
            "original_due_on", "due_on", "due_provisional", "due_rule", "state", "overdue", "fixed_on_spot", "rectified_on",
            "closed_on", "return_count", "extension_count", "reopen_count", "version", "recorded_at", "voided_at",
            "void_reason",
        )  # fmt: skip
        read_only_fields = fields

    def get_overdue(self, problem: Problem) -> bool:
        """Open although its due day has ended."""
        open_ = problem.closed_on is None and problem.voided_at is None
        return open_ and problem.due_on < timezone.localdate()


class EventSerializer(serializers.ModelSerializer):
    """One step of a problem's way."""

    class Meta:
        model = ProblemEvent
        fields = ("id", "action", "from_state", "to_state", "on", "note", "by_name", "at")
        read_only_fields = fields


class ExtensionSerializer(serializers.ModelSerializer):
    """A request for a later deadline."""

    class Meta:
        model = Extension
        fields = ("id", "from_due_on", "to_due_on", "reason", "state", "requested_at", "decided_at", "note")
        read_only_fields = fields


class ProblemFileSerializer(ProblemSerializer):
    """A problem with its plan and everything that happened to it."""

    events = EventSerializer(many=True, read_only=True)
    extensions = ExtensionSerializer(many=True, read_only=True)

    class Meta(ProblemSerializer.Meta):
        fields = (*ProblemSerializer.Meta.fields, "plan", "progress", "events", "extensions")
        read_only_fields = fields


class OpenSerializer(serializers.Serializer):
    """What every newly found problem has."""

    description = serializers.CharField(max_length=2000, help_text="问题描述")
    source = serializers.ChoiceField(
        choices=ProblemSource.choices, default=ProblemSource.INSPECTION, help_text="问题来源"
    )
    severity = serializers.ChoiceField(
        choices=Severity.choices, default=Severity.MINOR, help_text="严重程度，期限由此算出"
    )
    found_on = Day(required=False, help_text="发现日期，默认今天")
    due_on = Day(required=False, help_text="另定的整改期限")
    place = serializers.CharField(max_length=150, required=False, allow_blank=True, help_text="点位")
    assist_units = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="配合单位"
    )
    leader_name = serializers.CharField(max_length=60, required=False, allow_blank=True, help_text="责任领导")
    rule_item = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="对应评价要点"
    )


class SingleSerializer(OpenSerializer):
    """One problem at one place: a business or a region."""

    business = ScopedKey(Business, required=False, allow_null=True, help_text="经营主体的 id")
    region = ScopedKey(Region, required=False, allow_null=True, help_text="区划代码；没有主体时必填")
    unit = ScopedKey(Unit, required=False, allow_null=True, help_text="责任单位的 id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A problem has a place."""
        if not attrs.get("business") and not attrs.get("region"):
            raise serializers.ValidationError({"region": [_("请选地区，或填经营主体。")]})
        return attrs


class SingleFormSerializer(SingleSerializer):
    """The same with photos."""

    photos = Files(required=False, help_text="整改前照片")


class CommonSerializer(OpenSerializer):
    """A common problem for several units."""

    units = serializers.ListField(
        child=ScopedKey(Unit), min_length=1, max_length=100, help_text="责任单位的 id"
    )


class StepSerializer(serializers.Serializer):
    """A step; ``version`` tells which problem the person saw."""

    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="读到的 version;别人先办过时答复 409"
    )


def _note(words: str, **kwargs: Any) -> serializers.CharField:
    """Some sentences, which may be left out."""
    return serializers.CharField(
        max_length=1000, help_text=words, **{"required": False, "default": "", "allow_blank": True} | kwargs
    )


class PlanSerializer(StepSerializer):
    """One plan, one leader."""

    measures = serializers.CharField(max_length=4000, help_text="整改措施，每行一条")
    leader_name = serializers.CharField(max_length=60, help_text="责任领导，一名")
    owner_name = serializers.CharField(
        max_length=60, required=False, default="", allow_blank=True, help_text="责任人"
    )


class SubmitSerializer(StepSerializer):
    """The fix with its proof."""

    on = Day(help_text="整改完成日期")
    note = serializers.CharField(max_length=1000, help_text="整改情况")
    proof = Files(min_length=1, help_text="整改后的照片或 PDF,1–9 份")


class NoteSerializer(StepSerializer):
    """A remark."""

    note = _note("意见")


class ReturnSerializer(StepSerializer):
    """Why the fix comes back."""

    reason = serializers.CharField(max_length=1000, help_text="退回理由：缺什么、何时补")


class ExtendSerializer(StepSerializer):
    """A later deadline and why."""

    to_due_on = Day(help_text="申请延至")
    reason = serializers.CharField(max_length=300, help_text="延期理由")


class DecideSerializer(StepSerializer):
    """The answer to it."""

    approve = serializers.BooleanField(help_text="true 批准,false 不批准")
    note = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text="不批准须写明理由"
    )


class TransferSerializer(StepSerializer):
    """Another responsible unit and why."""

    unit = ScopedKey(Unit, help_text="新的责任单位的 id")
    reason = serializers.CharField(max_length=1000, help_text="改派理由")


class ReferSerializer(StepSerializer):
    """To whom it is referred and why."""

    office = serializers.CharField(max_length=100, help_text="监管所")
    reason = serializers.CharField(max_length=1000, help_text="移交理由")


OUTCOMES = {"file": Act.FILE_CASE, "decline": Act.DECLINE_CASE, "conclude": Act.CLOSE_CASE}


class ReferralSerializer(StepSerializer):
    """What the regulator did."""

    outcome = serializers.ChoiceField(
        choices=[("file", "立案"), ("decline", "不立案"), ("conclude", "结案")],
        help_text="file、decline 或 conclude",
    )
    on = Day(required=False, help_text="日期，默认今天")
    case_no = serializers.CharField(
        max_length=60, required=False, default="", allow_blank=True, help_text="立案号"
    )
    reason = _note("理由或处理结果")


class RevisitSerializer(StepSerializer):
    """What a look back found."""

    on = Day(help_text="回头看日期")
    passed = serializers.BooleanField(help_text="合格;false 时重新打开")
    note = _note("说明，不合格必填")


class VoidSerializer(StepSerializer):
    """Why it should not have been entered."""

    reason = serializers.CharField(max_length=200, help_text="作废理由")


class ProblemFilters(filters.FilterSet):
    """Problems by place, unit, state, grade, severity, source and days."""

    region = RegionFilter()
    unit = KeyFilter(field_name="unit_id", label="责任单位的 id")
    business = KeyFilter(field_name="business_id", label="经营主体的 id")
    state = filters.ChoiceFilter(choices=ProblemState.choices, label="状态")
    grade = filters.ChoiceFilter(
        choices=GRADES, method=lambda q, n, v: graded(q, n, v), label="包保等级,none 为未定级"
    )
    severity = filters.ChoiceFilter(choices=Severity.choices, label="严重程度")
    source = filters.ChoiceFilter(choices=ProblemSource.choices, label="问题来源")
    kind = filters.ChoiceFilter(choices=ProblemKind.choices, label="问题类型")
    group = filters.CharFilter(label="共性问题组")
    part = filters.ChoiceFilter(
        choices=[("open", "未销号"), ("overdue", "逾期"), ("closed", "已销号")],
        method="standing",
        label="今天的情形",
    )
    found_from = DayFilter(field_name="found_on", lookup_expr="gte", label="发现日期从")
    found_to = DayFilter(field_name="found_on", lookup_expr="lte", label="发现日期至")
    due_from = DayFilter(field_name="due_on", lookup_expr="gte", label="现行期限从")
    due_to = DayFilter(field_name="due_on", lookup_expr="lte", label="现行期限至")
    q = filters.CharFilter(method="search", label="编号的开头，或描述、点位中的字")

    class Meta:
        model = Problem
        fields = (
            "region", "unit", "business", "state", "grade", "severity", "source", "kind", "group", "part", "found_from",
            "found_to", "due_from", "due_to", "q",
        )  # fmt: skip

    def standing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Open, overdue or closed today."""
        if value == "overdue":
            return queryset.overdue_now(timezone.localdate())  # type: ignore[attr-defined]
        return queryset.open() if value == "open" else queryset.filter(closed_on__isnull=False)  # type: ignore[attr-defined]

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """By number or words."""
        return queryset.filter(
            Q(code__istartswith=value) | Q(description__contains=value) | Q(place__contains=value)
        )


def step(summary: str, description: str, body: type[serializers.Serializer] | None, **kwargs: Any) -> Any:
    """The schema of one step."""
    return extend_schema(
        summary=summary,
        description=description,
        request=kwargs.pop("request", body),
        responses={200: ProblemFileSerializer},
        tags=["问题整改"],
        **kwargs,
    )


@extend_schema_view(
    list=extend_schema(summary="问题列表", description="范围内的问题，新登记的在前。", tags=["问题整改"]),
    retrieve=extend_schema(
        summary="一个问题",
        description="含整改方案、经过和延期申请。",
        responses={200: ProblemFileSerializer},
        tags=["问题整改"],
    ),
)
class ProblemViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Problems and their way to closure."""

    needs = {
        "list": (P.VIEW_PROBLEMS,),
        "retrieve": (P.VIEW_PROBLEMS,),
        "create": (P.CREATE_PROBLEM,),
        "common": (P.CREATE_PROBLEM,),
        "sign": (P.RECTIFY_PROBLEM,),
        "plan": (P.RECTIFY_PROBLEM,),
        "submit": (P.RECTIFY_PROBLEM,),
        "pass_first": (P.FIRST_CHECK,),
        "send_back": (P.FIRST_CHECK, P.SECOND_CHECK),
        "close": (P.SECOND_CHECK,),
        "extend": (P.RECTIFY_PROBLEM,),
        "decide_extension": (P.APPROVE_EXTENSION,),
        "transfer": (P.FIRST_CHECK,),
        "refer": (P.REFER_PROBLEM,),
        "referral": (P.RECORD_REFERRAL,),
        "revisit": (P.REVISIT_PROBLEM,),
        "void": (P.CREATE_PROBLEM,),
    }
    queryset = Problem.objects.none()
    serializer_class = ProblemSerializer
    filterset_class = ProblemFilters

    def rows(self, user: Any) -> QuerySet:
        """Problems in scope."""
        found = Problem.objects.visible_to(user).select_related("business", "unit")
        if self.action == "retrieve":
            found = found.prefetch_related("events", Prefetch("extensions"))
        return found

    def get_serializer_class(self) -> Any:
        """One problem is shown whole."""
        return ProblemFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary="登记问题",
        description="期限按严重程度和工作日历算出，责任单位不传时为所在地政府。带照片用 multipart。",
        request={"application/json": SingleSerializer, "multipart/form-data": SingleFormSerializer},
        responses={201: ProblemFileSerializer},
        tags=["问题整改"],
        examples=[
            OpenApiExample(
                "点位问题",
                value={
                    "description": "后厨生熟混放",
                    "severity": "major",
                    "region": "990102001",
                    "found_on": "2026-11-16",
                },
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Open one problem."""
        given = self.valid(SingleFormSerializer)
        given.setdefault("found_on", timezone.localdate())
        problem = opening.open_problem(by=request.user, entry_source=Source.API, **given)
        return Response(ProblemFileSerializer(problem).data, status=201)

    @extend_schema(
        summary="派发共性问题",
        description="每个单位一条，各自签收、整改、销号；同一 group。",
        request=CommonSerializer,
        responses={201: ProblemSerializer(many=True)},
        filters=False,
        tags=["问题整改"],
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def common(self, request: Request) -> Response:
        """One problem for each unit."""
        given = self.valid(CommonSerializer)
        given.setdefault("found_on", timezone.localdate())
        opened = opening.open_common_problem(by=request.user, entry_source=Source.API, **given)
        return Response(ProblemSerializer(opened, many=True).data, status=201)

    def _given(self, kind: type[serializers.Serializer]) -> tuple[Problem, dict[str, Any]]:
        """The problem in scope, unchanged since it was seen, and what was sent."""
        problem = self.get_object()
        given = self.valid(kind)
        version = given.pop("version", None)
        if version is not None and version != problem.version:
            raise SomebodyWasFirst
        return problem, given

    def _after(self, problem: Problem) -> Response:
        """The problem as it stands after the step."""
        fresh = Problem.objects.select_related("business", "unit").get(pk=problem.pk)
        return Response(ProblemFileSerializer(fresh, context=self.get_serializer_context()).data)

    @step("签收", "责任单位签收。", StepSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: int) -> Response:
        """The responsible unit takes it on."""
        problem, _given = self._given(StepSerializer)
        return self._after(rectifying.sign_problem(problem=problem, by=request.user))

    @step(
        "报整改方案",
        "一个问题一个方案、一名责任领导；报送整改以前可以再改。",
        PlanSerializer,
        examples=[
            OpenApiExample(
                "方案",
                value={"measures": "补齐进货台账\n增设生熟分区", "leader_name": "王强"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, pk: int) -> Response:
        """Measures and leader."""
        problem, given = self._given(PlanSerializer)
        return self._after(rectifying.plan_rectification(problem=problem, by=request.user, **given))

    @step(
        "报送整改",
        "附至少 1 张整改后的照片或 1 份 PDF；随后由另一人审核。",
        SubmitSerializer,
        request={"multipart/form-data": SubmitSerializer},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """The fix with its proof."""
        problem, given = self._given(SubmitSerializer)
        return self._after(rectifying.submit_rectification(problem=problem, by=request.user, **given))

    @step("审核通过", "第一道审核；报送整改的人不能审核自己的整改。", NoteSerializer)
    @action(detail=True, methods=["post"], url_path="pass-first")
    def pass_first(self, request: Request, pk: int) -> Response:
        """First check passed."""
        problem, given = self._given(NoteSerializer)
        return self._after(rectifying.pass_first_check(problem=problem, by=request.user, **given))

    @step("退回整改", "审核或复核退回，写明理由。", ReturnSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def send_back(self, request: Request, pk: int) -> Response:
        """Either check sends it back."""
        problem, given = self._given(ReturnSerializer)
        return self._after(rectifying.return_problem(problem=problem, by=request.user, **given))

    @step("复核销号", "第二道复核；报送整改的人不能复核。", NoteSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: int) -> Response:
        """Second check passed."""
        problem, given = self._given(NoteSerializer)
        return self._after(rectifying.close_problem(problem=problem, by=request.user, **given))

    @step("申请延期", "同时只能有一份申请等待批准。", ExtendSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Ask for a later deadline."""
        problem, given = self._given(ExtendSerializer)
        extensions.request_extension(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step("批准延期", "批准或不批准等待中的申请；申请人不能批准。", DecideSerializer)
    @action(detail=True, methods=["post"], url_path="decide-extension")
    def decide_extension(self, request: Request, pk: int) -> Response:
        """Decide the request that waits."""
        problem, given = self._given(DecideSerializer)
        waiting = problem.extensions.filter(state=ExtensionState.REQUESTED).first()
        if waiting is None:
            raise SomebodyWasFirst
        extensions.decide_extension(extension=waiting, by=request.user, **given)
        return self._after(problem)

    @step("改派", "改派给另一个责任单位，由其重新签收；期限不变。", TransferSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, pk: int) -> Response:
        """Another responsible unit."""
        problem, given = self._given(TransferSerializer)
        return self._after(rectifying.transfer_problem(problem=problem, by=request.user, **given))

    @step("移交监管", "移交市场监管所；期限照常计算。", ReferSerializer)
    @action(detail=True, methods=["post"])
    def refer(self, request: Request, pk: int) -> Response:
        """Hand over to the market regulator."""
        problem, given = self._given(ReferSerializer)
        referrals.refer_problem(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step("移交结果", "监管所登记立案(写立案号)、不立案(写理由)或结案(写结果)。", ReferralSerializer)
    @action(detail=True, methods=["post"])
    def referral(self, request: Request, pk: int) -> Response:
        """What the regulator did."""
        problem, given = self._given(ReferralSerializer)
        outcome = OUTCOMES[given.pop("outcome")]
        referrals.record_referral_result(problem=problem, outcome=outcome, by=request.user, **given)
        return self._after(problem)

    @step("回头看", "销号以后回头看；不合格时重新打开并计反弹。", RevisitSerializer)
    @action(detail=True, methods=["post"])
    def revisit(self, request: Request, pk: int) -> Response:
        """Look back after closure."""
        problem, given = self._given(RevisitSerializer)
        referrals.revisit_problem(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step("作废", "误登的问题；创建办在报送整改以前，登记人在登记当天签收以前。", VoidSerializer)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        """Void what was entered by mistake."""
        problem, given = self._given(VoidSerializer)
        return self._after(opening.void_problem(problem=problem, by=request.user, **given))
