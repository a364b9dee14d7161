"""The library of proof: the board by clause, uploads with their preview, one piece with its versions, and its files."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from campaigns.choices import BatchState, DraftOutcome, EvidenceKind, Secrecy
from campaigns.forms import BatchForm, LinkPieceForm, ReviewForm, VersionForm
from campaigns.lists import EVIDENCE
from campaigns.models import (
    Assessment,
    Campaign,
    Clause,
    EvidenceBatch,
    EvidenceDraft,
    EvidenceLink,
    EvidencePiece,
    EvidenceVersion,
    TaskItem,
)
from campaigns.reports.evidence import (
    PART_WORDS,
    board_of,
    ends_before,
    missing_lines,
    narrowed,
    waiting_for,
)
from campaigns.reports.places import campaign_of
from campaigns.services import evidence as services
from campaigns.services import evidence_batches as batches
from campaigns.services.evidence import EvidenceRefused
from foodsafe_portal.lib.attachments import AttachmentRefused, look_at
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from inspections.views.evidence import file_answer
from records.models import Job
from records.views.lists import list_export, list_page

SHOWN_AT_ONCE = 100
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def _campaign(user: User) -> Campaign:
    campaign = campaign_of(user)
    if campaign is None:
        raise Http404
    return campaign


def _beside(request: PortalRequest, _found: Any) -> dict[str, Any]:
    return {"may_review": request.user.can(Permission.REVIEW_EVIDENCE)}


pieces = list_page(
    EVIDENCE,
    page="campaigns/evidence_list.html",
    fragment="campaigns/_evidence_table.html",
    context=_beside,
)
pieces_export = list_export(EVIDENCE)


@require_safe
@requires(Permission.VIEW_EVIDENCE)
def library(request: PortalRequest) -> HttpResponse:
    """What every clause asks to see and what is there; beside it uploading, what waits, and what ends too early."""
    campaign, user, today = campaign_of(request.user), request.user, timezone.localdate()
    if campaign is None or campaign.rulebook_id is None:
        return render(request, "campaigns/evidence_empty.html", {"campaign": campaign})
    board = board_of(user=user, campaign=campaign, today=today)
    ask = {name: request.GET.get(name, "").strip()[:60] for name in ("part", "unit", "chapter", "q")}
    rows = narrowed(board, part=ask["part"], unit=ask["unit"], chapter=ask["chapter"], words=ask["q"])
    ending = EvidencePiece.objects.visible_to(user).filter(ends_before(campaign.review_on, today))
    mine = waiting_for(user) if user.can(Permission.REVIEW_EVIDENCE) else EvidenceVersion.objects.none()
    context = {
        "campaign": campaign,
        "board": board,
        "rows": rows,
        "ask": ask,
        "chosen": request.GET.get("no", ""),
        "today": today,
        "now": timezone.localtime(),
        "days_left": (campaign.review_on - today).days,
        "parts": [(part, words, getattr(board.total, part)) for part, words in PART_WORDS.items()],
        "lacking": sum(1 for proof in board.clauses if proof.counts.lacking),
        "kinds": dict(EvidenceKind.choices),
        "units": sorted(
            {
                (proof.clause.lead_unit_id, str(proof.clause.lead_unit))
                for proof in board.clauses
                if proof.clause.lead_unit
            },
            key=lambda pair: pair[1],
        ),
        "chapters": sorted({proof.clause.no.split(".")[0] for proof in board.clauses}, key=_in_order),
        "mine": mine.select_related("piece__unit", "submitted_by").defer("text").order_by("submitted_at")[:5],
        "mine_count": mine.count(),
        "ending": ending.select_related("accepted").order_by("accepted__valid_until")[:5],
        "ending_count": ending.count(),
        "open_batches": _open_batches(user),
        "may_submit": user.can(Permission.SUBMIT_EVIDENCE),
        "assessments": _assessments(user, campaign),
        "may_export": user.can(Permission.EXPORT),
    }
    if request.GET.get("print") == "missing":
        return render(request, "campaigns/evidence_missing.html", context | {"lines": missing_lines(rows)})
    return render(request, "campaigns/evidence_board.html", context)


def _in_order(no: str) -> tuple[int, str]:
    return (int(no) if no.isdecimal() else 10**6, no)


def _assessments(user: User, campaign: Campaign) -> list[Assessment]:
    """The assessments a pack can be built for."""
    if not user.can(Permission.MANAGE_CAMPAIGN):
        return []
    whole = Assessment.objects.visible_to(user).filter(campaign=campaign, region__isnull=True)
    return list(whole.order_by("-held_on", "-pk")[:20])


def _open_batches(user: User) -> QuerySet[EvidenceBatch]:
    mine = EvidenceBatch.objects.visible_to(user).filter(created_by=user)
    return mine.exclude(state=BatchState.CLOSED).order_by("-created_at")[:5]


# --- uploading -----------------------------------------------------------------------------------


@require_POST
@requires(Permission.SUBMIT_EVIDENCE)
def upload(request: PortalRequest) -> HttpResponse:
    """Take many files at once and show what their names say."""
    campaign, clause = _campaign(request.user), None
    if chosen := request.POST.get("clause", ""):
        clause = get_object_or_404(_leaves(campaign), pk=chosen if chosen.isdecimal() else 0)
    try:
        batch = batches.open_batch(
            campaign=campaign, uploads=request.FILES.getlist("files"), by=request.user, clause=clause
        )
    except EvidenceRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("library")
    return redirect("library-batch", pk=batch.pk)


def _leaves(campaign: Campaign) -> QuerySet[Clause]:
    leaves = Clause.objects.filter(rulebook=campaign.rulebook, children__isnull=True)
    return leaves.prefetch_related("evidence_asked").order_by("order")


@require_safe
@requires(Permission.SUBMIT_EVIDENCE)
def batch_detail(request: PortalRequest, pk: uuid.UUID) -> HttpResponse:
    """An upload before it is saved: each file with its clause, or the question where it belongs."""
    batch = _batch(request.user, pk)
    if batch.state == BatchState.SORTING:
        job = Job.objects.filter(pk__in=[batch.job_id]).first()
        template = "campaigns/_evidence_sorting.html" if request.htmx else "campaigns/evidence_sorting.html"
        return render(request, template, {"batch": batch, "job": job})
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("library-batch", args=[batch.pk])
        return response
    return _show_batch(request, batch, BatchForm())


def _batch(user: User, pk: uuid.UUID) -> EvidenceBatch:
    mine = EvidenceBatch.objects.visible_to(user).filter(created_by=user)
    return get_object_or_404(mine.select_related("campaign", "unit"), pk=pk)


def _show_batch(
    request: PortalRequest,
    batch: EvidenceBatch,
    form: BatchForm,
    typed: dict[int, dict[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    everything = batch.drafts.select_related("clause", "request", "piece__newest")
    open_ones = batches.undecided(batch).select_related("clause", "request", "piece__newest").order_by("pk")
    page = Paginator(open_ones, SHOWN_AT_ONCE).get_page(request.GET.get("page"))
    seen = set(
        EvidencePiece.objects.visible_to(request.user)
        .filter(pk__in=[draft.piece_id for draft in page if draft.piece_id])
        .values_list("pk", flat=True)
    )
    number = {code: everything.filter(outcome=code).count() for code in DraftOutcome.values}
    context = {
        "batch": batch,
        "form": form,
        "page": page,
        "seen": seen,
        "typed": typed or {},
        "refused": everything.filter(outcome=DraftOutcome.REFUSED)[:SHOWN_AT_ONCE],
        "number": number,
        "total": sum(number.values()),
        "clauses": _leaves(batch.campaign),
        "kinds": EvidenceKind.choices,
    }
    return render(request, "campaigns/evidence_batch.html", context, status=status)


@require_POST
@requires(Permission.SUBMIT_EVIDENCE)
def batch_save(request: PortalRequest, pk: uuid.UUID) -> HttpResponse:
    """Put the files of this page into the library; those without a clause stay."""
    batch = _batch(request.user, pk)
    if request.POST.get("do") == "close":
        batches.close_batch(batch=batch, by=request.user)
        messages.success(request, _("没有归入的文件已放弃。"))
        return redirect("library")
    form = BatchForm(request.POST)
    typed = _typed(request, batch)
    chosen = _chosen(batch, form, typed) if form.is_valid() else {}
    if not form.is_valid() or any(row.get("error") for row in typed.values()):
        return _show_batch(request, batch, form, typed, status=422)
    done = batches.save_batch(batch=batch, chosen=chosen, by=request.user)
    for sentence in done.refusals[:20]:
        messages.error(request, sentence)
    words = _("已归入 %(saved)s 份，已有 %(same)s 份只登记用途。") % {"saved": done.saved, "same": done.same}
    messages.success(request, words)
    if done.left:
        messages.warning(request, _("还有 %(left)s 份等您选条款。") % {"left": done.left})
        return redirect("library-batch", pk=batch.pk)
    return redirect("library")


def _typed(request: PortalRequest, batch: EvidenceBatch) -> dict[int, dict[str, str]]:
    """What stands in the rows of the form, by file."""
    found = {}
    for key in batches.undecided(batch).values_list("pk", flat=True):
        if f"no-{key}" in request.POST:
            names = ("no", "title", "kind", "skip")
            found[key] = {name: request.POST.get(f"{name}-{key}", "").strip() for name in names}
    return found


def _chosen(
    batch: EvidenceBatch, form: BatchForm, typed: dict[int, dict[str, str]]
) -> dict[int, batches.Chosen]:
    """What the rows mean; a row that names no clause of the edition gets its sentence."""
    clauses = {clause.no: clause for clause in _leaves(batch.campaign)}
    drafts = {draft.pk: draft for draft in batches.undecided(batch).select_related("request")}
    chosen = {}
    for key, row in typed.items():
        no = re.split(r"[\s　]", row["no"], maxsplit=1)[0] if row["no"] else ""
        clause = clauses.get(no)
        if no and clause is None and not row["skip"]:
            row["error"] = _("没有条款“%(no)s”；请从列表里选，或先留空。") % {"no": row["no"]}
            continue
        chosen[key] = _choice(drafts[key], clause, row, form)
    return chosen


def _choice(
    draft: EvidenceDraft, clause: Clause | None, row: dict[str, str], form: BatchForm
) -> batches.Chosen:
    kind = row["kind"] if row["kind"] in EvidenceKind.values else draft.kind
    asked = None
    if clause is not None:
        kept = draft.request if draft.clause_id == clause.pk and draft.kind == kind else None
        asked = kept or batches.best_for(kind, clause)
    return batches.Chosen(
        clause, asked, row["title"], kind, form.cleaned_data["secrecy"], form.term(), bool(row["skip"])
    )


@require_POST
@requires(Permission.SUBMIT_EVIDENCE)
def link_new(request: PortalRequest) -> HttpResponse:
    """Put an address into the library as proof of a clause."""
    campaign, form = _campaign(request.user), LinkPieceForm(request.POST)
    if not form.is_valid():
        problem = next(iter(form.errors.values()))[0]
        messages.error(request, _("链接没有保存：%(problem)s") % {"problem": problem})
        return redirect("library")
    data = form.cleaned_data
    clause = next((one for one in _leaves(campaign) if one.no == data["no"].split()[0]), None)
    if clause is None:
        messages.error(request, _("没有条款“%(no)s”；请从列表里选。") % {"no": data["no"]})
        return redirect("library")
    content = services.Content(address=data["address"])
    try:
        same = services.same_content(campaign, content.key)
        piece = (
            same.piece
            if same
            else services.submit_piece(
                campaign=campaign, title=data["title"], kind=EvidenceKind.LINK, content=content, term=form.term(),
                by=request.user,
            )
        )  # fmt: skip
        asked = batches.best_for(EvidenceKind.LINK, clause)
        services.link_piece(piece=piece, clause=clause, request=asked, by=request.user)
    except EvidenceRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已送审。"))
    return redirect(f"{reverse('library')}?no={clause.no}#clause-{clause.pk}")


# --- one piece -----------------------------------------------------------------------------------


def _piece(user: User, pk: int) -> EvidencePiece:
    rows = EvidencePiece.objects.visible_to(user).select_related(
        "campaign", "unit", "region", "newest", "accepted"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
@requires(Permission.VIEW_EVIDENCE)
def piece_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One piece: its versions, who looked at them, and what it proves."""
    return _show_piece(request, _piece(request.user, pk))


