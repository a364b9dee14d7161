"""Businesses that look like one: three rings of matching, a person's decision, and files that stand by it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from entities import errors, services
from entities.choices import PairState
from entities.models import Assignment, Business, BusinessMerger, DuplicatePair, FormerIdentity
from entities.rules.matching import match_key
from entities.services.duplicates import seen_of, would_fill
from inspections.fulfilment import follow
from inspections.models import Problem, Visit, VisitDuty
from inspections.querysets import part_condition
from records.ledgers import batches
from records.models import AuditEvent, Job, LedgerBatch
from records.services import jobs
from tests.factories import (
    make_assignment,
    make_business,
    make_officer,
    make_problem,
    make_region,
    make_user,
)
from tests.factories.ledgers import business_row, counts, found, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TOWNSHIP = "990102001"


@pytest.fixture
def liaison() -> User:
    make_county()
    return make_liaison(name="周倩")


def notes(batch: Any) -> list[str]:
    return [code for _row, _column, code in found(batch, "note")]


def import_rows(user: User, *rows: dict[str, Any]) -> Any:
    return take_in(send(user, "businesses", list(rows)))


def alike(**fields: Any) -> dict[str, Any]:
    """Two rows of one shop: as the county writes it, and as the market office does."""
    return business_row(
        **{"name": "南湖区张记面馆", "premises_address": "南湖区人民街道幸福路 1 号"} | fields
    )


def twin(**fields: Any) -> dict[str, Any]:
    return business_row(**{"name": "张记面馆", "premises_address": "幸福路1号"} | fields)


def pair_of(user: User) -> tuple[DuplicatePair, dict[str, Any], dict[str, Any]]:
    """A pair that two ledgers have brought about, with the rows of both."""
    one, other = alike(), twin()
    import_rows(user, one)
    import_rows(user, other)
    return DuplicatePair.objects.select_related("first", "second").get(), one, other


def merge(pair: DuplicatePair, by: User, **fields: Any) -> BusinessMerger:
    pair = DuplicatePair.objects.select_related("first", "second").get(pk=pair.pk)
    values: dict[str, Any] = {
        "survivor_id": pair.first_id,
        "seen": seen_of(pair),
        "on": timezone.localdate(),
    } | fields
    return services.merge_businesses(pair=pair, by=by, **values)


def withdraw(pair: DuplicatePair, by: User) -> DuplicatePair:
    pair = DuplicatePair.objects.select_related("first", "second").get(pk=pair.pk)
    return services.unmerge_businesses(
        pair=pair, seen=seen_of(pair), by=by, note="看错了", on=timezone.localdate()
    )


# --- the second ring: what it was before -----------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "old"),
    [
        pytest.param({"name": "新名面馆"}, {"licence_no": None, "credit_code": None}, id="name and premises"),
        pytest.param({"licence_no": "JY19901029999990"}, {}, id="licence"),
        pytest.param(
            {"premises_address": "建设街 9 号"}, {"licence_no": None}, id="credit code and premises"
        ),
    ],
)
def test_a_row_that_still_names_what_a_business_was_finds_it_and_brings_nothing_back(liaison, changes, old):
    row = alike()
    import_rows(liaison, row)
    business = Business.objects.get()
    services.update_business(
        business=business, version=business.version, changes=changes, by=liaison, on=timezone.localdate()
    )
    before = Business.objects.values().get()
    batch = send(liaison, "businesses", [row | old])
    assert (counts(batch)["unchanged"], "former_identity" in notes(batch)) == (1, True)
    take_in(batch)
    assert Business.objects.values().get() == before


def test_a_row_found_by_a_former_licence_still_tells_what_else_is_new(liaison):
    row = alike()
    import_rows(liaison, row)
    business = Business.objects.get()
    changes = {"licence_no": "JY19901029999990"}
    services.update_business(business=business, version=1, changes=changes, by=liaison, on=date(2026, 11, 1))
    import_rows(liaison, row | {"legal_person": "李四"})
    business.refresh_from_db()
    assert (business.legal_person, business.licence_no) == ("李四", "JY19901029999990")


def test_a_ledger_keeps_the_identities_it_replaces_and_its_undo_forgets_them(liaison):
    row = alike()
    import_rows(liaison, row)
    batch = import_rows(liaison, row | {"name": "新名面馆"})
    former = FormerIdentity.objects.get()
    assert (former.name, former.batch_id, former.why) == ("南湖区张记面馆", batch.pk, "changed")
    batches.undo_batch(batch=batch, by=liaison)
    assert (Business.objects.get().name, FormerIdentity.objects.count()) == ("南湖区张记面馆", 0)


def test_an_officers_ledger_finds_a_business_by_its_former_licence(liaison):
    row = alike()
    import_rows(liaison, row)
    business = Business.objects.get()
    changes = {"licence_no": "JY19901029999990"}
    services.update_business(business=business, version=1, changes=changes, by=liaison, on=date(2026, 11, 1))
    officer = {
        "officer_name": "王一", "officer_title": "副镇长", "officer_level": "乡镇级", "officer_phone": "13900000001",
        "county": "南湖区", "township": "人民街道", "business_name": row["name"],
        "business_licence_no": row["licence_no"], "valid_from": "2026-01-01",
    }  # fmt: skip
    batch = send(liaison, "officers", [officer])
    assert (found(batch, "error"), "former_identity" in notes(batch)) == ([], True)
    take_in(batch)
    assert Assignment.objects.get().business_id == business.pk


# --- the third ring: candidates --------------------------------------------------------------------


def test_a_new_business_like_a_registered_one_is_created_and_put_before_a_person(liaison):
    import_rows(liaison, alike(), business_row(name="福来超市", premises_address="人民街道幸福路 1 号"))
    batch = send(liaison, "businesses", [twin(), twin(name="石门张记", premises_address="石门路 3 号")])
    assert (counts(batch)["created"], notes(batch).count("similar_business")) == (2, 1)
    take_in(batch)
    pair = DuplicatePair.objects.get()
    assert {pair.first.name, pair.second.name} == {"南湖区张记面馆", "张记面馆"}
    assert (pair.region_id, pair.likeness, pair.state, pair.batch_id) == (TOWNSHIP, 100, "waiting", batch.pk)


def test_the_same_shop_in_another_township_is_no_candidate(liaison):
    import_rows(liaison, alike())
    import_rows(liaison, twin(township="石门乡", village="石门村"))
    assert not DuplicatePair.objects.exists()


def seek_among() -> Job:
    """Do what a ledger has left to be done once it is committed."""
    job = Job.objects.get(kind="duplicates.seek_among")
    jobs.run_inline(job)
    job.refresh_from_db()
    assert job.state == "done"
    return job


def test_new_businesses_of_one_file_that_are_like_each_other_are_put_before_a_person(liaison):
    batch = import_rows(
        liaison,
        alike(),
        twin(),
        business_row(name="福来超市", premises_address="人民街道幸福路 1 号"),
        twin(township="石门乡", village="石门村"),
    )
    assert not DuplicatePair.objects.exists()
    job = seek_among()
    pair = DuplicatePair.objects.get()
    assert {pair.first.name, pair.second.name} == {"南湖区张记面馆", "张记面馆"}
    assert (pair.region_id, pair.state, pair.batch_id, job.result) == (
        TOWNSHIP,
        PairState.WAITING,
        batch.pk,
        {"businesses": 4, "pairs": 1, "new": 1},
    )
    assert AuditEvent.objects.get(action="duplicates.sought").actor == liaison
    services.keep_apart(pair=pair, seen=seen_of(pair), by=liaison)
    jobs.Job.objects.update(state="queued")
    seek_among()
    assert DuplicatePair.objects.get().state == PairState.APART


def test_pairs_of_one_file_go_with_it_when_it_is_undone_also_before_they_are_sought(liaison):
    batch = import_rows(liaison, alike(), twin())
    seek_among()
    assert batches.undo_batch(batch=batch, by=liaison).removed == 2
    assert not DuplicatePair.objects.exists()
    jobs.Job.objects.update(state="queued")
    assert seek_among().result == {"businesses": 0, "pairs": 0, "new": 0}


def test_undoing_the_ledger_takes_its_pairs_along_unless_somebody_decided(liaison):
    pair, _one, _other = pair_of(liaison)
    services.keep_apart(pair=pair, seen=seen_of(pair), by=liaison)
    batch = Business.objects.get(pk=pair.second_id)
    result = batches.undo_batch(batch=_batch_of(pair), by=liaison)
    assert (result.removed, [each["why"] for each in result.conflicts]) == (
        0,
        ["疑似重复已有核对结论，没有删除"],
    )
    assert Business.objects.filter(pk=batch.pk).exists()


def _batch_of(pair: DuplicatePair) -> Any:
    return LedgerBatch.objects.get(pk=pair.batch_id or 0)


def test_seeking_the_register_twice_finds_each_pair_once(liaison, capsys):
    make_business("南湖区张记面馆", premises_address="人民街道幸福路 1 号")
    make_business("张记面馆", premises_address="幸福路1号")
    make_business("张记面馆", premises_address="幸福路1号", region="990103001")
    call_command("seek_duplicates", "--region", "9901", "--json")
    first = json.loads(capsys.readouterr().out)
    call_command("seek_duplicates", "--region", "9901", "--json")
    again = json.loads(capsys.readouterr().out)
    assert (first["businesses"], first["pairs"], first["new"]) == (3, 1, 1)
    assert (again["pairs"], again["new"], DuplicatePair.objects.count()) == (1, 0, 1)


def test_a_business_that_goes_while_the_register_is_compared_is_in_no_pair(liaison):
    _pair, _one, other = pair_of(liaison)
    DuplicatePair.objects.all().delete()

    def meanwhile(done, total):
        Business.objects.filter(name=other["name"]).delete()

    sought = services.seek_duplicates(region_code="990102", progress=meanwhile)
    assert (sought.pairs, sought.new, DuplicatePair.objects.count()) == (0, 0, 0)


# --- files stand by decisions ----------------------------------------------------------------------


def test_a_pair_kept_apart_is_never_offered_again_and_files_say_so(liaison):
    pair, one, other = pair_of(liaison)
    services.keep_apart(pair=pair, seen=seen_of(pair), by=liaison, note="两家门牌相同")
    assert services.seek_duplicates(region_code="990102").new == 0
    for _ in range(2):
        batch = send(liaison, "businesses", [one, other, business_row()])
        assert notes(batch).count("kept_apart") == 2
        assert counts(batch)["unchanged"] >= 2
        take_in(batch)
    assert DuplicatePair.objects.get(pk=pair.pk).state == PairState.APART


def test_a_business_that_lies_in_another_county_now_is_not_named_to_this_one(liaison):
    pair, one, _other = pair_of(liaison)
    services.keep_apart(pair=pair, seen=seen_of(pair), by=liaison)
    mine = Business.objects.get(name=one["name"])
    Business.objects.exclude(pk=mine.pk).update(region_id="990103001")
    assert "kept_apart" not in notes(send(liaison, "businesses", [one]))


def test_both_rows_of_a_merged_pair_import_unchanged_again_and_again(liaison):
    pair, one, other = pair_of(liaison)
    merge(pair, liaison)
    before = list(Business.objects.order_by("pk").values())
    for title in ("台账", "再报一次"):  # the very same file would be answered from the first batch
        batch = send(liaison, "businesses", [one, other], above=((title,),))
        assert (counts(batch)["unchanged"], notes(batch)) == (2, ["merged_business"])
        assert not batch.counts.get("created")
        take_in(batch)
    assert list(Business.objects.order_by("pk").values()) == before


def test_a_file_cannot_write_a_merged_business_and_says_where_to_write(liaison):
    pair, _one, other = pair_of(liaison)
    merge(pair, liaison)
    before = list(Business.objects.order_by("pk").values())
    batch = send(liaison, "businesses", [other | {"legal_person": "李四"}, business_row()])
    assert (counts(batch)["conflicts"], "merged_business" in notes(batch)) == (1, True)
    take_in(batch)
    assert (
        list(Business.objects.filter(pk__in=[row["id"] for row in before]).order_by("pk").values()) == before
    )


def test_another_county_is_told_that_the_merged_business_is_not_its_own(liaison):
    pair, _one, other = pair_of(liaison)
    merge(pair, liaison)
    stranger = make_user(role="county_liaison", region="990103")
    row = other | {"county": "富源市", "township": "东风乡", "village": None}
    assert found(send(stranger, "businesses", [row]), "error") == [(3, "许可证号", "owned_elsewhere")]


def test_nobody_registers_a_merged_business_anew_by_hand(liaison):
    pair, _one, other = pair_of(liaison)
    merge(pair, liaison)
    values = {
        "name": "张记面馆", "licence_no": other["licence_no"], "business_type": "catering",
        "premises_address": "幸福路1号", "region": pair.region,
    }  # fmt: skip
    with pytest.raises(errors.AlreadyRegistered, match="南湖区张记面馆"):
        services.register_business(by=liaison, values=values, registered_on=timezone.localdate())


# --- merging and taking apart ----------------------------------------------------------------------


def tables() -> dict[str, Any]:
    """What stands in the register and hangs on it, without versions and instants of writing."""
    businesses = Business.objects.order_by("pk").values()
    duties = VisitDuty.objects.live().order_by("business_id", "arises_on").values()
    left_out = ("id", "version", "updated_at", "recorded_at", "superseded_at")
    return {
        "businesses": [{k: v for k, v in row.items() if k not in left_out} for row in businesses],
        "bonds": list(Assignment.objects.active().order_by("pk").values()),
        "duties": [{k: v for k, v in row.items() if k not in left_out} for row in duties],
        "visits": list(Visit.objects.order_by("pk").values()),
        "problems": list(Problem.objects.order_by("pk").values()),
        "former": list(FormerIdentity.objects.values()),
        "pairs": list(DuplicatePair.objects.values("pk", "state", "merger_id", "decided_at", "note")),
    }


@pytest.fixture
def city():
    """Two businesses of one township, each with a bond, a duty of this quarter and a past; and a third beside them."""
    make_region(TOWNSHIP, "人民街道")
    kept = make_business("南湖区张记面馆")
    number = "JY29901020000017"
    gone = make_business("张记面馆", licence_no=number, match_key=f"L:{number}")
    third = make_business("福来超市")
    officers = [make_officer(), make_officer(level="village")]
    make_assignment(officers[0], kept)
    make_assignment(officers[0], gone)
    make_assignment(officers[1], gone)
    today = timezone.localdate()
    Visit.objects.create(
        business=gone, region_id=TOWNSHIP, officer=officers[0], officer_name="甲", visited_on=today,
        recorded_at=timezone.now(),
    )  # fmt: skip
    make_problem(business=gone, found_on=today, due_on=today + timedelta(days=9))
    follow([kept.pk, gone.pk, third.pk], timezone.now())
    pair = DuplicatePair.objects.create(
        first=kept, second=gone, region_id=TOWNSHIP, likeness=88, found_at=timezone.now()
    )
    return pair, kept, gone, third


def figures(day: date) -> dict[str, int]:
    live = VisitDuty.objects.live()
    return {part: live.filter(part_condition(part, day)).count() for part in ("expected", "done", "excluded")}


def test_a_merged_business_leaves_register_duties_and_figures_from_that_day_on(city):
    pair, kept, gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    today = timezone.localdate()
    assert figures(today) == {"expected": 3, "done": 1, "excluded": 0}
    before = figures(today - timedelta(days=1))
    merge(pair, office, note="同一店面")
    assert figures(today) == {"expected": 2, "done": 1, "excluded": 0}
    assert figures(today - timedelta(days=1)) == before
    assert gone not in Business.objects.visible_to(office)
    duty = VisitDuty.objects.live().get(business=kept)
    assert (duty.fulfilled_on, duty.delivered_on) == (today, today)
    assert duty.visit is not None and duty.visit.business_id == gone.pk
    event = AuditEvent.objects.get(action="business.merged")
    assert event.after is not None
    assert (event.target_id, event.after["survivor_id"], event.reason) == (str(gone.pk), kept.pk, "同一店面")


def test_what_a_closed_week_knew_stays_what_it_was(city):
    pair, _kept, _gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    known_at, today = timezone.now(), timezone.localdate()
    asked = VisitDuty.objects.filter(part_condition("expected", today)).order_by("pk")
    before = list(asked.known_at(known_at).values("business_id", "fulfilled_on", "ceases_on"))
    merge(pair, office)
    assert list(asked.known_at(known_at).values("business_id", "fulfilled_on", "ceases_on")) == before
    withdraw(pair, office)
    assert list(asked.known_at(known_at).values("business_id", "fulfilled_on", "ceases_on")) == before


def test_the_survivor_takes_over_officers_it_lacks_and_the_old_bonds_end(city):
    pair, kept, gone, _third = city
    merge(pair, make_user(role="campaign_office", region="9901"))
    assert not gone.assignments.active().exists()
    assert sorted(kept.assignments.active().values_list("level", flat=True)) == ["township", "village"]


def test_taking_a_merger_back_restores_every_table(city):
    pair, _kept, gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    before = tables()
    merge(pair, office)
    assert tables() != before
    withdraw(pair, office)
    assert tables() == before
    merger = BusinessMerger.objects.get()
    assert (merger.undone_by, merger.business) == (office, gone)
    assert AuditEvent.objects.filter(action="business.unmerged", reason="看错了").count() == 1
    merge(pair, office)
    withdraw(pair, office)
    assert tables() == before


def test_the_survivor_takes_over_what_it_does_not_say_itself_and_gives_it_back(city):
    pair, kept, gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    key = match_key(credit_code="", licence_no="", premises_address=kept.premises_address, name=kept.name)
    Business.objects.filter(pk=kept.pk).update(licence_no="", credit_code="", legal_person="", match_key=key)
    Business.objects.filter(pk=gone.pk).update(
        legal_person="李四", contact_phone="13800000000", scale="small"
    )
    Business.objects.filter(pk=kept.pk).update(contact_phone="13900000000", scale="")
    before, gone = Business.objects.filter(pk=kept.pk).values().get(), Business.objects.get(pk=gone.pk)
    merge(pair, office)
    now = Business.objects.get(pk=kept.pk)
    assert (now.licence_no, now.match_key) == (gone.licence_no, gone.match_key)
    assert (now.legal_person, now.contact_phone, now.scale) == ("李四", "13900000000", "small")
    event = AuditEvent.objects.get(action="business.merged")
    assert event.before is not None and event.after is not None
    assert event.before["filled"] == dict.fromkeys(event.after["filled"], "")
    assert event.after["filled"]["legal_person"] == "李四"
    Business.objects.filter(pk=kept.pk).update(scale="large")
    withdraw(pair, office)
    after = Business.objects.filter(pk=kept.pk).values().get()
    keeping = {"version": 0, "updated_at": None}
    assert after | keeping == before | keeping | {"scale": "large"}
    assert Business.objects.get(pk=gone.pk).match_key == gone.match_key


def test_numbers_under_which_another_business_stands_are_not_taken_over(city):
    pair, kept, gone, third = city
    Business.objects.filter(pk=kept.pk).update(licence_no="", credit_code="", legal_person="")
    Business.objects.filter(pk=gone.pk).update(licence_no="", legal_person="李四")
    key = match_key(
        licence_no="", credit_code=gone.credit_code, premises_address=kept.premises_address, name=kept.name
    )
    Business.objects.filter(pk=third.pk).update(match_key=key)
    merge(pair, make_user(role="campaign_office", region="9901"))
    now = Business.objects.get(pk=kept.pk)
    assert (now.credit_code, now.legal_person) == ("", "李四")


def test_a_licence_that_is_not_taken_over_leaves_its_last_day_behind(city):
    pair, kept, gone, third = city
    day = timezone.localdate() + timedelta(days=300)
    Business.objects.filter(pk=kept.pk).update(licence_no="", credit_code="", match_key="N:kept")
    Business.objects.filter(pk=gone.pk).update(licence_valid_to=day, match_key="L:former")
    Business.objects.filter(pk=third.pk).update(match_key=f"L:{gone.licence_no}")
    merge(pair, make_user(role="campaign_office", region="9901"))
    now = Business.objects.get(pk=kept.pk)
    assert (now.licence_no, now.credit_code, now.licence_valid_to) == ("", "", None)


def test_a_visit_voided_after_the_merger_counts_for_the_survivor_no_more(city):
    pair, kept, gone, _third = city
    merge(pair, make_user(role="campaign_office", region="9901"))
    at = timezone.now()
    Visit.objects.filter(business=gone).update(voided_at=at)
    follow([gone.pk], timezone.now())
    assert VisitDuty.objects.live().get(business=kept).fulfilled_on is None


def test_a_survivor_that_came_to_have_the_licence_keeps_it_when_the_merger_is_taken_back(city):
    pair, kept, gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    merge(pair, office)
    kept.refresh_from_db()
    services.update_business(
        business=kept,
        version=kept.version,
        changes={"licence_no": gone.licence_no},
        by=office,
        on=timezone.localdate(),
    )
    with pytest.raises(errors.IdentityTaken):
        withdraw(pair, office)
    assert Business.objects.get(pk=gone.pk).merged_into == kept


def test_a_merger_whose_survivors_old_key_is_taken_since_stands_and_says_so(city):
    pair, kept, gone, third = city
    office = make_user(role="campaign_office", region="9901")
    key = match_key(credit_code="", licence_no="", premises_address=kept.premises_address, name=kept.name)
    Business.objects.filter(pk=kept.pk).update(licence_no="", credit_code="", match_key=key)
    merge(pair, office)
    Business.objects.filter(pk=third.pk).update(match_key=key)
    with pytest.raises(errors.IdentityTaken, match=kept.name):
        withdraw(pair, office)
    now = Business.objects.get(pk=kept.pk)
    assert (now.match_key, Business.objects.get(pk=gone.pk).merged_into) == (f"L:{gone.licence_no}", kept)


def test_a_number_registered_elsewhere_in_the_middle_of_a_merger_refuses_it(city, monkeypatch):
    pair, kept, gone, third = city
    Business.objects.filter(pk=kept.pk).update(licence_no="", credit_code="", match_key="N:kept")
    Business.objects.filter(pk=gone.pk).update(match_key="L:former")

    def then_somebody_else_registers(survivor: Business, merged: Business) -> dict[str, Any]:
        filled = would_fill(survivor, merged)
        Business.objects.filter(pk=third.pk).update(match_key=f"L:{gone.licence_no}")
        return filled

    monkeypatch.setattr("entities.services.duplicates.would_fill", then_somebody_else_registers)
    with pytest.raises(errors.NumberTaken, match=kept.name):
        merge(pair, make_user(role="campaign_office", region="9901"))
    assert not BusinessMerger.objects.exists() and Business.objects.get(pk=gone.pk).merged_into is None


def test_a_business_that_has_absorbed_another_can_only_be_kept(city):
    pair, kept, _gone, third = city
    office = make_user(role="campaign_office", region="9901")
    merge(pair, office)
    second = DuplicatePair.objects.create(
        first=kept, second=third, region_id=TOWNSHIP, likeness=80, found_at=timezone.now()
    )
    with pytest.raises(errors.HasAbsorbed):
        merge(second, office, survivor_id=third.pk)
    merge(second, office, survivor_id=kept.pk)
    assert set(kept.absorbed.values_list("name", flat=True)) == {"张记面馆", "福来超市"}


def test_of_two_people_who_decide_on_one_pair_the_second_is_told_who_was_first(city):
    pair, _kept, _gone, _third = city
    office = make_user(role="campaign_office", region="9901", name="邓洁")
    regulator = make_user(role="regulator", region="990102")
    theirs = DuplicatePair.objects.select_related("first", "second").get(pk=pair.pk)
    services.keep_apart(pair=pair, seen=seen_of(pair), by=office)
    with pytest.raises(errors.PairDecided, match=r"邓洁.*不是同一家"):
        services.merge_businesses(
            pair=theirs,
            survivor_id=theirs.first_id,
            seen=seen_of(theirs),
            by=regulator,
            on=timezone.localdate(),
        )
    assert not BusinessMerger.objects.exists()


def test_a_pair_whose_business_was_saved_meanwhile_is_to_be_looked_at_again(city):
    pair, kept, _gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    seen = seen_of(pair)
    services.update_business(
        business=kept,
        version=kept.version,
        changes={"legal_person": "李四"},
        by=office,
        on=timezone.localdate(),
    )
    with pytest.raises(errors.PairChanged):
        merge(pair, office, seen=seen)


def test_a_merged_business_takes_no_new_facts(city):
    pair, _kept, gone, _third = city
    office = make_user(role="campaign_office", region="9901")
    merge(pair, office)
    gone.refresh_from_db()
    with pytest.raises(errors.MergedAway):
        services.assign_officer(
            officer=make_officer(), business=gone, valid_from=timezone.localdate(), by=office
        )
    with pytest.raises(errors.MergedAway):
        services.update_business(
            business=gone, version=gone.version, changes={"name": "x"}, by=office, on=timezone.localdate()
        )


def test_a_stranger_to_the_territory_decides_nothing(city):
    pair, _kept, _gone, _third = city
    with pytest.raises(errors.OutsideTerritory):
        merge(pair, make_user(role="regulator", region="990103"))


def test_the_database_keeps_pairs_and_mergers_in_order(city):
    pair, kept, gone, _third = city
    wrong: list[tuple[str, Any]] = [
        ("duplicate_pair_smaller_key_first", lambda: _pair(first=gone, second=kept)),
        ("duplicate_pair_once", lambda: _pair(first=kept, second=gone)),
        ("duplicate_pair_decided_at_and_state_together", lambda: DuplicatePair.objects.update(state="apart")),
        ("merger_of_two_businesses", lambda: _merger(business=kept, survivor=kept)),
    ]
    for name, act in wrong:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            act()
        assert name in str(refused.value) or "UNIQUE" in str(refused.value)
    assert DuplicatePair.objects.get() == pair


def _pair(**fields: Any) -> DuplicatePair:
    return DuplicatePair.objects.create(region_id=TOWNSHIP, likeness=80, found_at=timezone.now(), **fields)


def _merger(**fields: Any) -> BusinessMerger:
    return BusinessMerger.objects.create(merged_on=timezone.localdate(), merged_at=timezone.now(), **fields)


# --- the pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_costs_the_same_queries_however_long_it_is(client, count, django_assert_max_num_queries):
    kept = make_business("南湖区张记面馆")
    for _ in range(count):
        _pair(first=kept, second=make_business("张记面馆"))
    client.force_login(make_user(role="regulator", region="990102"))
    client.get(reverse("duplicate-list"))
    with django_assert_max_num_queries(14):
        answer = client.get(reverse("duplicate-list"))
    assert answer.content.decode().count("核对</a>") == count


def test_the_queue_shows_a_county_its_own_pairs_and_the_badge_counts_them(client, city):
    other = make_business("石门面馆", region="990103001")
    _foreign = DuplicatePair.objects.create(
        first=other,
        second=make_business("石门张记面馆", region="990103001"),
        region_id="990103001",
        likeness=90,
        found_at=timezone.now(),
    )
    client.force_login(make_user(role="regulator", region="990102"))
    page = client.get(reverse("duplicate-list")).content.decode()
    assert ("张记面馆" in page, "石门" in page, "待核对 1" in page) == (True, False, True)
    client.force_login(make_user(role="campaign_office", region="9901"))
    assert "待核对 2" in client.get(reverse("duplicate-list")).content.decode()


@pytest.mark.parametrize(
    ("query", "names"),
    [("?q=福来", set()), ("?q=张记", {"张记面馆"}), ("?region=990103", set()), ("?state=apart", set())],
)
def test_the_queue_is_searched_and_filtered_and_exported_alike(client, city, query, names):
    user = make_user(role="regulator", region="990102")
    client.force_login(user)
    page = client.get(reverse("duplicate-list") + query).content.decode()
    assert ("张记面馆</a><small>" in page) == bool(names)
    answer = client.get(reverse("duplicate-export") + query + "&format=csv")
    assert ("张记面馆" in b"".join(answer.streaming_content).decode("utf-8-sig")) == bool(names)


def test_the_second_look_names_what_the_survivor_takes_over(client, city):
    pair, kept, gone, _third = city
    Business.objects.filter(pk=kept.pk).update(legal_person="")
    Business.objects.filter(pk=gone.pk).update(legal_person="李四")
    client.force_login(make_user(role="county_liaison", region="990102"))
    pair.refresh_from_db()
    asked = {
        "seen": seen_of(DuplicatePair.objects.select_related("first", "second").get()),
        "survivor": kept.pk,
    }
    page = client.post(reverse("duplicate-merge", args=[pair.pk]), asked).content.decode()
    assert f"“{kept.name}”空着的法定代表人" in page, page[-4000:]


def test_merging_takes_a_second_look_and_can_be_taken_back_on_the_page(client, city):
    pair, kept, gone, _third = city
    client.force_login(make_user(role="regulator", region="990102"))
    page = reverse("duplicate-detail", args=[pair.pk])
    assert 'class="differs"' in client.get(page).content.decode()
    merge_url = reverse("duplicate-merge", args=[pair.pk])
    assert client.post(merge_url, {"seen": seen_of(pair)}).status_code == 422
    asked = {"seen": seen_of(pair), "survivor": kept.pk}
    look = client.post(merge_url, asked)
    assert "1 次督导、1 个问题（未销号 1 个）" in look.content.decode()
    assert f"以“{kept.name}”登记的为准" in look.content.decode()
    assert not BusinessMerger.objects.exists()
    assert client.post(merge_url, asked | {"sure": "1"}).status_code == 302
    said = client.get(reverse("duplicate-list")).content.decode()
    assert f'“{gone.name}”已并入“{kept.name}”。<a href="{page}#decided">撤销合并</a>' in said
    file = client.get(reverse("business-detail", args=[gone.pk])).content.decode()
    assert ("并入" in file, "登记督导" in file, "申请变更状态" in file) == (True, False, False)
    survivor = client.get(reverse("business-detail", args=[kept.pk])).content.decode()
    assert ("并入本主体" in survivor, "累计 1 个" in survivor) == (True, True)
    assert client.get(reverse("business-edit", args=[gone.pk])).status_code in (403, 404)
    again = client.post(merge_url, asked | {"sure": "1"})
    assert (again.status_code, "已由 测试人员 核对为“已合并”" in again.content.decode()) == (409, True)
    pair = DuplicatePair.objects.select_related("first", "second").get()
    back = {"seen": seen_of(pair), "sure": "1"}
    withdraw_url = reverse("duplicate-withdraw", args=[pair.pk])
    assert client.post(withdraw_url, back).status_code == 422
    assert client.post(withdraw_url, back | {"note": "看错了"}).status_code == 302
    assert Business.objects.get(pk=gone.pk).merged_into is None


def test_keeping_apart_takes_a_second_look_and_can_be_reopened(client, city):
    pair, _kept, _gone, _third = city
    client.force_login(make_user(role="county_liaison", region="990102"))
    apart = reverse("duplicate-apart", args=[pair.pk])
    assert "不再提出这一对" in client.post(apart, {"seen": seen_of(pair)}).content.decode()
    assert client.post(apart, {"seen": seen_of(pair), "sure": "1", "note": "两家"}).status_code == 302
    pair = DuplicatePair.objects.select_related("first", "second").get()
    assert (pair.state, pair.note) == (PairState.APART, "两家")
    given = {"seen": seen_of(pair), "sure": "1", "note": "再查"}
    assert client.post(reverse("duplicate-withdraw", args=[pair.pk]), given).status_code == 302
    assert DuplicatePair.objects.get().state == PairState.WAITING


def test_a_search_asked_for_twice_is_one_job_and_finds_the_pairs(client):
    make_county()
    make_business("南湖区张记面馆", premises_address="人民街道幸福路 1 号")
    make_business("张记面馆", premises_address="幸福路1号")
    client.force_login(make_user(role="regulator", region="990102"))
    first = client.post(reverse("duplicate-seek"))
    assert client.post(reverse("duplicate-seek"))["Location"] == first["Location"]
    job = Job.objects.get(kind="duplicates.seek")
    jobs.run_inline(job)
    job.refresh_from_db()
    assert (job.state, DuplicatePair.objects.count()) == ("done", 1)
