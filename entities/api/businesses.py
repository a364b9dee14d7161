"""The API of the register of businesses."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import RegionLevel
from accounts.models import Region
from entities import services
from entities.api.changes import (
    ChangeSerializer,
    GradeChangeSerializer,
    GradeProposalSerializer,
    ProposalFilesSerializer,
    ProposalSerializer,
)
from entities.choices import (
    Source,
)
from entities.fields import EDITABLE
from entities.lists import BUSINESSES
from entities.models import Business
from foodsafe_portal.lib.api import (
    Day,
    ListedViewSet,
    ScopedKey,
)
from foodsafe_portal.lib.formats import masked_digits
from foodsafe_portal.lib.permissions import Permission as P


class BusinessSerializer(serializers.ModelSerializer):
    """A business of the register."""

    region_name = serializers.CharField(source="region.name", read_only=True, help_text=_("所在地区名称"))
    contact_phone = serializers.SerializerMethodField(
        help_text=_("联系电话；没有修改权限的人只看到遮盖后的号码，列表一律遮盖")
    )

    class Meta:
        model = Business
        fields = (
            "id", "name", "credit_code", "licence_no", "licence_valid_to", "business_type", "scale", "legal_person",
            "contact_phone", "premises_address", "region", "region_name", "supervision_office", "responsibility_grade",
            "risk_grade", "credit_grade", "catering_grade", "high_risk", "status", "safety_director", "safety_officer",
            "national_no", "registered_on", "version", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_contact_phone(self, business: Business) -> str:
        """The number, as the pages show it."""
        view = self.context.get("view")
        whole = view is not None and view.action != "list" and view.request.user.can(P.EDIT_BUSINESS)
        return business.contact_phone if whole else masked_digits(business.contact_phone)


class BusinessWriteSerializer(serializers.ModelSerializer):
    """The fields people correct by hand. Status and grade have ways of their own."""

    region = ScopedKey(Region, help_text=_("乡镇或村的区划代码，在本人辖区内"))
    licence_valid_to = Day(required=False, allow_null=True, help_text=_("有效期至"))

    class Meta:
        model = Business
        fields = EDITABLE
        extra_kwargs = {
            name: {"required": False}
            for name in EDITABLE
            if name not in ("name", "business_type", "premises_address", "region")
        }

    def validate_region(self, region: Region) -> Region:
        """A business stands in a township or village that still exists."""
        if region.closed_on or region.level not in (RegionLevel.TOWNSHIP, RegionLevel.VILLAGE):
            raise serializers.ValidationError(_("所在地区要选现有的乡镇（街道）或村（社区）。"))
        return region

    def validate_contact_phone(self, number: str) -> str:
        """A number read from a list is masked and must not come back."""
        if "*" in number:
            raise serializers.ValidationError(_("号码是遮盖过的，请填完整的号码，或不要传这一项。"))
        return number


class BusinessNewSerializer(BusinessWriteSerializer):
    """A new business: without a grade, in normal operation."""

    registered_on = Day(required=False, help_text=_("入册日期，默认今天"))

    class Meta(BusinessWriteSerializer.Meta):
        fields = (*EDITABLE, "registered_on")


class BusinessChangeSerializer(BusinessWriteSerializer):
    """Corrections, with the version they were made from."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text=_("读到的 version"))

    class Meta(BusinessWriteSerializer.Meta):
        fields = (*EDITABLE, "version")
        extra_kwargs = {name: {"required": False} for name in EDITABLE}

    def get_fields(self) -> dict[str, Any]:
        """Only the version must be there; what is missing stays as it is."""
        found = super().get_fields()
        for name, field in found.items():
            field.required = name == "version"
        return found


EXAMPLE = {
    "name": "南湖区幸福饭店",
    "licence_no": "JY29901020000018",
    "business_type": "catering",
    "premises_address": "南湖区人民街道幸福路 18 号",
    "region": "990102001",
}


