"""The API of ledgers and background work: upload, watch, read what was found, confirm, give up, undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from foodsafe_portal.lib.api import PortalViewSet, refused_as
from foodsafe_portal.lib.permissions import Permission as P
from records.choices import BatchState, JobState
from records.ledgers import LedgerKind, all_kinds, batches, kinds_for
from records.models import Job, LedgerBatch
from records.services import jobs
from records.services.evidence import EvidenceRefused
from records.views.downloads import marked_response

refused_as(409, batches.LedgerRefused, more=lambda refusal: {"code": refusal.code})
refused_as(409, jobs.JobRefused)
refused_as(400, EvidenceRefused)

SEVERITIES = ("error", "warning", "changed", "note")

# --- jobs ------------------------------------------------------------------------------------------


class JobSerializer(serializers.ModelSerializer):
    """One piece of background work."""

    class Meta:
        model = Job
        fields = (
            "id", "kind", "state", "done", "total", "message", "result", "attempts", "created_at", "started_at",
            "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class JobFilters(filters.FilterSet):
    """Work by kind and state."""

    kind = filters.CharFilter(label=_("种类，如 ledger.check"))
    state = filters.ChoiceFilter(choices=JobState.choices, label=_("状态"))

    class Meta:
        model = Job
        fields = ("kind", "state")


WHO_HAS_JOBS = (P.VIEW_JOBS, P.IMPORT_LEDGER, P.CLOSE_WEEK, P.EXPORT)


@extend_schema_view(
    list=extend_schema(
        summary=_("后台任务列表"), description=_("范围内的后台任务，最新的在前。"), tags=[_("后台任务")]
    ),
    retrieve=extend_schema(
        summary=_("一个后台任务的进度"),
        description=_(
            "done / total 是已处理和全部行数；state 为 done、failed 或 cancelled 时已结束。每秒问一次足够。"
        ),
        tags=[_("后台任务")],
    ),
)
class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Background work."""

    needs = {"list": (P.VIEW_JOBS,), "retrieve": WHO_HAS_JOBS, "cancel": WHO_HAS_JOBS}
    queryset = Job.objects.none()
    serializer_class = JobSerializer
    filterset_class = JobFilters
    lookup_value_converter = "uuid"
    ordering = "-created_at"

    def rows(self, user: Any) -> QuerySet:
        """Work the person may see."""
        return Job.objects.visible_to(user)

    @extend_schema(
        summary=_("取消后台任务"),
        description=_("提交以前可以取消；已结束的不变。"),
        request=None,
        tags=[_("后台任务")],
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a job before its commit."""
        job = self.get_object()
        jobs.cancel_job(job=job, by=request.user)
        job.refresh_from_db()
        return Response(JobSerializer(job).data)


# --- ledgers ---------------------------------------------------------------------------------------


class BatchSerializer(serializers.ModelSerializer):
    """One uploaded ledger."""

    number = serializers.CharField(read_only=True, help_text=_("批次号"))
    check_job = serializers.UUIDField(
        source="check_job_id", read_only=True, allow_null=True, help_text=_("检查任务")
    )
    commit_job = serializers.UUIDField(
        source="commit_job_id", read_only=True, allow_null=True, help_text=_("导入任务")
    )
    repeated = serializers.SerializerMethodField(help_text=_("同一文件已导入过且此后没有变化"))
    counts = serializers.SerializerMethodField(
        help_text=_(
            "read = accepted + rejected + skipped；另有 created、updated、unchanged、closed、reactivated、conflicts、warnings"
        )
    )
    asks = serializers.SerializerMethodField(
        help_text=_("需要回答时：sheet（选工作表）或 columns（说明列），用 choose 回答；否则为空")
    )
    candidates = serializers.SerializerMethodField(help_text=_("可选的工作表名"))
    seen = serializers.SerializerMethodField(
        help_text=_("所见的记号：重新检查、申请撤销以后会变。批准时原样送回，表示批准的就是看到的这个结果")
    )
    issue_groups = serializers.JSONField(
        source="groups", read_only=True, help_text=_("问题归类：code、message、count")
    )

    class Meta:
        model = LedgerBatch
        fields = (
            "id", "number", "kind", "state", "verdict", "reason", "file_name", "size", "digest", "seen", "uploaded_at",
            "territory", "sheet", "header_row", "columns", "unrecognised", "counts", "issue_groups", "seconds", "repeated", "asks",
            "candidates", "check_job", "commit_job", "confirmed_at", "committed_at", "accept_partial",
            "decided_at", "decision_reason", "undo_asked_at", "undo_decided_at", "undo_decision_reason",
        )  # fmt: skip
        read_only_fields = fields

    def get_repeated(self, batch: LedgerBatch) -> bool:
        """Whether this very file had been imported before."""
        return bool(self.context.get("repeated"))

    def get_counts(self, batch: LedgerBatch) -> dict[str, int]:
        """Whole numbers by name."""
        document = batches.head(batch, repeated=bool(self.context.get("repeated")))
        return {name: value for name, value in document.items() if name in COUNTS}

    def get_asks(self, batch: LedgerBatch) -> str:
        """What the person has to answer before the file can be checked."""
        return str(batch.choices.get("ask", "")) if batch.state == BatchState.REFUSED else ""

    def get_seen(self, batch: LedgerBatch) -> str:
        """What the batch shows now, as one word."""
        return batches.seen_of(batch)

    def get_candidates(self, batch: LedgerBatch) -> list[str]:
        """The sheets to choose from."""
        found = batch.choices.get("candidates", []) if batch.state == BatchState.REFUSED else []
        return [str(one.get("name", one)) if isinstance(one, dict) else str(one) for one in found]


COUNTS = frozenset(
    {"read", "accepted", "rejected", "skipped", "created", "updated", "unchanged", "closed", "reactivated"}
    | {"conflicts", "warnings", "missing"}
)


class BatchFilters(filters.FilterSet):
    """Ledgers by kind and state."""

    kind = filters.CharFilter(label=_("台账种类，如 businesses"))
    state = filters.ChoiceFilter(choices=BatchState.choices, label=_("状态"))

    class Meta:
        model = LedgerBatch
        fields = ("kind", "state")


class UploadSerializer(serializers.Serializer):
    """A workbook and what it is."""

    kind = serializers.CharField(max_length=20, help_text=_("台账种类，见 GET /api/v1/ledgers/kinds/"))
    file = serializers.FileField(
        help_text=_("工作簿（xlsx、xls、csv）"), allow_empty_file=True, max_length=1000
    )


class SeenSerializer(serializers.Serializer):
    """What was seen, where it may be left out."""

    seen = serializers.CharField(
        max_length=64,
        required=False,
        help_text=_("所见批次的 seen；送来时，此后有变化的答复 409，不送则不比对"),
    )


class ConfirmSerializer(SeenSerializer):
    """The person's yes to what they have seen."""

    digest = serializers.CharField(
        max_length=64, help_text=_("所见批次的 digest：确认的必须是检查过的那个文件")
    )
    accept_partial = serializers.BooleanField(default=False, help_text=_("只导入合格行"))


class ApproveUndoSerializer(serializers.Serializer):
    """The second person's yes to an undo they have seen the request for."""

    seen = serializers.CharField(
        max_length=64, help_text=_("所见批次的 seen：此后重新检查或重新申请过的，答复 409，请再看一次")
    )


class ApproveSerializer(ApproveUndoSerializer):
    """The second person's yes to what they have seen."""

    digest = serializers.CharField(
        max_length=64, help_text=_("所见批次的 digest：批准的必须是检查过的那个文件")
    )


class DeclineSerializer(SeenSerializer):
    """The second person's no."""

    reason = serializers.CharField(max_length=300, help_text=_("不批准的原因，上传人会看到"))


class DeclineUndoSerializer(SeenSerializer):
    """No to an undo; whoever asked for it needs no reason."""

    reason = serializers.CharField(
        max_length=300,
        required=False,
        default="",
        allow_blank=True,
        help_text=_("不批准的原因，申请人会看到"),
    )


class ChooseSerializer(serializers.Serializer):
    """The answer to "which sheet?" or "what does this header mean?"."""

    sheet = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text=_("工作表名")
    )
    mapping = serializers.DictField(
        child=serializers.CharField(max_length=60, allow_blank=True),
        required=False,
        help_text=_("表头 → 列的 key；空值表示不导入这一列"),
    )


