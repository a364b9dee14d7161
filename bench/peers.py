"""What the portal is measured against: a plain table, the stock django-import-export resource on it, and bare code."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, models
from import_export import fields, resources
from import_export.formats.base_formats import XLSX
from import_export.widgets import DateWidget
from python_calamine import CalamineWorkbook
from tablib import Dataset

from foodsafe_portal.lib.identifiers import uscc_problem

TEXTS = (
    "name", "credit_code", "business_type", "scale", "legal_person", "contact_phone", "premises_address", "county",
    "township", "village", "supervision_office", "responsibility_grade", "risk_grade", "high_risk", "status",
    "safety_director", "safety_officer", "remarks", "seq", "grid",
)  # fmt: skip
COLUMNS = ("licence_no", "licence_valid_to", *TEXTS)


class Plain(models.Model):
    """The 22 columns of the ledger as they stand in it, without history, scope or search."""

    licence_no = models.CharField(max_length=60, unique=True)
    licence_valid_to = models.DateField(null=True)

    class Meta:
        app_label = "bench"
        db_table = "bench_plain"

    def __str__(self) -> str:
        return self.licence_no


for _name in TEXTS:
    Plain.add_to_class(_name, models.CharField(max_length=200, blank=True, default=""))


class StockResource(resources.ModelResource):
    """As the manual of django-import-export writes it."""

    class Meta:
        model = Plain
        import_id_fields = ("licence_no",)
        fields = COLUMNS
        exclude = ("id",)


class _Day(DateWidget):
    """Its date widget hands real Excel dates on as date-times, so that no row is ever equal; this one does not."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return value.date() if isinstance(value, dt.datetime) else super().clean(value, row, **kwargs)


class SkippingResource(StockResource):
    """The same with ``skip_unchanged``, its dates repaired."""

    licence_valid_to = fields.Field(
        attribute="licence_valid_to", column_name="licence_valid_to", widget=_Day()
    )

    class Meta(StockResource.Meta):
        skip_unchanged = True
        report_skipped = False


def create_plain_table() -> None:
    """The peers' table."""
    with connection.schema_editor() as editor:
        editor.create_model(Plain)


def stock_pass(resource: type[StockResource], path: Path, *, dry: bool) -> Any:
    """One pass of the stock page: read with its own reader, then import, dry or not."""
    dataset = XLSX().create_dataset(path.read_bytes())
    return resource().import_data(dataset, dry_run=dry, raise_errors=True, use_transactions=True)


def stock_export(rows: int) -> bytes:
    """The stock xlsx of the first ``rows`` rows."""
    dataset: Dataset = StockResource().export(Plain.objects.order_by("pk")[:rows])
    return XLSX().export_data(dataset)


def bare_import(path: Path) -> None:
    """Read, check the credit codes, upsert what differs; nothing staged, matched, recorded or told."""
    with path.open("rb") as source:
        lines = CalamineWorkbook.from_filelike(source).get_sheet_by_index(0).to_python()
    at = [lines[0].index(name) for name in COLUMNS]
    rows = [[line[place] for place in at] for line in lines[1:]]
    code = COLUMNS.index("credit_code")
    for row in rows:
        uscc_problem(row[code])
    names, sets = ", ".join(COLUMNS), ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
    now = ", ".join(f"bench_plain.{name}" for name in COLUMNS[1:])
    new = ", ".join(f"excluded.{name}" for name in COLUMNS[1:])
    if connection.vendor == "postgresql":
        import io

        text = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE bare (LIKE bench_plain)")
            cursor.execute("ALTER TABLE bare ALTER id DROP NOT NULL")
            cursor.cursor.copy_expert(f"COPY bare ({names}) FROM STDIN", text)
            cursor.execute(
                f"INSERT INTO bench_plain ({names}) SELECT {names} FROM bare ON CONFLICT (licence_no) DO UPDATE SET {sets} "
                f"WHERE ({now}) IS DISTINCT FROM ({new})"
            )
            cursor.execute("DROP TABLE bare")
        return
    from django.db import transaction

    differs = f"({now}) IS NOT ({new})"
    sql = (
        f"INSERT INTO bench_plain ({names}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (licence_no) DO UPDATE "
        f"SET {sets} WHERE {differs}"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.cursor.connection.executemany(sql, rows)


HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
PARTS = {
    "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
    'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
    'main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="1" sheetId="1" '
    'r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/'
    'package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def bare_export(path: Path) -> None:
    """The plain table as one sheet of texts, streamed; on PostgreSQL the database writes the XML."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(HEAD.encode())
            if connection.vendor == "postgresql":
                cells = " || ".join(
                    f"'<c t=\"inlineStr\"><is><t>' || replace(replace(coalesce({name}::text, ''), '&', '&amp;'), '<', '&lt;') "
                    "|| '</t></is></c>'"
                    for name in COLUMNS
                )
                with connection.cursor() as cursor:
                    cursor.cursor.copy_expert(
                        f"COPY (SELECT '<row>' || {cells} || '</row>' FROM bench_plain ORDER BY id) TO STDOUT",
                        sheet,
                    )
            else:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM bench_plain ORDER BY id")
                    while block := cursor.fetchmany(2_000):
                        sheet.write(_xml(block).encode())
            sheet.write(b"</sheetData></worksheet>")


def _xml(rows: Iterable[Sequence[Any]]) -> str:
    between = '</t></is></c><c t="inlineStr"><is><t>'
    return "".join(
        '<row><c t="inlineStr"><is><t>'
        + between.join("" if v is None else str(v).replace("&", "&amp;").replace("<", "&lt;") for v in row)
        + "</t></is></c></row>"
        for row in rows
    )
