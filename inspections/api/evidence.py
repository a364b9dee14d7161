"""The API of proof: each file through the object it hangs on, as on the pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http.response import FileResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.reverse import reverse

from foodsafe_portal.lib.api import PortalViewSet
from inspections.reports.evidence import LOOKS, evidence_seen
from inspections.views.evidence import INLINE, file_answer
from records.models import EvidenceFile

KINDS = (*sorted(INLINE), "application/pdf")


class EvidenceSerializer(serializers.ModelSerializer):
    """One file of proof; its bytes are at ``url``."""

    of = serializers.SerializerMethodField(
        help_text=_("所附的对象：problem、problemevent、visit、taskreport")
    )
    of_id = serializers.SerializerMethodField(help_text=_("所附对象的 id"))
    url = serializers.SerializerMethodField(help_text=_("下载地址，同样要登录"))

    class Meta:
        model = EvidenceFile
        fields = ("id", "of", "of_id", "content_type", "size", "digest", "uploaded_at", "url")
        read_only_fields = fields

    def get_of(self, file: EvidenceFile) -> str:
        """What it hangs on."""
        return file.target_type.rpartition(".")[2]

    def get_of_id(self, file: EvidenceFile) -> int:
        """Its key."""
        return int(file.target_id)

    def get_url(self, file: EvidenceFile) -> str:
        """Where the file itself is."""
        return reverse("api-evidence-detail", kwargs={"pk": file.pk}, request=self.context.get("request"))


def files_of(*groups: tuple[type[Model], Iterable[int]]) -> QuerySet:
    """The files that hang on these objects, oldest first, in one query."""
    wanted = Q(pk__in=[])
    for model, keys in groups:
        wanted |= Q(target_type=model._meta.label_lower, target_id__in=[str(key) for key in keys])
    return EvidenceFile.objects.filter(wanted).order_by("uploaded_at", "pk")


def listed(files: QuerySet, context: dict[str, Any]) -> Any:
    """Files as answers list them."""
    return EvidenceSerializer(files, many=True, context=context).data


@extend_schema_view(
    retrieve=extend_schema(
        summary=_("一份佐证"),
        description=_(
            "照片或 PDF 的原文件。只有看得到所附对象（问题、督导、变更、任务周报）的人能取；问题和督导的答复里列有 evidence。"
        ),
        responses={(200, kind): OpenApiResponse(OpenApiTypes.BINARY, _("文件")) for kind in KINDS},
        parameters=[
            OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description=_("佐证的 id"))
        ],
        tags=[_("问题整改")],
    )
)
class EvidenceViewSet(PortalViewSet):
    """Photos and documents."""

    needs = {"retrieve": LOOKS}
    queryset = EvidenceFile.objects.none()
    serializer_class = EvidenceSerializer
    lookup_value_converter = "uuid"

    def retrieve(self, request: Request, pk: uuid.UUID) -> FileResponse:
        """The file itself; out of the object's scope as if it were absent."""
        user: Any = request.user
        file = evidence_seen(user, pk)
        answer = file_answer(file, inline=False) if file else None
        if answer is None:
            raise NotFound
        return answer