class IssueSerializer(serializers.Serializer):
    """Something about one cell or row that a person should know."""

    row = serializers.IntegerField(help_text=_("工作表中的行号"))
    column = serializers.CharField(allow_blank=True, help_text=_("表头，空为整行"))
    value = serializers.CharField(allow_blank=True, help_text=_("单元格里的值"))
    code = serializers.CharField(help_text=_("问题代码"))
    severity = serializers.ChoiceField(choices=SEVERITIES, help_text="error, warning, changed, note")
    message = serializers.CharField(help_text=_("哪里不对，怎么改"))


class IssuePageSerializer(serializers.Serializer):
    """Issues of some rows; ``next_after`` asks for the following ones."""

    next_after = serializers.IntegerField(allow_null=True, help_text=_("下一页的 after；没有则为 null"))
    results = IssueSerializer(many=True)


class IssueQuerySerializer(serializers.Serializer):
    """Which issues."""

    severity = serializers.ChoiceField(choices=SEVERITIES, required=False, help_text=_("只看一种程度"))
    code = serializers.CharField(max_length=60, required=False, help_text=_("只看一种问题"))
    after = serializers.IntegerField(
        min_value=0, max_value=10_000_000, default=0, help_text=_("从这一行之后")
    )
    size = serializers.IntegerField(min_value=1, max_value=500, default=100, help_text=_("每页行数"))


