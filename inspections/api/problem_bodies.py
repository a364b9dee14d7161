"""What the API says and reads of a problem, step by step of its way."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Region, Unit
from entities.models import Business
from foodsafe_portal.lib.api import (
    Day,
    Files,
    ScopedKey,
)
from inspections.api.evidence import EvidenceSerializer, files_of, listed
from inspections.choices import ProblemSource, Severity
from inspections.models import Extension, Problem, ProblemEvent
from inspections.rectification import dates_of
from inspections.rules.standing import part_on
from inspections.rules.states import Act


class ProblemSerializer(serializers.ModelSerializer):
    """A problem as lists show it."""

    business_name = serializers.CharField(
        source="business.name", read_only=True, default="", help_text=_("经营主体")
    )
    unit_name = serializers.CharField(source="unit.name", read_only=True, default="", help_text=_("责任单位"))
    overdue = serializers.SerializerMethodField(help_text=_("今天已逾期"))

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
        return part_on(dates_of(problem), timezone.localdate()) == "overdue"


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
    evidence = serializers.SerializerMethodField(help_text=_("整改前后的照片和文件"))

    class Meta(ProblemSerializer.Meta):
        fields = (*ProblemSerializer.Meta.fields, "plan", "progress", "events", "extensions", "evidence")
        read_only_fields = fields

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, problem: Problem) -> Any:
        """The proof of the problem and of its fix."""
        events = [event.pk for event in problem.events.all()]
        return listed(files_of((Problem, [problem.pk]), (ProblemEvent, events)), self.context)


class OpenSerializer(serializers.Serializer):
    """What every newly found problem has."""

    description = serializers.CharField(max_length=2000, help_text=_("问题描述"))
    source = serializers.ChoiceField(
        choices=ProblemSource.choices, default=ProblemSource.INSPECTION, help_text=_("问题来源")
    )
    severity = serializers.ChoiceField(
        choices=Severity.choices, default=Severity.MINOR, help_text=_("严重程度，期限由此算出")
    )
    found_on = Day(required=False, help_text=_("发现日期，默认今天"))
    due_on = Day(required=False, help_text=_("另定的整改期限"))
    place = serializers.CharField(max_length=150, required=False, allow_blank=True, help_text=_("点位"))
    assist_units = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text=_("配合单位")
    )
    leader_name = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text=_("责任领导")
    )
    rule_item = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text=_("对应评价要点")
    )


class SingleSerializer(OpenSerializer):
    """One problem at one place: a business or a region."""

    business = ScopedKey(Business, required=False, allow_null=True, help_text=_("经营主体的 id"))
    region = ScopedKey(Region, required=False, allow_null=True, help_text=_("区划代码；没有主体时必填"))
    unit = ScopedKey(Unit, required=False, allow_null=True, help_text=_("责任单位的 id"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A problem has a place."""
        if not attrs.get("business") and not attrs.get("region"):
            raise serializers.ValidationError({"region": [_("请选地区，或填经营主体。")]})
        return attrs


class SingleFormSerializer(SingleSerializer):
    """The same with photos."""

    photos = Files(required=False, help_text=_("整改前照片"))


class CommonSerializer(OpenSerializer):
    """A common problem for several units."""

    units = serializers.ListField(
        child=ScopedKey(Unit), min_length=1, max_length=100, help_text=_("责任单位的 id")
    )


class StepSerializer(serializers.Serializer):
    """A step; ``version`` tells which problem the person saw."""

    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text=_("读到的 version；别人先办过时答复 409")
    )


def _note(words: str, **kwargs: Any) -> serializers.CharField:
    """Some sentences, which may be left out."""
    return serializers.CharField(
        max_length=1000, help_text=words, **{"required": False, "default": "", "allow_blank": True} | kwargs
    )


class PlanSerializer(StepSerializer):
    """One plan, one leader."""

    measures = serializers.CharField(max_length=4000, help_text=_("整改措施，每行一条"))
    leader_name = serializers.CharField(max_length=60, help_text=_("责任领导，一名"))
    owner_name = serializers.CharField(
        max_length=60, required=False, default="", allow_blank=True, help_text=_("责任人")
    )


class SubmitSerializer(StepSerializer):
    """The fix with its proof."""

    on = Day(help_text=_("整改完成日期"))
    note = serializers.CharField(max_length=1000, help_text=_("整改情况"))
    proof = Files(min_length=1, help_text=_("整改后的照片或 PDF，1–9 份"))


class NoteSerializer(StepSerializer):
    """A remark."""

    note = _note(_("意见"))


class ReturnSerializer(StepSerializer):
    """Why the fix comes back."""

    reason = serializers.CharField(max_length=1000, help_text=_("退回理由：缺什么、何时补"))


class ExtendSerializer(StepSerializer):
    """A later deadline and why."""

    to_due_on = Day(help_text=_("申请延至"))
    reason = serializers.CharField(max_length=300, help_text=_("延期理由"))


class DecideSerializer(StepSerializer):
    """The answer to it."""

    approve = serializers.BooleanField(help_text=_("true 批准，false 不批准"))
    note = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text=_("不批准须写明理由")
    )


class TransferSerializer(StepSerializer):
    """Another responsible unit and why."""

    unit = ScopedKey(Unit, help_text=_("新的责任单位的 id"))
    reason = serializers.CharField(max_length=1000, help_text=_("改派理由"))


class ReferSerializer(StepSerializer):
    """To whom it is referred and why."""

    office = serializers.CharField(max_length=100, help_text=_("监管所"))
    reason = serializers.CharField(max_length=1000, help_text=_("移交理由"))


OUTCOMES = {"file": Act.FILE_CASE, "decline": Act.DECLINE_CASE, "conclude": Act.CLOSE_CASE}


class ReferralSerializer(StepSerializer):
    """What the regulator did."""

    outcome = serializers.ChoiceField(
        choices=[("file", _("立案")), ("decline", _("不立案")), ("conclude", _("结案"))],
        help_text=_("file、decline 或 conclude"),
    )
    on = Day(required=False, help_text=_("日期，默认今天"))
    case_no = serializers.CharField(
        max_length=60, required=False, default="", allow_blank=True, help_text=_("立案号")
    )
    reason = _note(_("理由或处理结果"))


class RevisitSerializer(StepSerializer):
    """What a look back found."""

    on = Day(help_text=_("回头看日期"))
    passed = serializers.BooleanField(help_text=_("合格；false 时重新打开"))
    note = _note(_("说明，不合格必填"))


class VoidSerializer(StepSerializer):
    """Why it should not have been entered."""

    reason = serializers.CharField(max_length=200, help_text=_("作废理由"))