@extend_schema_view(
    list=extend_schema(
        summary=_("经营主体列表"),
        description=_("本人范围内的食品经营主体，新入册的在前。"),
        tags=[_("经营主体")],
    ),
    retrieve=extend_schema(summary=_("一个经营主体"), tags=[_("经营主体")]),
)
class BusinessViewSet(ListedViewSet):
    """The register of businesses."""

    needs = {
        "list": (P.VIEW_BUSINESSES,),
        "retrieve": (P.VIEW_BUSINESSES,),
        "create": (P.EDIT_BUSINESS,),
        "partial_update": (P.EDIT_BUSINESS,),
        "status_changes": (P.PROPOSE_STATUS,),
        "grade_changes": (P.EDIT_BUSINESS, P.REVIEW_STATUS),
    }
    serializer_class = BusinessSerializer
    listing = BUSINESSES

    def rows(self, user: Any) -> QuerySet:
        """Businesses with the names of their places."""
        return super().rows(user).select_related("region")

    @extend_schema(
        summary=_("新增经营主体"),
        description=_(
            "逐户录入；整册数据请用台账。入册时未定级、状态为正常。许可证号（或信用代码加经营场所）已在册时答复 409。"
        ),
        request=BusinessNewSerializer,
        responses={201: BusinessSerializer},
        tags=[_("经营主体")],
        examples=[OpenApiExample(_("新增"), value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        """Enter one business."""
        values = self.valid(BusinessNewSerializer)
        day = values.pop("registered_on", None) or timezone.localdate()
        business = services.register_business(
            by=request.user, values=values, registered_on=day, source=Source.API
        )
        return Response(self.get_serializer(business).data, status=201)

    @extend_schema(
        summary=_("修改经营主体"),
        description=_(
            "只传要改的项和读到的 version。别人先保存过时答复 409，clashes 列出双方的值，version 是现在的版本；"
            "核对后带新的 version 再传。经营状态和包保等级不在这里改。"
        ),
        request=BusinessChangeSerializer,
        responses={200: BusinessSerializer},
        tags=[_("经营主体")],
        examples=[
            OpenApiExample(_("改负责人"), value={"version": 3, "legal_person": "李四"}, request_only=True),
            OpenApiExample(
                _("别人先保存过"),
                value={
                    "detail": "您打开之后，别人已保存过这条记录。下面列出两边的值，请核对后再保存。",
                    "version": 4,
                    "clashes": {"legal_person": {"saved": "王五", "yours": "李四"}},
                },
                response_only=True,
                status_codes=["409"],
            ),
        ],
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """Correct fields that nobody else has saved since."""
        business = self.get_object()
        changes = self.valid(BusinessChangeSerializer)
        version = changes.pop("version")
        saved = services.update_business(
            business=business, version=version, changes=changes, by=request.user, on=timezone.localdate()
        )
        return Response(self.get_serializer(saved).data)

    @extend_schema(
        summary=_("申请变更经营状态"),
        description=_("由另一人审核；审核通过前仍按原状态计入应督导。可附佐证（multipart）。"),
        request={"application/json": ProposalSerializer, "multipart/form-data": ProposalFilesSerializer},
        responses={201: ChangeSerializer},
        tags=[_("经营主体")],
        examples=[
            OpenApiExample(
                _("停业"),
                value={"to_status": "suspended", "effective_on": "2026-11-10", "reason": "装修停业"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path="status-changes")
    def status_changes(self, request: Request, pk: int) -> Response:
        """Propose another status."""
        business = self.get_object()
        given = self.valid(ProposalFilesSerializer)
        uploads = tuple(given.pop("evidence", ()))
        change = services.propose_status_change(business=business, by=request.user, uploads=uploads, **given)
        return Response(ChangeSerializer(change).data, status=201)

    @extend_schema(
        summary=_("调整包保等级"),
        description=_("有审核权限的人调整后立即生效；其他人提请审核。人工调整后，台账里的等级不再改动它。"),
        request=GradeProposalSerializer,
        responses={201: GradeChangeSerializer},
        tags=[_("经营主体")],
        examples=[
            OpenApiExample(
                _("调整"),
                value={"to_grade": "B", "effective_on": "2026-11-10", "reason": "扩大经营面积"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path="grade-changes")
    def grade_changes(self, request: Request, pk: int) -> Response:
        """Set or propose another grade."""
        business = self.get_object()
        given = self.valid(GradeProposalSerializer)
        change = services.regrade_business(business=business, by=request.user, **given)
        return Response(GradeChangeSerializer(change).data, status=201)
