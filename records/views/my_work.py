"""我的事, and the steps that are taken on its lines."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from foodsafe_portal.lib import waiting
from foodsafe_portal.lib.refusals import Refusal
from foodsafe_portal.lib.requests import PortalRequest
from foodsafe_portal.lib.waiting import Kind, Step
from records.reports.my_work import ShownLine, my_work, shown, titled


@require_safe
@login_required
def my_work_page(request: PortalRequest) -> HttpResponse:
    """What waits for this person, by kind; ``kind`` shows one alone and whole."""
    page = my_work(request.user, request.GET, timezone.localdate())
    if page is None:
        raise Http404
    template = "records/_my_work.html" if request.htmx.target == "results" else "records/my_work.html"
    context = {"work": page, "only": page.only, "today": page.today, "now": timezone.localtime()}
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_work_step(request: PortalRequest, kind: str, key: str, step: str) -> HttpResponse:
    """Open a step's form on its line, or take the step and answer with the line as it then stands."""
    known = waiting.kind_called(kind)
    chosen = known.step(step) if known else None
    if known is None or chosen is None:
        raise Http404
    if not known.is_for(request.user) or not request.user.can(chosen.permission):
        raise PermissionDenied
    row = _row(request, known, key)
    if row is None:
        return _gone(request, known, key)
    if request.method != "POST":
        return _line(request, known, row, chosen, _form(request, known, chosen, row), 200)
    form = _form(request, known, chosen, row, sent=True)
    if form is not None and not form.is_valid():
        return _line(request, known, row, chosen, form, 422)
    try:
        chosen.do(row, request.user, form)
    except Refusal as refusal:
        return _line(request, known, row, chosen, form, 409, str(refusal))
    return _done(request, known, row, chosen)


def _row(request: PortalRequest, kind: Kind, key: str) -> Any:
    """The row while it waits for this person."""
    rows = kind.rows(request.user, timezone.localdate())
    if not key.isascii() or not key.isdigit() or len(key) > 15:
        return None
    return (rows.select_related(*kind.related) if kind.related else rows).filter(pk=key).first()


def _gone(request: PortalRequest, kind: Kind, key: str) -> HttpResponse:
    """A thing that this person may see and that waits no longer: somebody was first. Anything else is absent."""
    rows = kind.rows(request.user, timezone.localdate())
    seen = getattr(rows.model._default_manager, "visible_to", None)
    if seen is None or not key.isdigit() or not seen(request.user).filter(pk=key[:15]).exists():
        raise Http404
    words = _("这件事已经有人办了，不再等您。")
    if not request.htmx:
        messages.error(request, words)
        return redirect("my-work")
    return render(
        request, "records/_my_line_gone.html", {"key": f"{kind.code}-{key}", "words": words}, status=409
    )


def _form(request: PortalRequest, kind: Kind, step: Step, row: Any, *, sent: bool = False) -> Any:
    """The form of a step; sent, it is told which button of the act was pressed."""
    if step.form is None:
        return None
    data = None
    if sent:
        data = request.POST.copy()
        data["do"] = data["decision"] = step.value
    return step.form(
        data,
        request.FILES if sent else None,
        user=request.user,
        row=row,
        day=timezone.localdate(),
        auto_id=f"{kind.code}-{row.pk}-%s",
    )


def _shown(request: PortalRequest, kind: Kind, row: Any) -> ShownLine:
    return shown(kind, [row], request.user, timezone.localdate())[0]


def _line(
    request: PortalRequest, kind: Kind, row: Any, step: Step, form: Any, status: int, refusal: str = ""
) -> HttpResponse:
    """The line with the step's form open, or with why it was refused."""
    context = {"item": _shown(request, kind, row), "step": step, "form": form, "refusal": refusal}
    template = "records/_my_line.html" if request.htmx else "records/my_step.html"
    return render(request, template, {**context, "now": timezone.localtime()}, status=status)


def _done(request: PortalRequest, kind: Kind, row: Any, step: Step) -> HttpResponse:
    """What was done, in the line's place, with everything that is counted anew."""
    row.refresh_from_db()
    title = _shown(request, kind, row).line.title
    if not request.htmx:
        messages.success(request, _("%(title)s：%(done)s") % {"title": title, "done": step.done})
        return redirect("my-work")
    today = timezone.localdate()
    counts = waiting.count(request.user, today, waiting.kinds_for(request.user))
    context = {"key": f"{kind.code}-{row.pk}", "title": title, "done": step.done, "counts": counts}
    return render(
        request, "records/_my_line_done.html", context | {"today": today, "page_title": titled(counts)}
    )
