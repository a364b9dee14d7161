"""Ledger pages: upload, watch, see everything that is wrong, confirm, mend, undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.downloads import download
from foodsafe_portal.lib.paging import page_of
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from foodsafe_portal.lib.sentences import told
from records.choices import BatchState, RowVerb
from records.ledgers import UndoResult, all_kinds, batches, kind_of, kinds_for
from records.ledgers.reports import batch_page, column_page, issues_shown, rows_shown, standing
from records.models import LedgerBatch
from records.services import audit
from records.views.downloads import marked_response

AWAITING_SHOWN = 50
SENT_OFTEN = ("businesses", "officers", "visits", "problems", "readings", "tasks")
"""The ledgers that come every week; they are offered before those of the administrators."""

ENDED = (BatchState.ABANDONED, BatchState.UNDONE)
"""The states in which a batch does nothing any more; its counts are history and open no rows."""

MAPPED = (BatchState.CHECKED, BatchState.REFUSED)
"""The states in which a person may say anew what the columns mean."""


def _number(request: PortalRequest, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 9 else 0


def _batch(request: PortalRequest, pk: int) -> LedgerBatch:
    """A batch within the person's scope."""
    found = LedgerBatch.objects.visible_to(request.user)
    named = (
        "check_job", "commit_job", "uploaded_by", "confirmed_by", "decided_by", "undo_asked_by", "undo_decided_by",
    )  # fmt: skip
    return get_object_or_404(found.select_related(*named), pk=pk)


@require_safe
@requires(Permission.VIEW_LEDGERS)
def ledger_home(request: PortalRequest) -> HttpResponse:
    """Upload a ledger and find the earlier ones."""
    return _home(request, "", 200)


def _home(request: PortalRequest, refusal: str, status: int) -> HttpResponse:
    params = request.GET
    found = LedgerBatch.objects.visible_to(request.user).select_related("uploaded_by")
    if words := params.get("q", "").strip():
        number = words.upper().removeprefix("PC-").lstrip("0")
        by_number = Q(pk=int(number)) if number.isdecimal() and len(number) < 12 else Q()
        found = found.filter(
            Q(file_name__icontains=words) | Q(uploaded_by__name__icontains=words) | by_number
        )
    if kind := params.get("kind", ""):
        found = found.filter(kind=kind)
    if state := params.get("state", ""):
        found = found.filter(state=state)
    page = page_of(found, request, size=20)
    context = {
        "page": page,
        "listed": [(batch, standing(batch)) for batch in page.rows],
        "declined": batches.sent_back(request.user).select_related("decided_by")[:AWAITING_SHOWN],
        "kinds": sorted(kinds_for(request.user), key=lambda kind: kind.key not in SENT_OFTEN),
        "titles": {kind.key: kind.title for kind in all_kinds()},
        "states": BatchState.choices,
        "params": params,
        "refusal": refusal,
        "chosen": request.POST.get("kind") or params.get("kind", ""),
        "may_import": request.user.can(Permission.IMPORT_LEDGER),
        "awaiting": batches.awaiting_approval(request.user).select_related("uploaded_by", "undo_asked_by")[
            :AWAITING_SHOWN
        ],
    }
    template = "records/_ledger_history.html" if request.htmx and not refusal else "records/ledger_home.html"
    return render(request, template, context, status=status)


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_upload(request: PortalRequest) -> HttpResponse:
    """Take in a file; the answer comes once file, row and job are safe."""
    upload = request.FILES.get("file")
    kind = request.POST.get("kind", "")
    if upload is None:
        return _home(request, _("还没有选择文件；请拖入或选择一个工作簿。"), 422)
    if kind not in {known.key for known in kinds_for(request.user)}:
        return _home(request, _("请先选台账种类。"), 422)
    try:
        received = batches.receive_upload(kind=kind, file=upload, by=request.user)
    except batches.LedgerRefused as refusal:
        return _home(request, told(refusal.sentence), 422)
    if received.repeated:
        messages.info(request, told(batches.head(received.batch, repeated=True)["reason"]))
    return redirect("ledger-batch", pk=received.batch.pk)


@require_safe
@requires(Permission.VIEW_LEDGERS)
def ledger_batch(request: PortalRequest, pk: int) -> HttpResponse:
    """One batch: progress while it is worked on, then everything that was found."""
    return _shown(request, _batch(request, pk))


