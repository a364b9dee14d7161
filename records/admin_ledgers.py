"""Ledgers in the admin: a generated Resource per kind for the export, and an upload that goes through the ledger engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, BinaryIO, ClassVar

import tablib
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ImportExportMixin
from import_export.fields import Field
from import_export.resources import Resource

from foodsafe_portal.lib.downloads import download
from foodsafe_portal.lib.exports import FORMATS
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.workbooks.csvout import csv_chunks
from foodsafe_portal.lib.workbooks.stream import OutColumn, OutSheet, write_xlsx
from records.ledgers import LedgerKind, all_kinds, batches, kind_of
from records.services import audit


class LedgerResource(Resource):
    """The rows of a ledger kind as the kind itself writes them; nothing from outside is ever read through it."""

    ledger_kind: ClassVar[LedgerKind]

    def stream(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """Rows in the order of the headers, one at a time."""
        yield from self.ledger_kind.export_rows(queryset)

    def export(self, *args: Any, queryset: QuerySet | None = None, **kwargs: Any) -> tablib.Dataset:
        """The whole ledger as a data set; ``queryset`` is what the person may see."""
        if queryset is None:
            raise ValueError("a ledger is exported for a person: pass the rows they may see")
        dataset = tablib.Dataset(headers=self.get_export_headers())
        for row in self.stream(queryset):
            dataset.append(list(row))
        return dataset

    def import_data(self, *args: Any, **kwargs: Any) -> Any:
        """Files from outside go through ``records.ledgers.batches``."""
        raise NotImplementedError("ledgers are imported by the ledger engine")


@cache
def resource_for(kind: LedgerKind) -> type[LedgerResource]:
    """The Resource of a kind: one field per column, its header and its order."""
    columns = {c.key: Field(attribute=c.key, column_name=str(c.header)) for c in kind.columns}
    order = type("Meta", (), {"export_order": tuple(columns)})
    return type(
        f"{kind.key.title()}Resource", (LedgerResource,), {**columns, "Meta": order, "ledger_kind": kind}
    )


class LedgerUploadForm(forms.Form):
    """One workbook."""

    file = forms.FileField(label=gettext_lazy("台账文件"))


class LedgerExportForm(forms.Form):
    """The kind of file."""

    format = forms.ChoiceField(
        label=gettext_lazy("格式"), choices=[("xlsx", "Excel (xlsx)"), ("csv", "CSV")], initial="xlsx"
    )


class LedgerDoors(ImportExportMixin):
    """Import and export buttons of a table that has a ledger; ``ledger`` is the kind's key.

    The list's filters and search hold for the export as well.
    """

    ledger: ClassVar[str] = ""

    @property
    def ledger_kind(self) -> LedgerKind | None:
        """The kind; None while no room has declared it."""
        return kind_of(self.ledger) if self.ledger in {kind.key for kind in all_kinds()} else None

    def get_urls(self) -> list[Any]:
        """The library's own confirmation step has no door."""
        return [url for url in super().get_urls() if not (url.name or "").endswith("_process_import")]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether one of today's posts imports this kind."""
        user: Any = request.user
        known = self.ledger_kind is not None and user.can(Permission.IMPORT_LEDGER)
        return known and self.ledger in user.import_kinds

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether today's posts let this person take out what this list shows."""
        user: Any = request.user
        kind = self.ledger_kind
        if kind is None or not user.can(Permission.EXPORT) or not self.has_view_permission(request):  # type: ignore[attr-defined]
            return False
        try:
            return kind.export_queryset(user).model is self.model  # type: ignore[attr-defined]
        except NotImplementedError:
            return False

    def _page(
        self, request: HttpRequest, template: str, form: forms.Form, title: str, status: int
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": title,
            "form": form,
            "opts": self.model._meta,  # type: ignore[attr-defined]
            "kind": self.ledger_kind,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, template, context, status=status)

    def import_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take in a file as the ledger page does; what is in it is read and shown there."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = LedgerUploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                received = batches.receive_upload(
                    kind=self.ledger, file=form.cleaned_data["file"], by=request.user
                )
            except batches.LedgerRefused as refusal:
                form.add_error("file", refusal.sentence)
            else:
                if received.repeated:
                    messages.info(request, batches.head(received.batch, repeated=True)["reason"])
                return redirect("ledger-batch", pk=received.batch.pk)
        status = 422 if request.method == "POST" else 200
        return self._page(request, "admin/ledger_import.html", form, _("导入台账"), status)

    def export_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The listed rows as their ledger; the file is written whole before it is sent, with its event."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        form = LedgerExportForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            status = 422 if request.method == "POST" else 200
            return self._page(request, "admin/ledger_export.html", form, _("导出台账"), status)
        kind = self.ledger_kind
        assert kind is not None
        listed = self.get_export_queryset(request).order_by().values("pk")
        rows = kind.export_queryset(request.user).filter(pk__in=listed)
        suffix = form.cleaned_data["format"]

        @transaction.atomic
        def write(target: BinaryIO) -> None:
            count = write_ledger(resource_for(kind)(), rows, target, suffix)
            audit.record(
                by=request.user,
                action=f"{kind.key}.exported",
                target_type="export",
                target_name=str(kind.title),
                after={"rows": count, "format": suffix, "filter": request.GET.urlencode()},
            )

        name = f"{kind.title}_{timezone.localtime():%Y%m%d_%H%M}.{suffix}"
        return download(name, FORMATS[suffix], write)


def write_ledger(resource: LedgerResource, rows: QuerySet, target: BinaryIO, suffix: str) -> int:
    """Write a ledger in constant memory, inert for spreadsheets; returns the number of rows below the header."""
    counted = _Counted(resource.stream(rows))
    if suffix == "csv":
        for chunk in csv_chunks(resource.get_export_headers(), counted):
            target.write(chunk)
        return counted.count
    columns = [OutColumn(str(c.header), c.width, c.is_text_in_excel) for c in resource.ledger_kind.columns]
    return write_xlsx(target, sheets=[OutSheet(str(resource.ledger_kind.title), columns, counted)])


class _Counted:
    """Counts rows as they pass."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            self.count += 1
            yield row
