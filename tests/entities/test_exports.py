"""Exports: exactly the rows of the list, inert, recorded, and fit to be imported again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from entities.models import Business, Officer
from entities.rules.matching import match_key, officer_key
from foodsafe_portal.lib.exports import export_keys, export_kind
from records.models import AuditEvent
from tests.factories import make_assignment, make_business, make_officer, make_region, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Login = Callable[..., Client]


@pytest.fixture
def city() -> None:
    make_region("990102", "南湖区")
    make_region("990102001", "湖滨街道")
    make_region("990103", "北山区")
    make_region("990103001", "山脚镇")


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def export(user: str, kind: str, path: Path, *more: str) -> dict[str, Any]:
    """The command's document and exit code."""
    out = io.StringIO()
    code = 0
    try:
        call_command(
            "export", kind, str(path), "--user", user, "--json", *more, stdout=out, stderr=io.StringIO()
        )
    except SystemExit as stop:
        code = int(stop.code or 0)
    return json.loads(out.getvalue()) | {"code": code}


def test_the_button_gives_exactly_the_rows_of_the_list(login: Login, city: None) -> None:
    client = login(role="county_liaison", region="990102", name="周倩")
    kept = [make_business(f"乙级{n}", responsibility_grade="B") for n in range(3)]
    make_business("丙级")
    make_business("邻县", region="990103001", responsibility_grade="B")
    query = {"grade": "B"}
    shown = client.get(reverse("business-list"), query).context["list"]
    response = client.get(reverse("business-export"), query)
    assert response["Content-Disposition"].startswith("attachment;")
    book = sheets(content(response))
    cover, (header, *rows) = book["导出说明"], book["经营主体"]
    assert [row[1] for row in rows] == [business.name for business in reversed(kept)]
    assert len(rows) == shown.page.total == 3
    assert list(header) == [column.header for column in export_kind("businesses").columns]
    facts = {str(row[0]): row[1] for row in cover if row and row[0]}
    assert facts["条件"] == "包保等级：B" and facts["行数"] == "3" and "周倩" in facts["导出人"]
    event = AuditEvent.objects.get(action="businesses.exported")
    assert event.after == {"rows": 3, "format": "xlsx", "filter": "grade=B"}


def test_a_cell_never_becomes_a_formula(login: Login, city: None) -> None:
    client = login(role="county_liaison", region="990102")
    make_business("=cmd|' /C calc'!A0", premises_address="@SUM(1)")
    (header, row) = csv.reader(
        io.StringIO(content(client.get(reverse("business-export"), {"format": "csv"})).decode("utf-8-sig"))
    )
    assert (
        row[header.index("企业名称")] == "'=cmd|' /C calc'!A0" and row[header.index("经营场所")] == "'@SUM(1)"
    )
    data = content(client.get(reverse("business-export")))
    cell = openpyxl.load_workbook(io.BytesIO(data))["经营主体"]["B2"]
    assert (cell.data_type, cell.value) == ("s", "=cmd|' /C calc'!A0")


def test_an_unknown_format_is_refused(login: Login) -> None:
    client = login(role="county_liaison", region="990102")
    assert client.get(reverse("business-export"), {"format": "exe"}).status_code == 400
    assert not AuditEvent.objects.filter(action__endswith="exported").exists()


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_the_command_writes_what_the_page_shows(city: None, tmp_path: Path, suffix: str) -> None:
    make_user("liaison", role="county_liaison", region="990102")
    make_business("甲", responsibility_grade="B")
    make_business("乙")
    make_business("邻县", region="990103001", responsibility_grade="B")
    path = tmp_path / f"out.{suffix}"
    answer = export("liaison", "businesses", path, "--filter", "grade=B&q=")
    assert (answer["rows"], answer["code"], set(answer)) == (1, 0, {"rows", "seconds", "code"})
    assert path.stat().st_size > 0 and [file.name for file in tmp_path.iterdir()] == [path.name]
    assert AuditEvent.objects.get().actor_name == "测试人员"


