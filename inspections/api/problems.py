"""The API of problems: find them, open them, and take every step of their way."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from entities.choices import Source
from foodsafe_portal.lib.acts import needs_of
from foodsafe_portal.lib.api import ListedViewSet
from foodsafe_portal.lib.lists import Asked, Choice
from foodsafe_portal.lib.permissions import Permission as P
from inspections.acts import ACTS
from inspections.api.problem_bodies import (
    OUTCOMES,
    CommonSerializer,
    DecideSerializer,
    ExtendSerializer,
    NoteSerializer,
    PlanSerializer,
    ProblemFileSerializer,
    ProblemSerializer,
    ReferralSerializer,
    ReferSerializer,
    ReturnSerializer,
    RevisitSerializer,
    SingleFormSerializer,
    SingleSerializer,
    StepSerializer,
    SubmitSerializer,
    TransferSerializer,
    VoidSerializer,
)
from inspections.choices import ExtensionState
from inspections.errors import SomebodyWasFirst
from inspections.lists import PROBLEMS
from inspections.models import Problem
from inspections.services import extensions, rectifying, referrals
from inspections.services import problems as opening


class ProblemFilters(PROBLEMS.Filters):  # type: ignore[name-defined]
    """The list's own filters; ``part`` keeps the three words that programs know it by."""

    part = Choice(
        choices=[("open", _("未销号")), ("overdue", _("逾期")), ("closed", _("已销号"))],
        narrow=lambda rows, part, asked: standing(rows, part, asked),
        label=_("今天的情形"),
    )


def standing(rows: QuerySet, part: str, asked: Asked) -> QuerySet:
    """Open, overdue or closed today."""
    if part == "overdue":
        return rows.overdue_now(asked.today)  # type: ignore[attr-defined]
    return rows.open() if part == "open" else rows.filter(closed_on__isnull=False)  # type: ignore[attr-defined]


def step(summary: str, description: str, body: type[serializers.Serializer] | None, **kwargs: Any) -> Any:
    """The schema of one step."""
    return extend_schema(
        summary=summary,
        description=description,
        request=kwargs.pop("request", body),
        responses={200: ProblemFileSerializer},
        tags=[_("问题整改")],
        **kwargs,
    )


