"""The API of officers and of the businesses bound to them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from entities import services
from entities.choices import (
    OfficerLevel,
)
from entities.lists import OFFICERS
from entities.models import Assignment, Business, Officer
from foodsafe_portal.lib.api import Day, KeyFilter, ListedViewSet, PortalViewSet, RegionFilter, ScopedKey
from foodsafe_portal.lib.formats import masked_digits
from foodsafe_portal.lib.permissions import Permission as P


class OfficerSerializer(serializers.ModelSerializer):
    """A cadre who is responsible for businesses."""

    region_name = serializers.CharField(source="region.name", read_only=True, help_text=_("所在地区名称"))
    phone = serializers.SerializerMethodField(help_text=_("联系电话；没有调整包保权限的人只看到遮盖后的号码"))

    class Meta:
        model = Officer
        fields = (
            "id",
            "name",
            "title",
            "level",
            "unit_name",
            "phone",
            "region",
            "region_name",
            "is_active",
            "version",
        )
        read_only_fields = fields

    def get_phone(self, officer: Officer) -> str:
        """The number, as the pages show it."""
        view = self.context.get("view")
        whole = view is not None and view.request.user.can(P.EDIT_ASSIGNMENT)
        return officer.phone if whole else masked_digits(officer.phone)


@extend_schema_view(
    list=extend_schema(summary=_("包保干部列表"), tags=[_("包保干部")], description=_("范围内的包保干部。")),
    retrieve=extend_schema(
        summary=_("一名包保干部"),
        description=_("其包保的主体：GET /api/v1/businesses/?officer=<id>。"),
        tags=[_("包保干部")],
    ),
)
class OfficerViewSet(ListedViewSet):
    """Officers and how they are reached."""

    needs = {"list": (P.VIEW_OFFICERS,), "retrieve": (P.VIEW_OFFICERS,)}
    serializer_class = OfficerSerializer
    listing = OFFICERS

    def rows(self, user: Any) -> QuerySet:
        """Officers with the names of their places."""
        return super().rows(user).select_related("region")


# --- assignments -----------------------------------------------------------------------------------


class AssignmentSerializer(serializers.ModelSerializer):
    """An officer bound to a business from a day on, until a day or still."""

    officer_name = serializers.CharField(source="officer.name", read_only=True, help_text=_("包保干部"))
    business_name = serializers.CharField(source="business.name", read_only=True, help_text=_("经营主体"))
    region = serializers.CharField(source="business.region_id", read_only=True, help_text=_("区划代码"))

    class Meta:
        model = Assignment
        fields = (
            "id", "officer", "officer_name", "business", "business_name", "region", "level", "valid_from", "valid_to",
            "recorded_at",
        )  # fmt: skip
        read_only_fields = fields


class AssignSerializer(serializers.Serializer):
    """Who is bound to what, and from when."""

    business = ScopedKey(Business, help_text=_("经营主体的 id"))
    officer = ScopedKey(Officer, help_text=_("包保干部的 id：所在乡镇（街道）或其上级的在岗干部"))
    valid_from = Day(required=False, help_text=_("包保起始，默认今天"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Of the officers the person sees, those of the place and above it."""
        user = self.context["request"].user
        fitting = Officer.objects.visible_to(user).fit_for(attrs["business"].region_id)
        if not fitting.filter(pk=attrs["officer"].pk).exists():
            raise serializers.ValidationError(
                {"officer": [_("这位干部不在岗，或不属于主体所在地及其上级，请另选。")]}
            )
        return attrs


class EndSerializer(serializers.Serializer):
    """The last day and why."""

    on = Day(required=False, help_text=_("终止日期，最后在任的一天，默认今天"))
    reason = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text=_("原因")
    )


class AssignmentFilters(filters.FilterSet):
    """Bonds by place, officer, business, level and whether they still hold."""

    region = RegionFilter("business__region_id")
    officer = KeyFilter(field_name="officer_id", label=_("包保干部的 id"))
    business = KeyFilter(field_name="business_id", label=_("经营主体的 id"))
    level = filters.ChoiceFilter(choices=OfficerLevel.choices, label=_("包保层级"))
    active = filters.BooleanFilter(field_name="valid_to", lookup_expr="isnull", label=_("仍在包保"))

    class Meta:
        model = Assignment
        fields = ("region", "officer", "business", "level", "active")


@extend_schema_view(
    list=extend_schema(
        summary=_("包保关系列表"),
        description=_("谁从哪天起包保哪家主体；终止的也列出，active=true 只看现行的。"),
        tags=[_("包保干部")],
    ),
    retrieve=extend_schema(summary=_("一条包保关系"), tags=[_("包保干部")]),
)
class AssignmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Who is responsible for what."""

    needs = {
        "list": (P.VIEW_OFFICERS, P.VIEW_BUSINESSES),
        "retrieve": (P.VIEW_OFFICERS, P.VIEW_BUSINESSES),
        "create": (P.EDIT_ASSIGNMENT,),
        "end": (P.EDIT_ASSIGNMENT,),
    }
    queryset = Assignment.objects.none()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilters

    def rows(self, user: Any) -> QuerySet:
        """Bonds in scope that nobody has voided."""
        bonds = Assignment.objects.visible_to(user).filter(voided_at__isnull=True)
        return bonds.select_related("officer", "business")

    @extend_schema(
        summary=_("指定包保干部"),
        description=_("同一层级原有的干部到起始日前一天终止，历史保留。"),
        request=AssignSerializer,
        responses={201: AssignmentSerializer},
        tags=[_("包保干部")],
    )
    def create(self, request: Request) -> Response:
        """Bind an officer; the one who held the same level is relieved."""
        given = self.valid(AssignSerializer)
        officer, business = given["officer"], given["business"]
        held = business.assignments.active().filter(level=officer.level).select_related("officer").first()
        made = services.assign_officer(
            officer=officer,
            business=business,
            valid_from=given.get("valid_from") or timezone.localdate(),
            replacing=held,
            by=request.user,
        )
        return Response(AssignmentSerializer(made).data, status=201)

    @extend_schema(
        summary=_("终止包保"),
        description=_("终止后这家主体没有该层级的包保干部，须在 7 个工作日内调整。"),
        request=EndSerializer,
        responses={200: AssignmentSerializer},
        tags=[_("包保干部")],
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        """End a bond."""
        given = self.valid(EndSerializer)
        given["on"] = given.get("on") or timezone.localdate()
        ended = services.end_assignment(assignment=self.get_object(), by=request.user, **given)
        return Response(AssignmentSerializer(ended).data)
