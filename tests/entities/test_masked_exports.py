"""Files: who sees telephone numbers masked on the pages gets them masked, and nobody waits with saving for a long one on SQLite."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict

from accounts.models import User
from foodsafe_portal.lib.exports import export_kind
from records.models import AuditEvent
from records.services.exports import export_rows
from tests.factories import make_assignment, make_business, make_officer, make_user

pytestmark = [pytest.mark.django_db]
SHOP, OFFICER = "13811112222", "13933334444"


def taken(kind: str, by: User) -> str:
    out = io.BytesIO()
    export_rows(kind=export_kind(kind), params=QueryDict(), by=by, target=out, suffix="csv")
    return out.getvalue().decode("utf-8-sig")


@pytest.mark.parametrize(
    ("role", "region", "whole"),
    [
        ("campaign_office", "9901", True),
        ("county_liaison", "990102", True),
        ("leader", "9901", False),
        ("auditor", "9901", False),
    ],
)
def test_numbers_are_whole_for_those_who_keep_them(role: str, region: str, whole: bool) -> None:
    business = make_business("电话面馆", contact_phone=SHOP)
    make_assignment(make_officer("电话干部", phone=OFFICER), business)
    make_officer("无包保干部", phone=OFFICER[:-1] + "5")
    by = make_user("taker", role=role, region=region)
    shops, officers = taken("businesses", by), taken("officers", by)
    assert "电话面馆" in shops and "电话干部" in officers and "无包保干部" in officers
    assert [SHOP in shops, OFFICER in officers, OFFICER[:-1] + "5" in officers] == [whole] * 3


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_an_export_keeps_nobody_from_saving_on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def written(*_args: Any, **_kwargs: Any) -> int:
        held.append(connection.in_atomic_block)
        return 0

    monkeypatch.setattr("records.services.exports.write_export", written)
    taken("businesses", make_user("taker", role="campaign_office", region="9901"))
    assert held == [connection.vendor == "postgresql"]
    assert AuditEvent.objects.filter(action="businesses.exported").count() == 1