def _show_piece(
    request: PortalRequest, piece: EvidencePiece, form: VersionForm | None = None, status: int = 200
) -> HttpResponse:
    user, today = request.user, timezone.localdate()
    versions = piece.versions.select_related("file", "submitted_by", "reviewed_by").defer("text")
    context = {
        "piece": piece,
        "standing": EVIDENCE.lines([piece], EVIDENCE.asked(user, {}, today))[0],
        "versions": versions.order_by("-number"),
        "links": piece.links.select_related("clause", "request", "task", "linked_by"),
        "clauses": _leaves(piece.campaign),
        "tasks": TaskItem.objects.visible_to(user).filter(campaign=piece.campaign).order_by("number"),
        "form": form or VersionForm(),
        "secrecies": Secrecy.choices,
        "may_submit": user.can(Permission.SUBMIT_EVIDENCE),
        "may_review": user.can(Permission.REVIEW_EVIDENCE),
        "review_on": piece.campaign.review_on,
        "crumbs": [(_("佐证资料"), reverse("library")), (piece.title, "")],
    }
    return render(request, "campaigns/evidence_piece.html", context, status=status)


@require_POST
@requires(Permission.SUBMIT_EVIDENCE)
def version_new(request: PortalRequest, pk: int) -> HttpResponse:
    """Add a newer version of a piece."""
    piece = _piece(request.user, pk)
    form = VersionForm(request.POST, request.FILES)
    if form.is_valid():
        sent = form.cleaned_data["upload"]
        try:
            content = _content(sent, form.cleaned_data["address"])
            services.submit_version(piece=piece, content=content, term=form.term(), by=request.user)
        except (EvidenceRefused, AttachmentRefused) as refusal:
            form.add_error("upload" if sent else "address", str(refusal))
        else:
            messages.success(request, _("新版已送审；通过之前仍按原来的一版。"))
            return redirect("piece-detail", pk=piece.pk)
    return _show_piece(request, piece, form, status=422)