class UndoSerializer(serializers.Serializer):
    """What an undo did."""

    restored = serializers.IntegerField(help_text=_("恢复原值的条数"))
    removed = serializers.IntegerField(help_text=_("移除的条数"))
    conflicts = serializers.ListField(
        child=serializers.DictField(),
        help_text=_("此后被改过、没有动的：row、name、why；知道是谁占用时另有 by"),
    )
    awaits_approval = serializers.BooleanField(help_text=_("还没有撤销，等另一人批准"))


class ColumnSerializer(serializers.Serializer):
    """One column of a kind."""

    key = serializers.CharField()
    header = serializers.CharField(help_text=_("表头"))
    type = serializers.CharField(help_text="str, text, date, enum, bool, int, decimal, code, phone …")
    required = serializers.BooleanField(help_text=_("必填"))
    aliases = serializers.ListField(child=serializers.CharField(), help_text=_("也认的表头"))
    choices = serializers.DictField(child=serializers.CharField(), help_text=_("代码 → 单元格里的词"))
    note = serializers.CharField(allow_blank=True, help_text=_("填写说明"))


class KindSerializer(serializers.Serializer):
    """One kind of ledger."""

    key = serializers.CharField()
    title = serializers.CharField(help_text=_("名称"))
    match_note = serializers.CharField(allow_blank=True, help_text=_("怎样与册中的记录对应"))
    columns = ColumnSerializer(many=True)


def kind_document(kind: LedgerKind) -> dict[str, Any]:
    """A kind's columns as its class defines them."""
    return {
        "key": kind.key,
        "title": str(kind.title),
        "match_note": str(kind.match_note),
        "columns": [
            {
                "key": column.key,
                "header": str(column.header),
                "type": column.type,
                "required": column.required,
                "aliases": [str(alias) for alias in column.aliases],
                "choices": {str(code): str(word) for code, word in column.choices.items()},
                "note": str(column.note),
            }
            for column in kind.columns
        ],
    }


