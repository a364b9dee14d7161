"""The API of dated changes of status and grade: proposed by one person, reviewed by another."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from entities import services
from entities.choices import (
    BusinessStatus,
    ResponsibilityGrade,
)
from entities.lists import GRADE_CHANGES, STATUS_CHANGES
from entities.models import GradeChange, StatusChange
from foodsafe_portal.lib.api import (
    Day,
    Files,
    ListedViewSet,
)
from foodsafe_portal.lib.permissions import Permission as P


class ProposalSerializer(serializers.Serializer):
    """A proposed business status with its reason and proof."""

    to_status = serializers.ChoiceField(choices=BusinessStatus.choices, help_text=_("新状态"))
    effective_on = Day(help_text=_("状态实际改变的那天"))
    reason = serializers.CharField(max_length=300, help_text=_("原因"))


class ProposalFilesSerializer(ProposalSerializer):
    """The same with photos or PDF files."""

    evidence = Files(required=False, help_text=_("佐证：照片或 PDF"))


class ChangeSerializer(serializers.ModelSerializer):
    """A proposed or reviewed change of status."""

    business_name = serializers.CharField(source="business.name", read_only=True, help_text=_("经营主体"))
    proposed_by = serializers.CharField(
        source="proposed_by.name", read_only=True, default="", help_text=_("提出人")
    )
    reviewed_by = serializers.CharField(
        source="reviewed_by.name", read_only=True, default="", help_text=_("审核人")
    )

    class Meta:
        model = StatusChange
        fields = (
            "id", "business", "business_name", "from_status", "to_status", "effective_on", "reason", "state", "proposed_by",
            "proposed_at", "reviewed_by", "reviewed_at", "review_note",
        )  # fmt: skip
        read_only_fields = fields


class ReviewSerializer(serializers.Serializer):
    """A reviewer's answer."""

    approve = serializers.BooleanField(help_text=_("true 通过，false 不通过"))
    note = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text=_("不通过须写明意见")
    )


@extend_schema_view(
    list=extend_schema(
        summary=_("经营状态变更列表"),
        description=_("待审核的变更；state 另选已审核或未通过的。"),
        tags=[_("经营主体")],
    ),
    retrieve=extend_schema(summary=_("一条经营状态变更"), tags=[_("经营主体")]),
)
class StatusChangeViewSet(ListedViewSet):
    """Dated changes of status."""

    needs = {"list": (P.REVIEW_STATUS,), "retrieve": (P.REVIEW_STATUS,), "review": (P.REVIEW_STATUS,)}
    serializer_class = ChangeSerializer
    listing = STATUS_CHANGES

    @extend_schema(
        summary=_("审核经营状态变更"),
        description=_("提出人不能审核自己的变更；已有人审核时答复 409。通过后主体的状态和应督导随之改变。"),
        request=ReviewSerializer,
        responses={200: ChangeSerializer},
        tags=[_("经营主体")],
    )
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: int) -> Response:
        """Approve or reject."""
        change = self.get_object()
        given = self.valid(ReviewSerializer)
        return Response(
            ChangeSerializer(services.review_status_change(change=change, by=request.user, **given)).data
        )


# --- grades ----------------------------------------------------------------------------------------


class GradeProposalSerializer(serializers.Serializer):
    """Another responsibility grade with its reason."""

    to_grade = serializers.ChoiceField(choices=ResponsibilityGrade.choices, help_text=_("新包保等级"))
    effective_on = Day(help_text=_("生效日期"))
    reason = serializers.CharField(max_length=300, help_text=_("原因"))


class GradeChangeSerializer(ChangeSerializer):
    """A proposed or reviewed change of grade."""

    class Meta(ChangeSerializer.Meta):
        model = GradeChange
        fields = (
            "id", "business", "business_name", "from_grade", "to_grade", "manual", "effective_on", "reason", "state",
            "proposed_by", "proposed_at", "reviewed_by", "reviewed_at", "review_note",
        )  # fmt: skip
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(
        summary=_("包保等级变更列表"),
        description=_("待审核的变更；state 另选已审核或未通过的。"),
        tags=[_("经营主体")],
    ),
    retrieve=extend_schema(summary=_("一条包保等级变更"), tags=[_("经营主体")]),
)
class GradeChangeViewSet(ListedViewSet):
    """Dated changes of grade."""

    needs = {"list": (P.REVIEW_STATUS,), "retrieve": (P.REVIEW_STATUS,), "review": (P.REVIEW_STATUS,)}
    serializer_class = GradeChangeSerializer
    listing = GRADE_CHANGES

    @extend_schema(
        summary=_("审核包保等级变更"),
        description=_("提出人不能审核自己的变更；已有人审核时答复 409。通过后按新等级计督导任务。"),
        request=ReviewSerializer,
        responses={200: GradeChangeSerializer},
        tags=[_("经营主体")],
    )
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: int) -> Response:
        """Approve or reject."""
        change = self.get_object()
        given = self.valid(ReviewSerializer)
        done = services.review_grade_change(change=change, by=request.user, **given)
        return Response(GradeChangeSerializer(done).data)
