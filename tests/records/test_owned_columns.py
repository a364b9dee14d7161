"""What the city keeps, a county's or township's ledger cannot overwrite; a new object is theirs to describe."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from entities.errors import OwnedByCity
from entities.models import Business, Officer, StatusChange
from entities.services.businesses import update_business
from inspections.models import Problem
from records.ledgers import all_kinds, ledger_rules
from records.models import AuditEvent, OwnedColumn
from records.services.rows import RowRefused
from tests.factories import make_problem, make_region, make_unit
from tests.factories.ledgers import business_row, counts, found, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def own(office, kind, *columns):
    for column in columns:
        ledger_rules.save_owned_column(owned=OwnedColumn(), kind=kind, column=column, by=office)


def owned_notes(batch):
    return [place for place in found(batch, "note") if place[2] == "owned_by_city"]


@pytest.mark.parametrize(
    ("column", "told", "field"),
    [
        ("risk_grade", "D", "risk_grade"),
        ("name", "别的店名", "name"),
        ("high_risk", "是", "high_risk"),
        ("licence_valid_to", "2031-01-01", "licence_valid_to"),
        ("responsibility_grade", "A", "responsibility_grade"),
    ],
)
def test_an_owned_value_stays_and_the_row_says_so(office, liaison, column, told, field):
    row, other = business_row(), business_row()
    take_in(send(liaison, "businesses", [row, other]))
    own(office, "businesses", column)
    before = Business.objects.get(name=row["name"])
    batch = send(
        liaison,
        "businesses",
        [row | {column: told, "legal_person": "李四"}, other | {"legal_person": "赵六"}],
    )
    assert (counts(batch).get("rejected", 0), [place[0] for place in owned_notes(batch)]) == (0, [3])
    take_in(batch)
    after = Business.objects.get(pk=before.pk)
    assert (getattr(after, field), after.legal_person) == (getattr(before, field), "李四")
    assert Business.objects.filter(legal_person="赵六").count() == 1


def test_a_row_that_would_change_only_what_the_city_owns_is_a_conflict_and_writes_nothing(office, liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    own(office, "businesses", "risk_grade", "status")
    batch = send(liaison, "businesses", [row | {"risk_grade": "D", "status": "停业"}])
    assert counts(batch) == {"read": 1, "accepted": 1, "conflicts": 1}
    take_in(batch)
    assert (Business.objects.get().version, StatusChange.objects.count()) == (1, 0)


def test_what_the_county_says_in_agreement_or_leaves_blank_needs_no_note(office, liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    own(office, "businesses", "risk_grade", "legal_person")
    batch = send(liaison, "businesses", [row | {"legal_person": None, "contact_phone": "13912345678"}])
    assert (owned_notes(batch), counts(batch)["updated"]) == ([], 1)


def test_a_new_business_may_be_described_by_the_county(office, liaison):
    own(office, "businesses", "risk_grade", "name")
    batch = take_in(send(liaison, "businesses", [business_row(name="新店", risk_grade="D")]))
    assert (owned_notes(batch), Business.objects.get().risk_grade) == ([], "D")


def test_the_city_itself_may_write_its_columns(office, liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    own(office, "businesses", "risk_grade")
    take_in(send(office, "businesses", [row | {"risk_grade": "D"}]))
    assert Business.objects.get().risk_grade == "D"


def test_a_page_leaves_owned_columns_to_the_city_as_well(office, liaison):
    own(office, "businesses", "risk_grade")
    take_in(send(liaison, "businesses", [business_row()]))
    business = Business.objects.get()
    asked = {"business": business, "version": business.version, "on": date(2026, 11, 16)}
    with pytest.raises(OwnedByCity, match="监管风险等级"):
        update_business(**asked, changes={"risk_grade": "D", "scale": "large"}, by=liaison)
    business.refresh_from_db()
    assert (business.risk_grade, business.scale) == ("B", "small")
    saved = update_business(**asked, changes={"risk_grade": "D"}, by=office)
    assert saved.risk_grade == "D"


def test_an_officers_owned_title_stays(office, liaison):
    row = {
        "officer_name": "李四", "officer_title": "副镇长", "officer_level": "乡镇级", "officer_unit": "人民街道办事处",
        "officer_phone": "13900000000", "county": "南湖区", "township": "人民街道",
    }  # fmt: skip
    business = business_row()
    take_in(send(liaison, "businesses", [business]))
    row |= {
        "business_name": business["name"],
        "business_credit_code": business["credit_code"],
        "business_licence_no": business["licence_no"],
    }
    take_in(send(liaison, "officers", [row]))
    own(office, "officers", "officer_title")
    batch = send(liaison, "officers", [row | {"officer_title": "镇长"}])
    assert (counts(batch).get("conflicts"), len(owned_notes(batch))) == (1, 1)
    batch = take_in(send(liaison, "officers", [row | {"officer_title": "镇长", "officer_unit": "镇政府"}]))
    saved = Officer.objects.get()
    assert (saved.title, saved.unit_name) == ("副镇长", "镇政府")


def test_a_problems_owned_words_stay(office, liaison):
    make_region("990102001")
    unit = make_unit(region="990102")
    problem = make_problem(region="990102001", unit=unit, description="地面积水", found_on=date(2026, 11, 2))
    own(office, "problems", "description")
    row = {
        "code": problem.code, "source": "督查", "kind": "点位", "found_on": "2026-11-02", "county": "南湖区",
        "description": "一切都好", "severity": "一般", "lead_unit": unit.name, "site": "后厨", "progress": "已安排",
    }  # fmt: skip
    batch = send(liaison, "problems", [row])
    assert (batch.counts["rejected"], len(owned_notes(batch))) == (0, 1), batch.reason
    take_in(batch)
    saved = Problem.objects.get()
    assert (saved.description, saved.progress) == ("地面积水", "已安排")


# --- the table -----------------------------------------------------------------------------------------


def test_only_columns_of_the_kind_can_be_owned_once_each(office):
    own(office, "businesses", "risk_grade")
    for column in ("risk_grade", "township", "nonsense"):
        with pytest.raises(RowRefused):
            own(office, "businesses", column)
    ledger_rules.remove_owned_column(owned=OwnedColumn.objects.get(), by=office)
    assert ledger_rules.locked_columns("businesses", "990102") == frozenset()
    actions = AuditEvent.objects.filter(action__startswith="owned_column").values_list("action", flat=True)
    assert sorted(actions) == ["owned_column.created", "owned_column.removed"]


def test_every_ownable_column_is_a_column_of_its_kind():
    for kind in all_kinds():
        assert set(kind.ownable) <= set(kind.column_of), kind.key
    assert {kind.key for kind in all_kinds() if kind.ownable} >= {"businesses", "officers", "problems"}


def test_the_office_chooses_a_column_in_the_admin(office, login):
    client = login(office)
    page = client.get(reverse("admin:records_ownedcolumn_add")).content.decode()
    assert "食品生产经营主体台账" in page
    answer = client.post(
        reverse("admin:records_ownedcolumn_add"), {"kind": "businesses", "column": "risk_grade"}
    )
    assert answer.status_code == 302
    assert ledger_rules.locked_columns("businesses", "990102001") == {"risk_grade"}
    assert ledger_rules.locked_columns("businesses", "9901") == frozenset()