def document_kinds(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Post-processing of the schema: the upload describes every kind's columns, from the classes that read them."""
    for path, operations in result.get("paths", {}).items():
        if path.endswith("/ledgers/") and "post" in operations:
            parts = [str(operations["post"].get("description", ""))]
            heads = " | ".join(str(head) for head in (_("表头"), _("必填"), _("说明")))
            for kind in all_kinds():
                parts.append(
                    f"\n\n### {kind.key}: {kind.title}\n\n{kind.match_note}\n\n| {heads} |\n| --- | --- | --- |"
                )
                for column in kind.columns:
                    words = "、".join(str(word) for word in column.choices.values())
                    said = (
                        "。".join(part for part in (str(column.note), words) if part)
                        .replace("\n", " ")
                        .replace("|", "/")
                    )
                    parts.append(f"\n| {column.header} | {_('是') if column.required else ''} | {said} |")
            operations["post"]["description"] = "".join(parts)
    return result


BATCH_200 = {200: BatchSerializer}


@extend_schema_view(
    list=extend_schema(
        summary=_("台账批次列表"), description=_("范围内上传过的台账，最新的在前。"), tags=[_("台账")]
    ),
    retrieve=extend_schema(
        summary=_("一个台账批次"),
        description=_(
            "state：uploaded、checking（检查中）→ checked（待确认）或 refused（不能导入）→ committing → committed。"
            "检查的结果：verdict（accept、partial、refuse）、reason、counts、issue_groups；逐条问题见 issues。"
        ),
        tags=[_("台账")],
    ),
)
class LedgerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet):
    """Uploaded ledgers."""

    needs = {
        "list": (P.VIEW_LEDGERS,),
        "retrieve": (P.VIEW_LEDGERS,),
        "issues": (P.VIEW_LEDGERS,),
        "marked": (P.VIEW_LEDGERS,),
        "kinds": (P.IMPORT_LEDGER,),
        "create": (P.IMPORT_LEDGER,),
        "confirm": (P.IMPORT_LEDGER,),
        "abandon": (P.IMPORT_LEDGER,),
        "approve": (P.IMPORT_LEDGER,),
        "decline": (P.IMPORT_LEDGER,),
        "recheck": (P.IMPORT_LEDGER,),
        "choose": (P.IMPORT_LEDGER,),
        "undo": (P.IMPORT_LEDGER,),
        "approve_undo": (P.IMPORT_LEDGER,),
        "decline_undo": (P.IMPORT_LEDGER,),
    }
    queryset = LedgerBatch.objects.none()
    serializer_class = BatchSerializer
    filterset_class = BatchFilters

    def rows(self, user: Any) -> QuerySet:
        """Ledgers the person may see."""
        return LedgerBatch.objects.visible_to(user)

    def shown(self, batch: LedgerBatch, *, status: int = 200, repeated: bool = False) -> Response:
        """A batch as it stands."""
        return Response(BatchSerializer(batch, context={"repeated": repeated}).data, status=status)

    @extend_schema(
        summary=_("上传台账"),
        description=_(
            "收下工作簿并开始检查（后台任务 check_job）。不写任何数据：检查完后看 counts 和 issues，再 confirm。"
            "同一人同一文件还在处理时，答复的是同一批次；已导入且此后没有变化时 repeated 为 true。各种台账的列："
        ),
        request={"multipart/form-data": UploadSerializer},
        responses={201: BatchSerializer},
        tags=[_("台账")],
    )
    def create(self, request: Request) -> Response:
        """Take in a file."""
        given = self.valid(UploadSerializer)
        received = batches.receive_upload(kind=given["kind"], file=given["file"], by=request.user)
        received.batch.refresh_from_db()
        return self.shown(received.batch, status=201, repeated=received.repeated)

    @extend_schema(
        summary=_("可导入的台账种类和列"),
        description=_("本人可导入的种类，每种的列、必填、可认的表头、可填的词。"),
        responses={200: KindSerializer(many=True)},
        filters=False,
        tags=[_("台账")],
    )
    @action(detail=False, pagination_class=None)
    def kinds(self, request: Request) -> Response:
        """What this person may import."""
        return Response([kind_document(kind) for kind in kinds_for(request.user)])

    @extend_schema(
        summary=_("逐条问题"),
        description=_("按行号排列，next_after 取下一页。"),
        parameters=[IssueQuerySerializer],
        responses={200: IssuePageSerializer},
        tags=[_("台账")],
    )
    @action(detail=True)
    def issues(self, request: Request, pk: int) -> Response:
        """What was noticed, row by row."""
        batch = self.get_object()
        asked = self.valid(IssueQuerySerializer, request.query_params)
        page = batches.issue_page(
            batch,
            severity=asked.get("severity", ""),
            code=asked.get("code", ""),
            after=asked["after"],
            size=asked["size"],
        )
        found = [issue for row in page for issue in row.issues]
        return Response(
            {
                "next_after": page[-1].row_no if len(page) == asked["size"] else None,
                "results": IssueSerializer(found, many=True).data,
            }
        )

    @extend_schema(
        summary=_("确认导入"),
        description=_(
            "只有上传人能确认，digest 要与所见批次一致；送来 seen 的，此后重新检查过就答复 409。"
            "导入是后台任务 commit_job。再次确认答复 409。"
        ),
        request=ConfirmSerializer,
        responses=BATCH_200,
        tags=[_("台账")],
        examples=[
            OpenApiExample(
                _("只导入合格行"), value={"digest": "3a7bd3e2…", "accept_partial": True}, request_only=True
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        """Import what was previewed."""
        batch = self.get_object()
        given = self.valid(ConfirmSerializer)
        return self.shown(batches.confirm_batch(batch=batch, by=request.user, **given))

    @extend_schema(
        summary=_("批准导入"),
        description=_(
            "行数超过规定的批次（state 为 awaiting）由上传人以外、能导入同种台账且辖区包含它的人批准；随后自动导入。"
            "seen 要与所见批次一致：此后重新检查过的答复 409，请再看一次。"
        ),
        request=ApproveSerializer,
        responses=BATCH_200,
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        """A second person's yes."""
        batch = self.get_object()
        given = self.valid(ApproveSerializer)
        return self.shown(batches.approve_batch(batch=batch, by=request.user, **given))

    @extend_schema(
        summary=_("不批准"),
        description=_("退回等待批准的批次，并写明原因；不写任何数据。"),
        request=DeclineSerializer,
        responses=BATCH_200,
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        """A second person's no, with its reason."""
        batch = self.get_object()
        given = self.valid(DeclineSerializer)
        return self.shown(batches.decline_batch(batch=batch, by=request.user, **given))

    @extend_schema(
        summary=_("放弃批次"),
        description=_("还没有导入的批次；不写任何数据。"),
        request=None,
        responses=BATCH_200,
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"])
    def abandon(self, request: Request, pk: int) -> Response:
        """Give a batch up."""
        return self.shown(batches.abandon_batch(batch=self.get_object(), by=request.user))

    @extend_schema(
        summary=_("重新检查"),
        description=_("册中数据变化以后再检查一次。"),
        request=None,
        responses=BATCH_200,
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"])
    def recheck(self, request: Request, pk: int) -> Response:
        """Check again."""
        return self.shown(batches.recheck_batch(batch=self.get_object(), by=request.user))

    @extend_schema(
        summary=_("选工作表、说明列"), description=_("回答 asks 的问题，随后重新检查。"), request=ChooseSerializer, responses=BATCH_200,
        tags=[_("台账")],
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def choose(self, request: Request, pk: int) -> Response:
        """Answer which sheet, which column."""
        batch = self.get_object()
        given = self.valid(ChooseSerializer)
        if any("\0" in header for header in given.get("mapping", {})):
            raise ValidationError({"mapping": [_("表头里有不能用的字符。")]})
        chosen = batches.choose_columns(
            batch=batch, by=request.user, sheet=given["sheet"], mapping=given.get("mapping")
        )
        return self.shown(chosen)

    @extend_schema(
        summary=_("撤销导入"),
        description=_(
            "恢复这个批次改动过的记录；此后又被改过的不动，列在 conflicts。"
            "行数超过规定的批次先登记申请，awaits_approval 为 true，由另一人 approve-undo。"
        ),
        request=None,
        responses={200: UndoSerializer},
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Put back what a batch did."""
        return Response(asdict(batches.undo_batch(batch=self.get_object(), by=request.user)))

    @extend_schema(
        summary=_("批准撤销"),
        description=_("由申请撤销的人以外、能导入同种台账且辖区包含它的人批准；随即撤销。"),
        request=ApproveUndoSerializer,
        responses={200: UndoSerializer},
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"], url_path="approve-undo")
    def approve_undo(self, request: Request, pk: int) -> Response:
        """A second person's yes to an undo."""
        batch = self.get_object()
        given = self.valid(ApproveUndoSerializer)
        return Response(asdict(batches.approve_undo(batch=batch, by=request.user, **given)))

    @extend_schema(
        summary=_("不批准撤销"),
        description=_("退回撤销申请，并写明原因；申请人自己收回时不用写。不改任何数据。"),
        request=DeclineUndoSerializer,
        responses=BATCH_200,
        tags=[_("台账")],
    )
    @action(detail=True, methods=["post"], url_path="decline-undo")
    def decline_undo(self, request: Request, pk: int) -> Response:
        """A second person's no to an undo, or the first one's second thoughts."""
        batch = self.get_object()
        given = self.valid(DeclineUndoSerializer)
        return self.shown(batches.decline_undo(batch=batch, by=request.user, **given))

    @extend_schema(
        summary=_("标注后的工作簿"),
        description=_("原工作簿，错误单元格已标红并写明原因；改好后可直接再上传。"),
        responses={(200, batches.FILE_TYPE): OpenApiResponse(OpenApiTypes.BINARY, _("工作簿"))},
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH, description=_("批次"))],
        tags=[_("台账")],
    )
    @action(detail=True)
    def marked(self, request: Request, pk: int) -> FileResponse:
        """The uploaded workbook with every fault marked."""
        return marked_response(self.get_object(), request.user)
