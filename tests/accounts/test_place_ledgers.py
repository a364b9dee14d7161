"""The ledgers of this room at every door: template, page, command, admin and API."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Region, Unit, User
from records.choices import BatchState
from records.ledgers import batches
from records.models import AuditEvent, WorkdayOverride
from tests.factories import make_region, make_unit, make_user
from tests.factories.ledgers import make_county, send

pytestmark = pytest.mark.django_db

KINDS = ("regions", "units", "workdays", "accounts")
TABLES = {"regions": "accounts_region", "units": "accounts_unit", "workdays": "records_workdayoverride"}
FILLED = {
    "regions": {"区划代码": "990102003", "名称": "新街道"},
    "units": {"单位名称": "南湖区教育局", "行政区划": "南湖区"},
    "workdays": {"日期": "2027-01-01", "类别": "放假"},
    "accounts": {"用户名": "zhang", "姓名": "张三", "角色": "县区联络员", "辖区": "南湖区"},
}


@pytest.fixture
def admin(login: Any) -> Client:
    """The system administrator of a city with two counties and a unit."""
    make_county()
    make_unit("南湖区食安办", region="990102", is_member=True)
    client: Client = login(role="system_admin", region="9901")
    return client


def rows_of(content: bytes, kind: str) -> list[dict[str, Any]]:
    """The data rows of an exported workbook by header."""
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    assert page is not None
    header, *rows = page.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_template_imports_nothing_and_a_filled_one_is_taken(admin: Client, kind: str) -> None:
    out = io.BytesIO()
    user: User = admin.user  # type: ignore[attr-defined]
    batches.template(kind, user=user, out=out)
    batch = send(user, kind, ContentFile(out.getvalue(), name="模板.xlsx"))
    assert (batch.state, batch.choices["code"]) == (BatchState.REFUSED, "no_rows")
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    page = book.active
    header = next(row for row in page.iter_rows() if any(cell.value == "序号" for cell in row))
    place = {str(cell.value).strip("*★ "): cell.column for cell in header if cell.value}
    last = page.max_row + 1
    for name, value in FILLED[kind].items():
        page.cell(last, place[name]).value = value
    filled = io.BytesIO()
    book.save(filled)
    batch = send(user, kind, ContentFile(filled.getvalue(), name="填好.xlsx"))
    assert (batch.unrecognised, batch.counts["accepted"], batch.counts["created"]) == ([], 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_template_and_the_upload_page_are_offered_to_who_imports_the_kind(
    admin: Client, login: Any, kind: str
) -> None:
    template = reverse("ledger-template", args=[kind])
    answer = admin.get(template)
    assert b"".join(answer.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    assert template in admin.get(reverse("ledger-home")).content.decode()
    liaison = login(role="county_liaison", region="990102")
    assert liaison.get(template).status_code == 404
    assert template not in liaison.get(reverse("ledger-home")).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_exports_what_the_person_sees_and_leaves_its_event(
    admin: Client, kind: str, tmp_path: Path
) -> None:
    user: User = admin.user  # type: ignore[attr-defined]
    make_unit("外市单位", region="9801")
    out, told = tmp_path / "out.xlsx", io.StringIO()
    call_command("export", kind, str(out), "--user", user.username, "--json", stdout=told)
    rows = rows_of(out.read_bytes(), kind)
    assert json.loads(told.getvalue())["rows"] == len(rows)
    expected = {
        "regions": set(Region.objects.filter(code__startswith="9901").values_list("code", flat=True)),
        "units": {"南湖区食安办"},
        "workdays": set(WorkdayOverride.objects.values_list("day", flat=True)),
        "accounts": {user.username},
    }[kind]
    key = {"regions": "区划代码", "units": "单位名称", "workdays": "日期", "accounts": "用户名"}[kind]
    found = {row[key].date() if kind == "workdays" else row[key] for row in rows}
    assert found == expected
    assert AuditEvent.objects.filter(action=f"{kind}.exported").count() == 1


@pytest.mark.parametrize("kind", TABLES)
def test_the_admin_imports_and_exports_the_kind(admin: Client, kind: str) -> None:
    page = openpyxl.Workbook()
    page.active.append(list(FILLED[kind]))  # type: ignore[union-attr]
    page.active.append(list(FILLED[kind].values()))  # type: ignore[union-attr]
    out = io.BytesIO()
    page.save(out)
    file = ContentFile(out.getvalue(), name="台账.xlsx")
    answer = admin.post(reverse(f"admin:{TABLES[kind]}_import"), {"file": file})
    assert answer.status_code == 302 and "/ledgers/" in answer.headers["Location"]
    answer = admin.post(reverse(f"admin:{TABLES[kind]}_export"), {"format": "xlsx"})
    rows = rows_of(b"".join(answer.streaming_content), kind)  # type: ignore[attr-defined]
    model = {"regions": Region, "units": Unit, "workdays": WorkdayOverride}[kind]
    left_out = 1 if kind == "regions" else 0  # the province stands above the territory
    assert len(rows) == model._default_manager.count() - left_out


def test_the_api_tells_the_columns_of_the_kinds_a_person_imports(admin: Client) -> None:
    answer = admin.get("/api/v1/ledgers/kinds/")
    told = {kind["key"]: [column["header"] for column in kind["columns"]] for kind in answer.json()}
    assert set(told) == set(KINDS)
    assert "并入地区" in told["regions"] and "上级单位" in told["units"] and "年份公布" in told["workdays"]


def test_an_auditor_exports_every_region_and_imports_none(login: Any) -> None:
    make_county()
    make_region("9801", "外市")
    auditor = login(role="auditor")
    answer = auditor.post(reverse("admin:accounts_region_export"), {"format": "xlsx"})
    assert len(rows_of(b"".join(answer.streaming_content), "regions")) == Region.objects.count()
    assert auditor.get(reverse("admin:accounts_region_import")).status_code == 403
    assert make_user().import_kinds == frozenset()