def _content(sent: Any, address: str) -> services.Content:
    if sent is None:
        return services.Content(address=address)
    looked = look_at(sent, sent.name, sent.size)
    if looked.is_zip:
        raise AttachmentRefused(_("压缩包请从“批量上传”传，这里一次一个文件。"))
    return services.Content(sent, sent.name, looked, services.digest_of(sent), address)


@require_POST
@requires(Permission.REVIEW_EVIDENCE)
def version_review(request: PortalRequest, pk: int) -> HttpResponse:
    """Accept a version or return it with a reason."""
    version = get_object_or_404(
        EvidenceVersion.objects.visible_to(request.user).select_related("piece"), pk=pk
    )
    form = ReviewForm(request.POST)
    if form.is_valid():
        accept = form.cleaned_data["decision"] == "accept"
        try:
            services.review_version(
                version=version, accept=accept, by=request.user, reason=form.cleaned_data["reason"]
            )
        except EvidenceRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("已通过。") if accept else _("已退回。"))
    return _back(request, reverse("piece-detail", args=[version.piece_id]))


def _back(request: PortalRequest, usual: str) -> HttpResponse:
    """To the page of the library from which the act was sent."""
    return redirect("library") if request.POST.get("back") == "library" else redirect(usual)


@require_POST
@requires(Permission.REVIEW_EVIDENCE)
def review_many(request: PortalRequest) -> HttpResponse:
    """Decide alike about the ticked pieces, or about all that the list holds."""
    rows = waiting_for(request.user)
    if request.POST.get("all"):
        listed = EVIDENCE.narrowed(EVIDENCE.asked(request.user, request.GET, timezone.localdate()))
        rows = rows.filter(piece__in=listed.values("pk"))
    else:
        keys = [int(key) for key in request.POST.getlist("row") if key.isdecimal()]
        rows = rows.filter(piece_id__in=keys)
    accept, reason = request.POST.get("do") == "accept", request.POST.get("reason", "")
    found = services.review_many(
        versions=rows.select_related("piece").defer("text").order_by("pk"), accept=accept, by=request.user, reason=reason
    )  # fmt: skip
    done = sum(1 for one in found if not one.refusal)
    if not found:
        messages.warning(request, _("所选资料里没有等您审的。"))
    elif done:
        words = _("已通过 %(done)s 份。") if accept else _("已退回 %(done)s 份。")
        messages.success(request, words % {"done": done})
    for one in [one for one in found if one.refusal][:10]:
        messages.error(request, f"{one.title}：{one.refusal}")
    return redirect(f"{reverse('library-pieces')}?{request.GET.urlencode()}")


