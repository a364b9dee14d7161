"""Every output prints instants in one zone: the commands' documents and every export there is, the same on every call."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.http import QueryDict

from accounts.models import User
from campaigns.models import WeeklyReport
from foodsafe_portal.lib.exports import export_keys, export_kind
from foodsafe_portal.lib.formats import minute
from foodsafe_portal.lib.instants import in_shanghai, json_text, printed_stamp, stamp
from records.services.exports import ExportRefused, export_rows
from tests.campaigns.weekly import freeze, make_city
from tests.factories import make_user
from tests.factories.ledgers import make_county, make_liaison

NOON = datetime(2026, 11, 16, 4, 5, 6, 700, tzinfo=UTC)
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[^\s,\"]*")
WITH_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?\+08:00")


def instants_in(value: Any) -> list[str]:
    """Every instant in a text, or in the leaves of a document."""
    if isinstance(value, dict):
        return [found for part in value.values() for found in instants_in(part)]
    if isinstance(value, list | tuple):
        return [found for part in value for found in instants_in(part)]
    return INSTANT.findall(str(value))


def test_an_instant_is_printed_on_the_clock_of_shanghai_whatever_zone_it_came_in():
    assert stamp(NOON) == stamp(in_shanghai(NOON)) == "2026-11-16T12:05:06.000700+08:00"
    assert printed_stamp(NOON) == "2026-11-16T12:05:06+08:00"
    assert minute(NOON) == minute(in_shanghai(NOON)) == "2026-11-16 12:05"
    assert json.dumps({"at": NOON, "on": NOON.date()}, default=json_text) == (
        '{"at": "2026-11-16T12:05:06.000700+08:00", "on": "2026-11-16"}'
    )


@pytest.fixture
def frozen(db: Any, time_machine: Any) -> WeeklyReport:
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    make_user("boss", role="campaign_office", region="9901")
    return freeze(make_city())


def test_closing_a_week_twice_prints_the_same_instants(frozen, capsys):
    documents = []
    for _time in range(2):
        call_command("close_week", "--campaign", "demo", "--week", "2026-W46", "--json")
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]
    assert documents[0]["as_of"] == "2026-11-16T00:00:00+08:00"
    assert documents[0]["known_at"] == "2026-11-16T08:30:00+08:00"


@pytest.mark.parametrize("key", export_keys())
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_every_export_prints_its_instants_with_their_zone(frozen, key, suffix):
    office = User.objects.get(username="boss")
    params = QueryDict(f"report={frozen.pk}&measure=visits&level=county&code=990102&part=expected")
    if key == "figure_problems":
        params = QueryDict(f"report={frozen.pk}&measure=problems&level=county&code=990102&part=expected")
    target = BytesIO()
    kind = export_kind(key)
    by = office if office.can(kind.permission) else make_user("keeper", role="system_admin", region="9901")
    try:
        export_rows(kind=kind, params=params, by=by, target=target, suffix=suffix)
    except ExportRefused:
        assert not (by.can("export") and by.can(kind.permission))
        return
    if suffix == "csv":
        cells = [cell for row in csv.reader(StringIO(target.getvalue().decode("utf-8-sig"))) for cell in row]
    else:
        book = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
        values = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
        moments = [
            value for value in values if isinstance(value, datetime) and value.time() != value.min.time()
        ]
        assert not moments, "a number in Excel knows no zone"
        cells = [value for value in values if isinstance(value, str)]
    found = instants_in(cells)
    assert [one for one in found if not WITH_ZONE.fullmatch(one)] == []
    if key == "reports":
        assert "2026-11-16T08:30:00+08:00" in found and "2026-11-16T12:00:00+08:00" in found


def test_the_api_prints_its_instants_with_their_zone(frozen, login):
    office = login(User.objects.get(username="boss"))
    answer = office.get(f"/api/v1/reports/{frozen.pk}/").json()
    assert answer["as_of"] == "2026-11-16T00:00:00+08:00"
    found = instants_in(answer)
    assert found and [one for one in found if not WITH_ZONE.fullmatch(one)] == []


def test_an_import_prints_its_instants_with_their_zone(db, tmp_path, capsys):
    make_county()
    user = make_liaison()
    call_command(
        "ledger_template", str(tmp_path / "t.xlsx"), "--kind", "businesses", "--user", user.username, "--json"
    )
    found = instants_in(json.loads(capsys.readouterr().out))
    assert [one for one in found if not WITH_ZONE.fullmatch(one)] == []
