"""The API of supervision visits: those owed and those made."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from entities.choices import Source
from entities.models import Business
from foodsafe_portal.lib.api import (
    Day,
    Files,
    ListedViewSet,
    ScopedKey,
)
from foodsafe_portal.lib.permissions import Permission as P
from inspections.api.evidence import EvidenceSerializer, files_of, listed
from inspections.choices import Severity, VisitMode
from inspections.lists import DUTIES, VISITS
from inspections.models import Problem, ProblemEvent, Visit, VisitDuty
from inspections.reports.visits import officers_for
from inspections.rules.standing import part_on
from inspections.services.problems import OPENED
from inspections.services.visits import FoundProblem, record_visit, void_visit

# --- duties ----------------------------------------------------------------------------------------


class DutySerializer(serializers.ModelSerializer):
    """A visit owed in a period."""

    business_name = serializers.CharField(source="business.name", read_only=True, help_text=_("经营主体"))
    officer_name = serializers.CharField(
        source="officer.name", read_only=True, default="", help_text=_("包保干部")
    )
    part = serializers.SerializerMethodField(help_text=_("今天的状态：done、overdue、open 或 excluded"))

    class Meta:
        model = VisitDuty
        fields = (
            "id", "business", "business_name", "region", "grade", "officer", "officer_name", "period", "arises_on", "due_on",
            "times", "visits_made", "fulfilled_on", "delivered_on", "excluded_on", "exclusion", "visit", "part",
        )  # fmt: skip
        read_only_fields = fields

    def get_part(self, duty: VisitDuty) -> str:
        """How it stands today, by the same rule as the figures."""
        return part_on(duty, timezone.localdate())


@extend_schema_view(
    list=extend_schema(
        summary=_("督导任务列表"),
        description=_("一个统计期内每家主体一条，不传 period 时为本期；条件与页面和导出相同。"),
        tags=[_("督导")],
    ),
    retrieve=extend_schema(summary=_("一条督导任务"), tags=[_("督导")]),
)
class DutyViewSet(ListedViewSet):
    """Visits owed."""

    needs = {"list": (P.VIEW_VISITS,), "retrieve": (P.VIEW_VISITS,)}
    serializer_class = DutySerializer
    listing = DUTIES


# --- visits ----------------------------------------------------------------------------------------


class VisitSerializer(serializers.ModelSerializer):
    """A visit made."""

    business_name = serializers.CharField(source="business.name", read_only=True, help_text=_("经营主体"))

    class Meta:
        model = Visit
        fields = (
            "id", "client_uuid", "business", "business_name", "region", "grade", "officer", "officer_name", "officer_level",
            "visited_on", "mode", "answers", "problem_count", "finding", "remedy", "source", "recorded_at", "voided_at",
            "void_reason",
        )  # fmt: skip
        read_only_fields = fields


class VisitFileSerializer(VisitSerializer):
    """A visit with the problems found on it and their photos."""

    problems = serializers.SerializerMethodField(help_text=_("这次督导记下的问题的 id"))
    evidence = serializers.SerializerMethodField(help_text=_("现场照片和文件"))

    class Meta(VisitSerializer.Meta):
        fields = (*VisitSerializer.Meta.fields, "problems", "evidence")
        read_only_fields = fields

    def _found(self, visit: Visit) -> list[int]:
        """The problems of the visit that the person sees."""
        user = self.context["request"].user
        if not user.can(P.VIEW_PROBLEMS):
            return []
        return list(
            Problem.objects.visible_to(user).filter(visit=visit).order_by("pk").values_list("pk", flat=True)
        )

    def get_problems(self, visit: Visit) -> list[int]:
        """Their keys."""
        return self._found(visit)

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, visit: Visit) -> Any:
        """What was photographed on the spot."""
        found = ProblemEvent.objects.filter(problem__in=self._found(visit), action=OPENED)
        keys = found.values_list("pk", flat=True)
        return listed(files_of((Visit, [visit.pk]), (ProblemEvent, keys)), self.context)


class FoundSerializer(serializers.Serializer):
    """A problem found on the visit."""

    description = serializers.CharField(max_length=500, help_text=_("问题描述"))
    severity = serializers.ChoiceField(
        choices=Severity.choices, default=Severity.MINOR, help_text=_("严重程度")
    )
    item = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, allow_null=True, help_text=_("任务清单中的序号")
    )
    fixed_on_spot = serializers.BooleanField(default=False, help_text=_("当场整改"))


class VisitNewSerializer(serializers.Serializer):
    """One submit: exceptions only, everything not named passed."""

    client_uuid = serializers.UUIDField(help_text=_("客户端生成的编号：重复提交同一编号，得到的是同一次督导"))
    business = ScopedKey(Business, help_text=_("经营主体的 id"))
    officer = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**53,
        help_text=_("督导干部的 id，要包保这家主体；不传时为本人或与等级相符的干部"),
    )
    on = Day(required=False, help_text=_("督导日期，默认今天"))
    mode = serializers.ChoiceField(
        choices=VisitMode.choices, default=VisitMode.ON_SITE, help_text=_("督导方式")
    )
    answers = serializers.DictField(
        child=serializers.ChoiceField(choices=[("na", _("不适用"))]),
        required=False,
        help_text=_("任务清单序号 → na；没列出的为合格，有问题的写在 problems"),
    )
    problems = FoundSerializer(
        many=True, required=False, help_text=_("发现的问题；每个问题要有照片（multipart）")
    )

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

    client_uuid = serializers.UUIDField(help_text=_("客户端生成的编号"))
    business = serializers.IntegerField(help_text=_("经营主体的 id"))
    officer = serializers.IntegerField(required=False, help_text=_("督导干部的 id"))
    on = serializers.DateField(required=False, help_text=_("督导日期，默认今天"))
    mode = serializers.ChoiceField(choices=VisitMode.choices, required=False, help_text=_("督导方式"))
    answers = serializers.CharField(required=False, help_text=_('JSON 文本，如 {"7": "na"}'))
    problems = serializers.CharField(
        required=False,
        help_text=_('JSON 文本，如 [{"description": "进货查验记录不全", "severity": "minor", "item": 3}]'),
    )

    def get_fields(self) -> dict[str, Any]:
        """The photos of the first problem stand for all of them: a hyphen is no Python name."""
        return super().get_fields() | {
            "photo-1": Files(required=False, help_text=_("第 1 个问题的照片；第 2 个用 photo-2，以此类推"))
        }


class ReasonSerializer(serializers.Serializer):
    """Why."""

    reason = serializers.CharField(max_length=200, help_text=_("原因"))


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
    list=extend_schema(
        summary=_("督导记录列表"), description=_("范围内的督导，新登记的在前。"), tags=[_("督导")]
    ),
    retrieve=extend_schema(
        summary=_("一次督导"),
        description=_("含记下的问题和现场照片。"),
        responses={200: VisitFileSerializer},
        tags=[_("督导")],
    ),
)
class VisitViewSet(ListedViewSet):
    """Visits made."""

    needs = {
        "list": (P.VIEW_VISITS,),
        "retrieve": (P.VIEW_VISITS,),
        "create": (P.RECORD_VISIT,),
        "void": (P.RECORD_VISIT,),
    }
    serializer_class = VisitSerializer
    listing = VISITS

    def get_serializer_class(self) -> Any:
        """One visit is shown whole."""
        return VisitFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary=_("登记督导"),
        description=_(
            "只写例外：没列出的检查项为合格。没有问题用 JSON；有问题用 multipart，每个问题至少 1 张照片。"
            "网络不稳时用同一个 client_uuid 重发，不会重复登记。"
        ),
        request={"application/json": VisitNewSerializer, "multipart/form-data": VisitFormSerializer},
        responses={201: VisitSerializer},
        tags=[_("督导")],
        examples=[
            OpenApiExample(
                _("没有问题"),
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
        summary=_("撤销督导"),
        description=_(
            "登记人当天可撤销，以后由维护包保关系的人撤销；记有问题的不能撤销。记录保留，督导任务重新计为未完成。"
        ),
        request=ReasonSerializer,
        responses={200: VisitSerializer},
        tags=[_("督导")],
    )
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        """Take a visit back."""
        visit = self.get_object()
        return Response(
            VisitSerializer(void_visit(visit=visit, by=request.user, **self.valid(ReasonSerializer))).data
        )