@pytest.mark.parametrize(
    ("kind", "name", "user", "words"),
    [
        ("nothing", "a.xlsx", "liaison", "没有“nothing”这种导出"),
        ("businesses", "a.pdf", "liaison", "文件名应以 .xlsx 或 .csv 结尾"),
        ("businesses", "a.xlsx", "nobody", "没有名为“nobody”的启用账号"),
        ("businesses", "a.xlsx", "unit", "您的岗位不能导出"),
        ("businesses", "missing/a.xlsx", "liaison", "写不了文件"),
    ],
)
def test_a_refused_export_says_why_and_leaves_no_file(
    city: None, tmp_path: Path, kind: str, name: str, user: str, words: str
) -> None:
    make_user("liaison", role="county_liaison", region="990102")
    make_user("unit", role="unit_liaison", region="990102")
    answer = export(user, kind, tmp_path / name)
    assert answer["code"] == 2 and words in answer["reason"]
    assert not list(tmp_path.iterdir()) and not AuditEvent.objects.exists()


def registered(**fields: Any) -> Business:
    """A business under the natural key of its own numbers, as the services keep it."""
    business = make_business(**fields)
    business.match_key = match_key(
        licence_no=business.licence_no,
        credit_code=business.credit_code,
        premises_address=business.premises_address,
        name=business.name,
    )
    business.save()
    return business


def appointed(name: str, **fields: Any) -> Officer:
    """An officer under the natural key of name and telephone."""
    officer = make_officer(name, **fields)
    officer.match_key = officer_key(
        name=name, phone=officer.phone, unit_name=officer.unit_name, region=officer.region_id
    )
    officer.save()
    return officer


def reimported(kind: str, path: Path) -> dict[str, Any]:
    out = io.StringIO()
    call_command(
        "import_ledger", str(path), "--kind", kind, "--user", "liaison", "--check-only", "--json", stdout=out
    )
    return json.loads(out.getvalue())


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_an_exported_register_imported_again_changes_nothing(city: None, tmp_path: Path, suffix: str) -> None:
    make_user("liaison", role="county_liaison", region="990102")
    registered(
        name="全", credit_code="92990102MA0000001X", licence_valid_to=date(2028, 3, 16), scale="small", legal_person="张三",
        contact_phone="13800000000", supervision_office="湖滨所", risk_grade="C", high_risk=True, safety_officer="徐萍",
    )  # fmt: skip
    registered(name="未定级", responsibility_grade="", status="suspended")
    path = tmp_path / f"register.{suffix}"
    export("liaison", "businesses", path)
    answer = reimported("businesses", path)
    assert (answer["read"], answer["unchanged"], answer["rejected"]) == (2, 2, 0)


def test_exported_officers_imported_again_change_nothing(city: None, tmp_path: Path) -> None:
    make_user("liaison", role="county_liaison", region="990102")
    officer = appointed("何静", unit_name="湖滨街道办")
    for number in range(2):
        make_assignment(officer, registered(name=f"店{number}"))
    appointed("暂无主体", unit_name="湖滨街道办")
    make_officer("邻县", region="990103001")
    path = tmp_path / "officers.xlsx"
    assert export("liaison", "officers", path)["rows"] == 3
    answer = reimported("officers", path)
    assert (answer["read"], answer["rejected"], answer["created"], answer["updated"]) == (3, 0, 0, 0)


def test_every_kind_of_export_names_its_columns_and_its_right() -> None:
    assert {"businesses", "officers"} <= set(export_keys())
    for key in export_keys():
        kind = export_kind(key)
        assert kind.columns and str(kind.title) and kind.permission


def test_rows_come_through_a_stream_and_not_a_list(city: None) -> None:
    user = make_user(role="county_liaison", region="990102")
    make_business()
    rows = export_kind("businesses").rows(user, QueryDict(""))
    stream = iter(rows)
    assert iter(stream) is stream
    assert len(list(stream)) == Business.objects.count() == 1
