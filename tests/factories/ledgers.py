"""Ledgers for tests: workbooks built in memory, and the way from an upload to an import in two lines."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from django.core.files.base import ContentFile

from accounts.models import User
from foodsafe_portal.lib.identifiers import make_licence, make_uscc
from records.ledgers import batches, kind_of
from records.models import LedgerBatch
from records.services import jobs
from tests.factories import make_region, make_user, numbers


def make_county(code: str = "990102", name: str = "南湖区") -> None:
    """A county with two townships and three villages, and another county beside it."""
    make_region(code, name)
    make_region(f"{code}001", "人民街道")
    make_region(f"{code}001001", "幸福社区")
    make_region(f"{code}001002", "和平社区")
    make_region(f"{code}002", "石门乡")
    make_region(f"{code}002001", "石门村")
    make_region("990103", "富源市")
    make_region("990103001", "东风乡")


def make_liaison(**fields: Any) -> User:
    """The liaison of the county that ``make_county`` makes."""
    return make_user(role="county_liaison", region="990102", **fields)


def uscc(number: int) -> str:
    """A credit code with a right check character."""
    return make_uscc(f"92990102MA{number:07d}"[:17].ljust(17, "0"))


def licence(number: int) -> str:
    """A licence number with a right check digit."""
    return make_licence("JY", f"2990102{number:06d}")


def business_row(**fields: Any) -> dict[str, Any]:
    """A row of the ledger of businesses without a fault, by column key."""
    number = next(numbers)
    return {
        "name": f"南湖第{number}饭店",
        "credit_code": uscc(number),
        "licence_no": licence(number),
        "licence_valid_to": "2028-03-16",
        "business_type": "餐饮服务",
        "scale": "小",
        "legal_person": "张三",
        "contact_phone": f"138{number:08d}",
        "premises_address": f"南湖区人民街道幸福路 {number} 号",
        "county": "南湖区",
        "township": "人民街道",
        "village": "幸福社区",
        "supervision_office": "人民市场监管所",
        "responsibility_grade": "C",
        "risk_grade": "B",
        "high_risk": "否",
        "status": "正常",
    } | fields


def workbook(
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str] | None = None,
    above: Sequence[Sequence[Any]] = (("台账",),),
    below: Sequence[Sequence[Any]] = (),
    headers: Mapping[str, str] | None = None,
    sheet: str = "台账",
) -> ContentFile:
    """A workbook of a kind: lines above, proper headers (or ``headers`` by key), rows by key, lines below."""
    columns = kind_of(kind).column_of
    present = list(keys) if keys is not None else [key for key in columns if any(key in row for row in rows)]
    book = openpyxl.Workbook()
    book.properties.identifier = str(
        next(numbers)
    )  # two workbooks are never the very same file, however alike
    page = book.active
    page.title = sheet
    for line in above:
        page.append(list(line))
    page.append([(headers or {}).get(key, columns[key].header) for key in present])
    for row in rows:
        page.append([row.get(key) for key in present])
    for line in below:
        page.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return ContentFile(out.getvalue(), name=f"{kind}.xlsx")


def send(user: User, kind: str, rows: Sequence[Mapping[str, Any]] | ContentFile, **how: Any) -> LedgerBatch:
    """Upload rows (or a file) and check them; the batch as it stands afterwards."""
    file = rows if isinstance(rows, ContentFile) else workbook(kind, rows, **how)
    received = batches.receive_upload(kind=kind, file=file, by=user)
    return checked(received.batch)


def checked(batch: LedgerBatch) -> LedgerBatch:
    """Run the check that waits."""
    if batch.check_job is not None:
        jobs.run_inline(batch.check_job)
    return LedgerBatch.objects.select_related("uploaded_by").get(pk=batch.pk)


def take_in(batch: LedgerBatch, *, partial: bool = False) -> LedgerBatch:
    """Confirm and import a checked batch."""
    batches.confirm_batch(batch=batch, by=batch.uploaded_by, digest=batch.digest, accept_partial=partial)
    assert batch.commit_job is not None
    jobs.run_inline(batch.commit_job)
    return LedgerBatch.objects.select_related("uploaded_by").get(pk=batch.pk)


def found(batch: LedgerBatch, *severities: str) -> list[tuple[int, str, str]]:
    """(row, column, code) of every issue of these severities, in the order of the sheet."""
    return [
        (issue["row"], issue["column"], issue["code"])
        for issue in batches.document(batch)["issues"]
        if issue["severity"] in severities
    ]


def counts(batch: LedgerBatch) -> dict[str, int]:
    """The counts of rows that are not zero."""
    return {name: count for name, count in batch.counts.items() if count and name not in ("changed", "notes")}
