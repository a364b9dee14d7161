"""Proof as a download: only through the object it belongs to, under a generated name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.rights import Permission
from entities.models import GradeChange, StatusChange
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from inspections.models import Problem, ProblemEvent, Visit
from records.models import EvidenceFile

INLINE = frozenset({"image/jpeg", "image/png", "image/webp"})


def _of_problems(user: User) -> QuerySet:
    return ProblemEvent.objects.filter(problem__in=Problem.objects.visible_to(user).values("pk"))


# Label of the object → what of its kind this person may see, and the permission to look at it at all.
TARGETS: dict[str, tuple[Permission, Callable[[User], QuerySet]]] = {
    "inspections.problem": (Permission.VIEW_PROBLEMS, lambda user: Problem.objects.visible_to(user)),
    "inspections.problemevent": (Permission.VIEW_PROBLEMS, _of_problems),
    "inspections.visit": (Permission.VIEW_VISITS, lambda user: Visit.objects.visible_to(user)),
    "entities.statuschange": (Permission.VIEW_BUSINESSES, lambda user: StatusChange.objects.visible_to(user)),
    "entities.gradechange": (Permission.VIEW_BUSINESSES, lambda user: GradeChange.objects.visible_to(user)),
}


def show_through(label: str, permission: Permission, rows: Callable[[Any], QuerySet]) -> None:
    """Let a room above show files of its own objects: ``label`` is the model's, ``rows(user)`` what a person may see."""
    TARGETS[label] = (permission, rows)


@require_safe
@requires(Permission.VIEW_PROBLEMS, Permission.VIEW_VISITS, Permission.VIEW_BUSINESSES, Permission.VIEW_TASKS)
def evidence_file(request: PortalRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One file: a photo to look at, anything else (and a photo with ``?download=1``) as an attachment.

    Out of the object's scope answers like absent. The file's type is the one its bytes were found to have; a sandbox
    keeps whatever it holds from acting as a page.
    """
    file = get_object_or_404(EvidenceFile, pk=pk)
    permission, rows = TARGETS.get(file.target_type, (None, None))
    if permission is None or rows is None or not request.user.can(permission):
        raise Http404
    if not file.target_id.isdigit() or not rows(request.user).filter(pk=file.target_id).exists():
        raise Http404
    inline = file.content_type in INLINE and "download" not in request.GET
    try:
        content = file.file.open("rb")
    except FileNotFoundError as missing:
        raise Http404 from missing
    name = f"evidence-{file.pk.hex[:12]}{file.suffix}"
    response = FileResponse(content, as_attachment=not inline, filename=name, content_type=file.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
