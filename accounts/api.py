"""The API of people and places: tokens, who am I, regions and units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AccountToken, PageSession
from accounts.choices import RegionLevel
from accounts.errors import AccountRefused, SignInWaits
from accounts.models import Region, Unit
from accounts.services.tokens import issue_token, revoke_token
from foodsafe_portal.lib.api import ANYBODY, PortalViewSet, RegionFilter, refused_as

refused_as(409, AccountRefused)
refused_as(429, SignInWaits)

# --- tokens ----------------------------------------------------------------------------------------


class PageSessionScheme(OpenApiAuthenticationExtension):
    """The session cookie in the schema."""

    target_class = "accounts.authentication.PageSession"
    name = "sessionAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A cookie; writing needs ``X-CSRFToken`` besides."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": _("网页登录后的会话；写数据还要带 X-CSRFToken 请求头。"),
        }


class CredentialsSerializer(serializers.Serializer):
    """A name or mobile number and its password."""

    username = serializers.CharField(max_length=60, help_text=_("用户名或手机号"))
    password = serializers.CharField(max_length=200, trim_whitespace=False, help_text=_("密码"))


class TokenSerializer(serializers.Serializer):
    """A token, shown once."""

    token = serializers.CharField(help_text=_("令牌；以后的请求带 Authorization: Token …"))


class TokenView(APIView):
    """Obtain a token for name and password; revoke the one in use."""

    http_method_names = ["post", "delete"]

    def get_authenticators(self) -> list[Any]:
        """Whoever asks for a token has nothing to show yet; whoever gives one back has."""
        revoking = self.request is not None and self.request.method == "DELETE"
        return [AccountToken(), PageSession()] if revoking else []

    def get_permissions(self) -> list[Any]:
        """Revoking is for the person themself."""
        return (
            [IsAuthenticated()]
            if self.request is not None and self.request.method == "DELETE"
            else [AllowAny()]
        )

    @extend_schema(
        summary=_("取令牌"),
        description=_(
            "用用户名（或手机号）和密码换一个令牌。每个账号只有一个令牌：再取一次，原来的立即失效。"
            "同一地址、同一账号 15 分钟内最多错 5 次，与网页登录合并计算。首次登录须先在网页上改密码。停用账号、重置或修改密码，令牌立即失效。"
        ),
        request=CredentialsSerializer,
        responses={200: TokenSerializer},
        auth=[],
        tags=[_("令牌")],
        examples=[
            OpenApiExample(
                _("请求"),
                value={"username": "county_liaison", "password": "一个很长的口令"},
                request_only=True,
            ),
            OpenApiExample(
                _("答复"), value={"token": "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"}, response_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """A token for name and password."""
        reader = CredentialsSerializer(data=request.data)
        reader.is_valid(raise_exception=True)
        user = authenticate(request._request, **reader.validated_data)
        if user is None:
            raise PermissionDenied(_("用户名或密码不对，或账号已停用。"))
        return Response({"token": issue_token(user=user).key})

    @extend_schema(
        summary=_("撤销令牌"),
        description=_("撤销自己的令牌，立即失效。"),
        request=None,
        responses={204: None},
        tags=[_("令牌")],
    )
    def delete(self, request: Request) -> Response:
        """The person's token stops working."""
        revoke_token(user=request.user, by=request.user)
        return Response(status=204)


class MeSerializer(serializers.Serializer):
    """Who asks and what they may do today."""

    username = serializers.CharField(help_text=_("用户名"))
    name = serializers.CharField(help_text=_("姓名"))
    roles = serializers.ListField(child=serializers.CharField(), help_text=_("今天的角色"))
    permissions = serializers.ListField(child=serializers.CharField(), help_text=_("今天的权限"))
    import_kinds = serializers.ListField(child=serializers.CharField(), help_text=_("可导入的台账种类"))
    regions = serializers.ListField(child=serializers.CharField(), help_text=_("岗位所在辖区的区划代码"))
    units = serializers.ListField(child=serializers.IntegerField(), help_text=_("岗位所在单位"))


class MeView(APIView):
    """The person behind the request."""

    permission_classes = [IsAuthenticated]
    http_method_names = ["get"]

    @extend_schema(
        summary=_("我是谁"),
        description=_("当前登录人的岗位、权限和辖区。"),
        responses={200: MeSerializer},
        tags=[_("令牌")],
    )
    def get(self, request: Request) -> Response:
        """Name, roles, permissions, territory."""
        user = request.user
        return Response(
            {
                "username": user.username,
                "name": user.name,
                "roles": sorted(user.roles),
                "permissions": sorted(user.permissions),
                "import_kinds": sorted(user.import_kinds),
                "regions": sorted({post.region_id for post in user.posts_today if post.region_id}),
                "units": sorted({post.unit_id for post in user.posts_today if post.unit_id}),
            }
        )


# --- places ----------------------------------------------------------------------------------------


class RegionSerializer(serializers.ModelSerializer):
    """A region."""

    class Meta:
        model = Region
        fields = ("code", "name", "level", "residents", "closed_on")
        read_only_fields = fields


class RegionFilters(filters.FilterSet):
    """Regions by place, level and name."""

    region = RegionFilter("code")
    level = filters.ChoiceFilter(choices=RegionLevel.choices, label=_("层级"))
    q = filters.CharFilter(field_name="name", lookup_expr="contains", label=_("名称中的字"))

    class Meta:
        model = Region
        fields = ("region", "level", "q")


@extend_schema_view(
    list=extend_schema(
        summary=_("行政区划列表"),
        description=_("本人辖区及其上级的行政区划，按代码排列。"),
        tags=[_("区划与单位")],
    ),
    retrieve=extend_schema(
        summary=_("一个行政区划"), description=_("按区划代码取。"), tags=[_("区划与单位")]
    ),
)
class RegionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Administrative divisions in scope."""

    needs = {"list": ANYBODY, "retrieve": ANYBODY}
    queryset = Region.objects.none()
    serializer_class = RegionSerializer
    filterset_class = RegionFilters
    lookup_value_converter = "str"
    ordering = "code"

    def rows(self, user: Any) -> QuerySet:
        """The person's territory and what lies above it."""
        return Region.objects.visible_to(user)


class UnitSerializer(serializers.ModelSerializer):
    """A government body."""

    class Meta:
        model = Unit
        fields = ("id", "name", "short_name", "kind", "region", "parent", "is_member")
        read_only_fields = fields


class UnitFilters(filters.FilterSet):
    """Units by place, membership and name."""

    region = RegionFilter()
    is_member = filters.BooleanFilter(label=_("是否成员单位"))
    q = filters.CharFilter(method="named", label=_("名称或简称中的字"))

    class Meta:
        model = Unit
        fields = ("region", "is_member", "q")

    def named(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """By a part of either name."""
        return queryset.filter(Q(name__contains=value) | Q(short_name__contains=value))


@extend_schema_view(
    list=extend_schema(
        summary=_("单位列表"), description=_("本人范围内的部门、政府和监管所。"), tags=[_("区划与单位")]
    ),
    retrieve=extend_schema(summary=_("一个单位"), tags=[_("区划与单位")]),
)
class UnitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Government bodies in scope."""

    needs = {"list": ANYBODY, "retrieve": ANYBODY}
    queryset = Unit.objects.none()
    serializer_class = UnitSerializer
    filterset_class = UnitFilters
    ordering = "id"

    def rows(self, user: Any) -> QuerySet:
        """Units the person may see."""
        return Unit.objects.visible_to(user)
