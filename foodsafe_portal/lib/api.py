"""The shared pieces of the API: who may act, keyset paging, one shape of every error, and what the schema says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as FieldInvalid
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from rest_framework import exceptions, mixins, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback
from rest_framework.viewsets import GenericViewSet

from foodsafe_portal.lib.lists import Listing
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.scope import in_territory

Needs = tuple[Permission, ...]
ANYBODY: Needs = ()
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
MOST_FILES = 9

# --- pages ---------------------------------------------------------------------------------------


class KeysetPagination(CursorPagination):
    """Pages that begin behind the last row of the one before: no count, no page is slower than the first."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    page_size_query_description = gettext_lazy("每页条数，1–500，默认 50。")
    cursor_query_description = gettext_lazy("上一页答复里 next 或 previous 所带的游标，原样传回。")

    def get_ordering(self, request: Request, queryset: QuerySet, view: Any) -> tuple[str, ...]:
        """The view's own order: a unique column."""
        return (view.ordering,)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """One page; a cursor that nobody handed out is refused."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, FieldInvalid, exceptions.NotFound):
            raise exceptions.ValidationError({"cursor": [_("游标无效，请从第一页重新取。")]}) from None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The shape of a page."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": _("下一页的地址，没有则为 null。")},
                "previous": {**link, "description": _("上一页的地址，没有则为 null。")},
                "results": schema,
            },
        }


# --- doors -----------------------------------------------------------------------------------------


class HoldsPermission(BasePermission):
    """A signed-in person with one of the permissions that the view names for the act; ``ANYBODY`` asks for no more than that."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether this person may perform ``view.action``; an act the view does not name is nobody's."""
        if not request.user.is_authenticated:
            return False
        if view.action in (None, "metadata"):
            return True  # no such method here: the view says so itself (405)
        needs = view.needs.get(view.action)
        return needs is not None and (not needs or any(request.user.can(one) for one in needs))


class PortalViewSet(GenericViewSet):
    """A resource: ``needs`` names the permissions of every act, ``rows`` what this person sees of it.

    What lies outside the scope answers 404, what the posts do not allow 403, as on the pages.
    """

    needs: ClassVar[Mapping[str, Needs]] = {}
    permission_classes = [HoldsPermission]
    pagination_class = KeysetPagination
    http_method_names = ["get", "head", "post", "patch"]
    lookup_value_converter = "int"
    ordering: ClassVar[str] = "-id"

    def rows(self, user: Any) -> QuerySet:
        """The rows this person may see, with everything the answer prints."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet:
        """``rows`` of whoever asks; without a person (the schema) none."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset  # type: ignore[return-value]
        return self.rows(self.request.user)

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Filters narrow lists; one object is found by its key alone."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def valid(
        self, kind: type[serializers.BaseSerializer], data: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """The body as ``kind`` reads it; raises the validation error that answers 400."""
        given = self.request.data if data is None else data
        if not isinstance(given, Mapping):
            raise exceptions.ValidationError({"non_field_errors": [_("请求体要是一个 JSON 对象。")]})
        reader = kind(data=given, context=self.get_serializer_context(), **kwargs)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def paged(self, queryset: QuerySet, kind: type[serializers.BaseSerializer], **context: Any) -> Response:
        """One page of ``queryset``; ``context`` is what the serializer needs to know beside the request."""
        page = self.paginate_queryset(queryset)
        known = {**self.get_serializer_context(), **context}
        return self.get_paginated_response(kind(page, many=True, context=known).data)


class ListedViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """A resource whose rows and filters are those of a list: what its page shows for an address, the API answers for the same."""

    listing: ClassVar[Listing]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "listing" in cls.__dict__:
            cls.filterset_class = cls.__dict__.get("filterset_class") or cls.listing.Filters  # type: ignore[attr-defined]
            cls.queryset = cls.listing.model._default_manager.none()

    def rows(self, user: Any) -> QuerySet:
        """The rows of the list that this person may see."""
        return self.listing.rows(user).select_related(*self.listing.related)


# --- filters -----------------------------------------------------------------------------------------


class RegionFilter(filters.CharFilter):
    """Rows of a region and everything below it, by its code."""

    def __init__(self, path: str = "region_id", **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("区划代码（2、4、6、9 或 12 位），含下级"))
        super().__init__(
            validators=[RegexValidator(r"\A[0-9]{2,12}\Z", gettext_lazy("区划代码是 2 至 12 位数字。"))],
            **kwargs,
        )
        self.path = path

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Narrow to the region."""
        return qs.filter(in_territory(value, self.path)) if value else qs


class DayFilter(filters.DateFilter):
    """A day such as 2026-11-16."""

    def __init__(self, **kwargs: Any) -> None:
        limits = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(validators=limits, **kwargs)


class KeyFilter(filters.NumberFilter):
    """A row by its number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**53, decimal_places=0, **kwargs)


# --- bodies ----------------------------------------------------------------------------------------


class ScopedKey(serializers.PrimaryKeyRelatedField):
    """The key of a row the person may see; any other is as good as absent."""

    def __init__(self, model: type[Model] | None = None, **kwargs: Any) -> None:
        self.model = model
        if model is not None:
            kwargs.setdefault("queryset", model._default_manager.none())
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet | None:
        """The rows in scope."""
        request = self.context.get("request")
        if request is None or self.model is None:
            return super().get_queryset()
        return self.model._default_manager.visible_to(request.user)  # type: ignore[attr-defined]


class Day(serializers.DateField):
    """A day between 2000 and 2100: anything else is a slip of the pen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The day itself."""
        day = super().run_validation(data)
        if isinstance(day, date) and not EARLIEST <= day <= LATEST:
            raise serializers.ValidationError(_("日期应在 2000 年至 2100 年之间。"))
        return day