@require_POST
@requires(Permission.SUBMIT_EVIDENCE)
def piece_link(request: PortalRequest, pk: int) -> HttpResponse:
    """Say what else a piece proves, that it no longer proves something, or how far it may go."""
    piece, user = _piece(request.user, pk), request.user
    try:
        if drop := request.POST.get("drop", ""):
            links = EvidenceLink.objects.filter(piece=piece).select_related(
                "piece", "clause", "request", "task"
            )
            services.unlink_piece(link=get_object_or_404(links, pk=drop if drop.isdecimal() else 0), by=user)
        elif request.POST.get("secrecy", "") in Secrecy.values:
            services.mark_piece(piece=piece, secrecy=request.POST["secrecy"], by=user)
        else:
            _link(piece, request.POST.get("to", "").strip(), user)
    except EvidenceRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("piece-detail", pk=piece.pk)


def _link(piece: EvidencePiece, to: str, user: User) -> None:
    no = to.split()[0] if to else ""
    clause = next((one for one in _leaves(piece.campaign) if one.no == no), None)
    if clause is not None:
        asked = batches.best_for(piece.kind, clause)
        services.link_piece(piece=piece, clause=clause, request=asked, by=user)
        return
    number = no.removeprefix("任务").removeprefix("#")
    tasks = TaskItem.objects.visible_to(user).filter(campaign=piece.campaign)
    task = tasks.filter(number=number).first() if number != no and number.isdecimal() else None
    if task is None:
        raise EvidenceRefused(_("没有“%(to)s”这个条款或任务；请从列表里选。") % {"to": to or "—"})
    services.link_piece(piece=piece, task=task, by=user)


# --- files ---------------------------------------------------------------------------------------


@require_safe
@requires(Permission.VIEW_EVIDENCE)
def version_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The file of a version: as an attachment, or (``?show=1``) to look at where it is a picture or a PDF.

    Nothing else is ever shown in the browser; what is shown can load nothing and run nothing of the portal's.
    """
    versions = EvidenceVersion.objects.visible_to(request.user).select_related("piece", "file")
    version = get_object_or_404(versions.filter(file__isnull=False), pk=pk)
    file = version.file
    assert file is not None
    inline = "show" in request.GET
    answer = file_answer(file, inline=inline)
    if answer is None:
        raise Http404
    pdf = inline and file.content_type == "application/pdf"
    if pdf:
        answer["Content-Security-Policy"] = _PDF_POLICY
    shown = pdf or (inline and file.content_type.startswith("image/"))
    name = f"{version.piece.title}_{version.number}{file.suffix}"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=not shown, filename=name) or ""
    return answer