@extend_schema_view(
    list=extend_schema(
        summary=_("问题列表"), description=_("范围内的问题，新登记的在前。"), tags=[_("问题整改")]
    ),
    retrieve=extend_schema(
        summary=_("一个问题"),
        description=_("含整改方案、经过和延期申请。"),
        responses={200: ProblemFileSerializer},
        tags=[_("问题整改")],
    ),
)
class ProblemViewSet(ListedViewSet):
    """Problems and their way to closure."""

    needs = {
        "list": (P.VIEW_PROBLEMS,),
        "retrieve": (P.VIEW_PROBLEMS,),
        "create": (P.CREATE_PROBLEM,),
        "common": (P.CREATE_PROBLEM,),
        **needs_of(ACTS),
    }
    serializer_class = ProblemSerializer
    listing = PROBLEMS
    filterset_class = ProblemFilters

    def rows(self, user: Any) -> QuerySet:
        """Problems in scope."""
        found = super().rows(user)
        if self.action == "retrieve":
            found = found.prefetch_related("events", Prefetch("extensions"))
        return found

    def get_serializer_class(self) -> Any:
        """One problem is shown whole."""
        return ProblemFileSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary=_("登记问题"),
        description=_("期限按严重程度和工作日历算出，责任单位不传时为所在地政府。带照片用 multipart。"),
        request={"application/json": SingleSerializer, "multipart/form-data": SingleFormSerializer},
        responses={201: ProblemFileSerializer},
        tags=[_("问题整改")],
        examples=[
            OpenApiExample(
                _("点位问题"),
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
        return Response(
            ProblemFileSerializer(problem, context=self.get_serializer_context()).data, status=201
        )

    @extend_schema(
        summary=_("派发共性问题"),
        description=_("每个单位一条，各自签收、整改、销号；同一 group。"),
        request=CommonSerializer,
        responses={201: ProblemSerializer(many=True)},
        filters=False,
        tags=[_("问题整改")],
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

    @step(_("签收"), _("责任单位签收。"), StepSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: int) -> Response:
        """The responsible unit takes it on."""
        problem, _given = self._given(StepSerializer)
        return self._after(rectifying.sign_problem(problem=problem, by=request.user))

    @step(
        _("报整改方案"),
        _("一个问题一个方案、一名责任领导；报送整改以前可以再改。"),
        PlanSerializer,
        examples=[
            OpenApiExample(
                _("方案"),
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
        _("报送整改"),
        _("附至少 1 张整改后的照片或 1 份 PDF；随后由另一人审核。"),
        SubmitSerializer,
        request={"multipart/form-data": SubmitSerializer},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """The fix with its proof."""
        problem, given = self._given(SubmitSerializer)
        return self._after(rectifying.submit_rectification(problem=problem, by=request.user, **given))

    @step(_("审核通过"), _("第一道审核；报送整改的人不能审核自己的整改。"), NoteSerializer)
    @action(detail=True, methods=["post"], url_path="pass-first")
    def pass_first(self, request: Request, pk: int) -> Response:
        """First check passed."""
        problem, given = self._given(NoteSerializer)
        return self._after(rectifying.pass_first_check(problem=problem, by=request.user, **given))

    @step(_("退回整改"), _("审核或复核退回，写明理由。"), ReturnSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def send_back(self, request: Request, pk: int) -> Response:
        """Either check sends it back."""
        problem, given = self._given(ReturnSerializer)
        return self._after(rectifying.return_problem(problem=problem, by=request.user, **given))

    @step(_("复核销号"), _("第二道复核；报送整改的人不能复核。"), NoteSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: int) -> Response:
        """Second check passed."""
        problem, given = self._given(NoteSerializer)
        return self._after(rectifying.close_problem(problem=problem, by=request.user, **given))

    @step(_("申请延期"), _("同时只能有一份申请等待批准。"), ExtendSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Ask for a later deadline."""
        problem, given = self._given(ExtendSerializer)
        extensions.request_extension(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step(_("批准延期"), _("批准或不批准等待中的申请；申请人不能批准。"), DecideSerializer)
    @action(detail=True, methods=["post"], url_path="decide-extension")
    def decide_extension(self, request: Request, pk: int) -> Response:
        """Decide the request that waits."""
        problem, given = self._given(DecideSerializer)
        waiting = problem.extensions.filter(state=ExtensionState.REQUESTED).first()
        if waiting is None:
            raise SomebodyWasFirst
        extensions.decide_extension(extension=waiting, by=request.user, **given)
        return self._after(problem)

    @step(_("改派"), _("改派给另一个责任单位，由其重新签收；期限不变。"), TransferSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, pk: int) -> Response:
        """Another responsible unit."""
        problem, given = self._given(TransferSerializer)
        return self._after(rectifying.transfer_problem(problem=problem, by=request.user, **given))

    @step(_("移交监管"), _("移交市场监管所；期限照常计算。"), ReferSerializer)
    @action(detail=True, methods=["post"])
    def refer(self, request: Request, pk: int) -> Response:
        """Hand over to the market regulator."""
        problem, given = self._given(ReferSerializer)
        referrals.refer_problem(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step(
        _("移交结果"), _("监管所登记立案（写立案号）、不立案（写理由）或结案（写结果）。"), ReferralSerializer
    )
    @action(detail=True, methods=["post"])
    def referral(self, request: Request, pk: int) -> Response:
        """What the regulator did."""
        problem, given = self._given(ReferralSerializer)
        outcome = OUTCOMES[given.pop("outcome")]
        referrals.record_referral_result(problem=problem, outcome=outcome, by=request.user, **given)
        return self._after(problem)

    @step(_("回头看"), _("销号以后回头看；不合格时重新打开并计反弹。"), RevisitSerializer)
    @action(detail=True, methods=["post"])
    def revisit(self, request: Request, pk: int) -> Response:
        """Look back after closure."""
        problem, given = self._given(RevisitSerializer)
        referrals.revisit_problem(problem=problem, by=request.user, **given)
        return self._after(problem)

    @step(_("作废"), _("误登的问题；创建办在报送整改以前，登记人在登记当天签收以前。"), VoidSerializer)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        """Void what was entered by mistake."""
        problem, given = self._given(VoidSerializer)
        return self._after(opening.void_problem(problem=problem, by=request.user, **given))