class Files(serializers.ListField):
    """Up to nine photos or PDF files; what they hold is checked when they are stored."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_FILES)
        super().__init__(child=serializers.FileField(), **kwargs)


# --- errors ----------------------------------------------------------------------------------------

More = Callable[[Any], dict[str, Any]]
_refusals: dict[type[Exception], tuple[int, More | None]] = {}

SENTENCES = {
    400: gettext_lazy("请求的内容读不懂，请检查格式。"),
    401: gettext_lazy("请先登录，或在请求头里带上有效的令牌（Authorization: Token …）。"),
    403: gettext_lazy("您的岗位没有这项权限。"),
    404: gettext_lazy("没有这条记录，或不在您的范围内。"),
    405: gettext_lazy("这个地址不支持这种请求方法。"),
    415: gettext_lazy("请求体的类型不支持，请用 application/json 或 multipart/form-data。"),
}


def refused_as(status: int, *kinds: type[Exception], more: More | None = None) -> None:
    """Answer these refusals with ``status`` and their own sentence; ``more`` adds what a client needs to go on.

    Each room names its own in its ``api`` module, so that this module knows none of them.
    """
    for kind in kinds:
        _refusals[kind] = (status, more)


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested validation errors as ``{"problems.0.description": [sentence]}``."""
    found: dict[str, list[str]] = {}
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            found |= _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for place, inner in enumerate(detail):
            found |= _flat(inner, f"{path}.{place}" if path else str(place))
    else:
        sentences = [str(one) for one in (detail if isinstance(detail, list) else [detail])]
        if sentences:
            found[path or "non_field_errors"] = sentences
    return found


def _sentence(error: Exception, status: int) -> str:
    if isinstance(error, exceptions.Throttled):
        return _("请求太频繁，请 %(seconds)s 秒后再试。") % {
            "seconds": int(getattr(error, "wait", None) or 60)
        }
    if isinstance(error, exceptions.AuthenticationFailed):
        return str(error.detail)
    if isinstance(error, exceptions.PermissionDenied):
        said = str(error.detail)
        if said.startswith("CSRF"):
            return _("缺少或不符的 CSRF 令牌：用会话写数据要带 X-CSRFToken，程序请改用令牌登录。")
        if said != str(exceptions.PermissionDenied.default_detail):
            return said
    return str(SENTENCES.get(status, SENTENCES[400]))


def on_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error body has ``detail``, a sentence; a refused field is named in ``fields``."""
    for kind in type(error).__mro__:
        if kind in _refusals:
            status, more = _refusals[kind]
            set_rollback()
            wait = getattr(error, "seconds", None)
            return Response(
                {"detail": str(error), **(more(error) if more else {})},
                status=status,
                headers={"Retry-After": str(wait)} if wait else None,
            )
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = {"detail": _("提交的内容有误，请按 fields 逐项修改。"), "fields": _flat(error.detail)}
    else:
        response.data = {"detail": _sentence(error, response.status_code)}
    return response


# --- schema ----------------------------------------------------------------------------------------

_WORDS = {
    "400": gettext_lazy("内容有误"),
    "401": gettext_lazy("未登录或令牌失效"),
    "403": gettext_lazy("没有权限"),
    "404": gettext_lazy("不存在或不在范围内"),
    "409": gettext_lazy("现在不能办理，detail 说明原因和办法"),
    "415": gettext_lazy("请求体类型不支持"),
    "429": gettext_lazy("太频繁"),
}


def _examples() -> dict[str, dict[str, Any]]:
    """What each refusal can look like, in the reader's language."""
    said = {str(status): {"detail": str(sentence)} for status, sentence in SENTENCES.items()}
    return said | {
        "400": {
            "detail": _("提交的内容有误，请按 fields 逐项修改。"),
            "fields": {"on": [_("日期格式错误。")]},
        },
        "409": {"detail": _("这条问题刚被别人办理过；请看下面最新的状态再办。")},
        "429": {"detail": _("请求太频繁，请 %(seconds)s 秒后再试。") % {"seconds": 42}},
    }


def _error_shape() -> dict[str, Any]:
    """The one shape of every error."""
    return {
        "type": "object",
        "required": ["detail"],
        "properties": {
            "detail": {"type": "string", "description": _("一句话：哪里不对，怎么办。")},
            "fields": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
                "description": _("逐项的错误，键是字段名（嵌套用点连接）。"),
            },
        },
        "additionalProperties": {},
    }


def document_errors(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Post-processing of the schema: every operation names the refusals it can answer with."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _error_shape()
    examples = _examples()
    for component in result["components"]["schemas"].values():
        for answer in component.get("properties", {}).values():
            if answer.get("readOnly") and "enum" in answer and "" not in answer["enum"]:
                answer["enum"].append("")  # what has not been filled in is empty, never missing
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            wanted = {"401", "403"}
            asks = any(one.get("in") == "query" for one in operation.get("parameters", []))
            if asks or "requestBody" in operation:
                wanted.add("400")
            if "{" in path:
                wanted.add("404")
            if method in ("post", "patch", "put", "delete"):
                wanted |= {"400", "409", "415"}
            if path.endswith("/token/"):
                wanted.add("429")
            if path.endswith("/marked/"):
                wanted.add("409")  # a file without a table has nothing to mark
            for status in sorted(wanted - set(operation["responses"])):
                operation["responses"][status] = {
                    "description": str(_WORDS[status]),
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Error"},
                            "example": examples[status],
                        }
                    },
                }
    return result