def _shown(
    request: PortalRequest,
    batch: LedgerBatch,
    *,
    answer: dict[str, str] | None = None,
    unanswered: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of a batch; ``answer`` are the columns a person has marked, ``unanswered`` says what they left open."""
    shown = batch_page(batch, request.user)
    context: dict[str, Any] = {"shown": shown, "batch": batch, "head": shown.head, "kind": shown.kind}
    context["unanswered"] = unanswered
    if shown.asks == "columns" or answer or (request.GET.get("columns") and batch.state in MAPPED):
        context["asked"] = column_page(batch, answer)
        context["choosing"] = shown.may_act and batch.state == BatchState.CHECKED
    context["asking"] = shown.may_act and (
        "asked" in context or shown.asks == "sheet"
    )  # the form has the page's act
    context["ended"] = batch.state in ENDED
    context["may_review"] = request.user.can(Permission.REVIEW_DUPLICATES)
    if not shown.working:
        severity = request.GET.get("severity") or ("error" if shown.head["rejected"] else "warning")
        code = request.GET.get("code", "")
        context["severity"], context["code"] = severity, code
        # A phone shows the groups first, and the rows of one when they are asked for.
        context["listed"] = bool(code or "after" in request.GET or "list" in request.GET)
        context["paired"] = "verb" in request.GET
        context["issues"], context["next_issue"] = issues_shown(
            batch, severity=severity, code=code, after=_number(request, "after")
        )
        verb = request.GET.get("verb") or _first_verb(shown.head)
        context["verb"] = verb if verb in RowVerb.values else RowVerb.CREATED
        context["rows"], context["next_row"] = rows_shown(
            batch, verb=context["verb"], after=_number(request, "row")
        )
        context["verbs"] = [(verb, words, shown.head.get(verb, 0)) for verb, words in RowVerb.choices if verb]
    template = "records/_ledger_batch.html" if request.htmx else "records/ledger_batch.html"
    return render(request, template, context, status=status)


def _first_verb(head: dict[str, Any]) -> str:
    names = {RowVerb.UPDATED: "updated", RowVerb.CREATED: "created", RowVerb.UNCHANGED: "unchanged"}
    return next((str(verb) for verb, name in names.items() if head[name]), RowVerb.CREATED)


def _act(request: PortalRequest, pk: int, act: Callable[[LedgerBatch], Any]) -> HttpResponse:
    """Do one act on a batch and show the batch again, with the refusal as it is."""
    batch = _batch(request, pk)
    try:
        act(batch)
    except batches.LedgerRefused as refusal:
        messages.error(request, told(refusal.sentence))
    return redirect("ledger-batch", pk=batch.pk)


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """Import what was previewed: same person, same file, same outcome of its check."""
    digest, seen = request.POST.get("digest", ""), request.POST.get("seen", "")
    partial = request.POST.get("partial") == "1"
    return _act(
        request,
        pk,
        lambda batch: batches.confirm_batch(
            batch=batch, by=request.user, digest=digest, accept_partial=partial, seen=seen
        ),
    )


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_abandon(request: PortalRequest, pk: int) -> HttpResponse:
    """Drop a checked ledger; nothing was saved."""
    return _act(request, pk, lambda batch: batches.abandon_batch(batch=batch, by=request.user))


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_recheck(request: PortalRequest, pk: int) -> HttpResponse:
    """Check again, because the register has changed since."""
    return _act(request, pk, lambda batch: batches.recheck_batch(batch=batch, by=request.user))


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_choose(request: PortalRequest, pk: int) -> HttpResponse:
    """The person's answer to "which sheet?" or "what does this header mean?"."""
    mapping = {
        header: request.POST.get(f"column_{place}", "")
        for place, header in enumerate(request.POST.getlist("header"))
    }
    batch = _batch(request, pk)
    if mapping and batch.uploaded_by_id == request.user.pk and batch.state in MAPPED:
        missing = column_page(batch, mapping).missing
        if missing:
            counted = {"n": len(missing), "columns": "、".join(missing)}
            said = _("还有 %(n)s 个必填的列没有对应：%(columns)s。请选好，再检查。") % counted
            return _shown(request, batch, answer=mapping, unanswered=said, status=422)
    return _act(
        request,
        pk,
        lambda batch: batches.choose_columns(
            batch=batch, by=request.user, sheet=request.POST.get("sheet", ""), mapping=mapping or None
        ),
    )


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_forget(request: PortalRequest, pk: int) -> HttpResponse:
    """Forget what was answered about such files, and check this one by its own headers."""

    def forget(batch: LedgerBatch) -> None:
        batches.forget_choices(batch=batch, by=request.user)
        batches.recheck_batch(batch=batch, by=request.user, choices={})

    return _act(request, pk, forget)


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_approve(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes."""
    digest, seen = request.POST.get("digest", ""), request.POST.get("seen", "")
    return _act(
        request,
        pk,
        lambda batch: batches.approve_batch(batch=batch, by=request.user, digest=digest, seen=seen),
    )


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_decline(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's no, with its reason."""
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    return _act(
        request,
        pk,
        lambda batch: batches.decline_batch(batch=batch, by=request.user, reason=reason, seen=seen),
    )


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_stop(request: PortalRequest, pk: int) -> HttpResponse:
    """Stop the check or the import that is under way; nothing of it stays."""
    return _act(request, pk, lambda batch: batches.stop_batch(batch=batch, by=request.user))


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_undo(request: PortalRequest, pk: int) -> HttpResponse:
    """Put back what a batch did, or ask a second person for it; the page then names the rows that were left alone."""
    return _undone(request, pk, lambda batch: batches.undo_batch(batch=batch, by=request.user))


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_undo_approve(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes to an undo."""
    seen = request.POST.get("seen", "")
    return _undone(request, pk, lambda batch: batches.approve_undo(batch=batch, by=request.user, seen=seen))


@require_POST
@requires(Permission.IMPORT_LEDGER)
def ledger_undo_decline(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's no to an undo, or the first one's second thoughts."""
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    return _act(
        request,
        pk,
        lambda batch: batches.decline_undo(batch=batch, by=request.user, reason=reason, seen=seen),
    )


def _undone(request: PortalRequest, pk: int, undo: Callable[[LedgerBatch], UndoResult]) -> HttpResponse:
    batch = _batch(request, pk)
    try:
        result = undo(batch)
    except batches.LedgerRefused as refusal:
        messages.error(request, told(refusal.sentence))
        return redirect("ledger-batch", pk=pk)
    if result.awaits_approval:
        messages.info(request, _("已申请撤销，等另一人批准；批准以前没有撤销任何内容。"))
        return redirect("ledger-batch", pk=pk)
    counted = {
        "restored": f"{result.restored:,}",
        "removed": f"{result.removed:,}",
        "left": len(result.conflicts),
    }
    said = _("已撤销：还原 %(restored)s 项，移除 %(removed)s 项。") % counted
    if result.conflicts:
        said += _("%(left)s 行之后改过，没有动，列在下面。") % counted
    messages.success(request, said)
    return redirect("ledger-batch", pk=pk)


@require_safe
@requires(Permission.VIEW_LEDGERS)
def ledger_marked(request: PortalRequest, pk: int) -> HttpResponse | FileResponse:
    """The uploaded workbook with every fault marked, ready to be mended and uploaded again."""
    batch = _batch(request, pk)
    try:
        return marked_response(batch, request.user)
    except batches.LedgerRefused as refusal:
        messages.error(request, told(refusal.sentence))
        return redirect("ledger-batch", pk=batch.pk)


@require_safe
@requires(Permission.VIEW_LEDGERS)
def ledger_original(request: PortalRequest, pk: int) -> FileResponse:
    """The file as it was uploaded."""
    batch = _batch(request, pk)
    audit.record(by=request.user, action="ledger.original_downloaded", target=batch)
    return FileResponse(
        batch.file.open("rb"),
        as_attachment=True,
        filename=batch.file_name,
        content_type="application/octet-stream",
    )


@require_safe
@requires(Permission.IMPORT_LEDGER)
def ledger_template(request: PortalRequest, kind: str) -> HttpResponse | FileResponse:
    """The empty ledger of a kind for this person's territory."""
    known = {known.key: known for known in kinds_for(request.user)}
    if kind not in known:
        raise Http404
    try:
        return download(
            f"{known[kind].title}_模板.xlsx",
            batches.FILE_TYPE,
            lambda out: batches.template(kind, user=request.user, out=out),
        )
    except batches.LedgerRefused as refusal:
        messages.error(request, told(refusal.sentence))
        return redirect("ledger-home")


@require_safe
@requires(Permission.VIEW_LEDGERS)
def ledger_missing(request: PortalRequest, pk: int) -> HttpResponse:
    """What the register holds and the file does not name; listed, never deleted."""
    batch = _batch(request, pk)
    missing = batches.missing_from_file(batch)
    if missing is None:
        raise Http404
    page = page_of(missing, request, exact=True)
    kind = kind_of(batch.kind)
    places = kind.missing_places(page.rows)
    context = {
        "batch": batch,
        "page": page,
        "advice": kind.missing_advice,
        "listed": [(row, places.get(row.pk, "")) for row in page.rows],
    }
    return render(request, "records/ledger_missing.html", context)
