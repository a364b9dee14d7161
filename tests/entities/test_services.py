"""What people do to the register: the change, its one event, and the refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image

from accounts.models import Region, User
from entities import errors, services
from entities.choices import ReviewState
from entities.hooks import business_changed
from entities.models import Assignment, Business, GradeChange, Pledge, StatusChange
from records.models import AuditEvent, EvidenceFile
from records.services.evidence import EvidenceRefused
from tests.factories import make_assignment, make_business, make_officer, make_region, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TOWNSHIP = "990102001"


@pytest.fixture
def liaison() -> User:
    return make_user(role="county_liaison", region="990102", name="周倩")


@pytest.fixture
def regulator() -> User:
    return make_user(role="regulator", region="990102", name="马超")


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What the rooms above were told."""
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, **kwargs: Any) -> None:
        heard.append({key: kwargs[key] for key in ("business_ids", "on")})

    business_changed.connect(listen, weak=False)
    yield heard
    business_changed.disconnect(listen)


def today() -> date:
    return timezone.localdate()


def events() -> list[str]:
    """The acts in the trail, oldest first."""
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


VALUES = {
    "name": " 新华面馆 ",
    "licence_no": "jy2990102 9999999",
    "business_type": "catering",
    "premises_address": "新华路 1 号",
}


# --- registering and correcting ------------------------------------------------------------------


def test_a_registered_business_is_ungraded_operating_and_findable(liaison: User, told: list[Any]) -> None:
    make_region(TOWNSHIP)
    business = services.register_business(
        by=liaison,
        values=VALUES | {"region": Region.objects.get(pk=TOWNSHIP)},
        registered_on=date(2024, 3, 1),
    )
    assert (business.name, business.licence_no, business.name_initials) == (
        "新华面馆",
        "JY29901029999999",
        "xhmg",
    )
    assert (business.status, business.responsibility_grade, business.version) == ("normal", "", 1)
    assert business.match_key == "L:JY29901029999999"
    assert told == [{"business_ids": [business.pk], "on": date(2024, 3, 1)}]
    assert events() == ["business.registered"]


def test_a_licence_number_is_registered_once(liaison: User) -> None:
    make_region(TOWNSHIP)
    given = VALUES | {"region": Region.objects.get(pk=TOWNSHIP)}
    services.register_business(by=liaison, values=given, registered_on=date(2024, 3, 1))
    with pytest.raises(errors.AlreadyRegistered, match="已在册"):
        services.register_business(
            by=liaison, values=given | {"name": "别的"}, registered_on=date(2024, 3, 1)
        )
    assert Business.objects.count() == 1 and events() == ["business.registered"]


@pytest.mark.parametrize(
    ("region", "on", "refusal"),
    [
        ("990103001", date(2024, 3, 1), errors.OutsideTerritory),
        (TOWNSHIP, date(2999, 1, 1), errors.FutureDate),
    ],
    ids=["in another county", "on a day to come"],
)
def test_a_business_is_not_registered(liaison: User, region: str, on: date, refusal: type[Exception]) -> None:
    make_region(region)
    with pytest.raises(refusal):
        services.register_business(
            by=liaison, values=VALUES | {"region": Region.objects.get(pk=region)}, registered_on=on
        )
    assert not Business.objects.exists()


def test_a_correction_changes_what_was_typed_and_nothing_else(liaison: User, told: list[Any]) -> None:
    business, other = make_business("旧名"), make_business("旁边")
    saved = services.update_business(
        business=business, version=1, changes={"name": "新名", "legal_person": ""}, by=liaison, on=today()
    )
    assert (saved.name, saved.name_initials, saved.version) == ("新名", "xm", 2)
    other.refresh_from_db()
    assert (other.name, other.version) == ("旁边", 1)
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == (
        "business.updated",
        {"name": "旧名"},
        {"name": "新名"},
    )
    assert told == []  # neither status, grade, region nor assignment


def test_saving_what_is_there_records_nothing(liaison: User) -> None:
    business = make_business("同名")
    saved = services.update_business(
        business=business, version=1, changes={"name": "同名 "}, by=liaison, on=today()
    )
    assert saved.version == 1 and events() == []


def test_the_second_of_two_sessions_learns_both_values(liaison: User) -> None:
    business = make_business("开始")
    services.update_business(
        business=business, version=1, changes={"name": "甲改的", "scale": "small"}, by=liaison, on=today()
    )
    with pytest.raises(errors.StaleVersion) as refused:
        services.update_business(
            business=business, version=1, changes={"name": "乙改的", "scale": "small"}, by=liaison, on=today()
        )
    assert refused.value.clashes == {"name": ("甲改的", "乙改的")}
    assert refused.value.saved_version == 2
    business.refresh_from_db()
    assert business.name == "甲改的"


def test_moving_to_another_township_moves_the_duties(liaison: User, told: list[Any]) -> None:
    business = make_business()
    make_region("990102002")
    services.update_business(
        business=business,
        version=1,
        changes={"region": Region.objects.get(pk="990102002")},
        by=liaison,
        on=today(),
    )
    assert told == [{"business_ids": [business.pk], "on": today()}]


# --- status ---------------------------------------------------------------------------------------


def photo() -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (4, 4)).save(content, "JPEG")
    return SimpleUploadedFile("门店.jpg", content.getvalue(), "image/jpeg")


def propose(business: Business, by: User, **fields: Any) -> StatusChange:
    given = {"to_status": "suspended", "effective_on": date(2024, 10, 8), "reason": "装修停业"} | fields
    return services.propose_status_change(business=business, by=by, **given)


def test_a_proposed_status_changes_nothing_until_another_person_approves(
    liaison: User, regulator: User, told: list[Any]
) -> None:
    business = make_business()
    change = propose(business, liaison, uploads=(photo(),))
    business.refresh_from_db()
    assert (business.status, told) == ("normal", [])
    assert EvidenceFile.objects.get().target_id == str(change.pk)
    services.review_status_change(change=change, approve=True, by=regulator)
    business.refresh_from_db()
    assert (business.status, business.version) == ("suspended", 2)
    assert told == [{"business_ids": [business.pk], "on": date(2024, 10, 8)}]
    assert events() == ["evidence.stored", "status_change.proposed", "status_change.approved"]


def test_the_proposer_cannot_approve(regulator: User) -> None:
    change = propose(make_business(), regulator)
    with pytest.raises(errors.ReviewedByProposer, match="提出人不能审核"):
        services.review_status_change(change=change, approve=True, by=regulator)
    change.refresh_from_db()
    assert change.state == ReviewState.PROPOSED


def test_status_change_reviewed_by_another_person_is_also_a_constraint(regulator: User) -> None:
    change = propose(make_business(), regulator)
    with (
        pytest.raises(IntegrityError, match="status_change_reviewed_by_another_person"),
        transaction.atomic(),
    ):
        StatusChange.objects.filter(pk=change.pk).update(reviewed_by=regulator)


def test_a_second_review_is_refused(liaison: User, regulator: User) -> None:
    change = propose(make_business(), liaison)
    stale = StatusChange.objects.get(pk=change.pk)
    services.review_status_change(change=change, approve=False, by=regulator, note="证据不足")
    with pytest.raises(errors.AlreadyReviewed):
        services.review_status_change(change=stale, approve=True, by=regulator)
    change.business.refresh_from_db()
    assert change.business.status == "normal"
    assert events()[-1] == "status_change.rejected" and len(events()) == 2


def test_rejecting_needs_a_note(liaison: User, regulator: User) -> None:
    change = propose(make_business(), liaison)
    with pytest.raises(errors.ReasonMissing, match="不通过须写明原因"):
        services.review_status_change(change=change, approve=False, by=regulator, note="  ")


def test_one_change_per_business_waits(liaison: User) -> None:
    business = make_business()
    propose(business, liaison)
    with pytest.raises(errors.ChangeAlreadyWaiting):
        propose(business, liaison, to_status="not_found")
    with pytest.raises(IntegrityError), transaction.atomic():  # status_change_one_waiting_per_business
        StatusChange.objects.create(
            business=business,
            from_status="normal",
            to_status="not_found",
            effective_on=today(),
            proposed_at=timezone.now(),
        )


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"to_status": "normal"}, errors.StatusUnchanged),
        ({"reason": " "}, errors.ReasonMissing),
        ({"effective_on": date(2999, 1, 1)}, errors.FutureDate),
        ({"effective_on": date(2023, 12, 31)}, errors.BeforeRegistration),
        ({"uploads": (SimpleUploadedFile("a.jpg", b"no picture"),)}, EvidenceRefused),
    ],
    ids=[
        "the status it has",
        "without a reason",
        "from a day to come",
        "before it was registered",
        "with false proof",
    ],
)
def test_a_status_is_not_proposed(liaison: User, fields: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        propose(make_business(), liaison, **fields)
    assert not StatusChange.objects.exists() and events() == []


def test_a_change_dated_before_a_later_one_does_not_undo_it(liaison: User, regulator: User) -> None:
    business = make_business()
    for status, on in (("deregistered", date(2024, 10, 20)), ("suspended", date(2024, 10, 8))):
        change = propose(business, liaison, to_status=status, effective_on=on)
        services.review_status_change(change=change, approve=True, by=regulator, note="已核实")
    business.refresh_from_db()
    assert business.status == "deregistered"


# --- grade ----------------------------------------------------------------------------------------


def regrade(business: Business, by: User, **fields: Any) -> GradeChange:
    given = {"to_grade": "B", "effective_on": date(2024, 9, 18), "reason": "供餐人数升至 620 人"} | fields
    return services.regrade_business(business=business, by=by, **given)


def test_a_reviewer_regrades_at_once(regulator: User, told: list[Any]) -> None:
    business = make_business()
    change = regrade(business, regulator)
    business.refresh_from_db()
    assert (business.responsibility_grade, change.state, change.manual) == ("B", ReviewState.APPROVED, True)
    assert told == [{"business_ids": [business.pk], "on": date(2024, 9, 18)}]
    assert events() == ["business.regraded"]


def test_a_liaison_proposes_a_grade_and_a_reviewer_decides(
    liaison: User, regulator: User, told: list[Any]
) -> None:
    business = make_business()
    change = regrade(business, liaison)
    business.refresh_from_db()
    assert (business.responsibility_grade, told) == ("C", [])
    with pytest.raises(errors.ChangeAlreadyWaiting):
        regrade(business, regulator, to_grade="A")
    services.review_grade_change(change=change, approve=True, by=regulator)
    business.refresh_from_db()
    assert business.responsibility_grade == "B" and len(told) == 1
    assert events() == ["grade_change.proposed", "grade_change.approved"]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"to_grade": "C"}, errors.GradeUnchanged),
        ({"reason": ""}, errors.ReasonMissing),
        ({"effective_on": date(2999, 1, 1)}, errors.FutureDate),
    ],
    ids=["the grade it has", "without a reason", "from a day to come"],
)
def test_a_grade_is_not_changed(regulator: User, fields: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        regrade(make_business(), regulator, **fields)
    assert not GradeChange.objects.exists() and events() == []


# --- officers -------------------------------------------------------------------------------------


def test_a_new_officer_relieves_the_old_one_the_day_before(liaison: User, told: list[Any]) -> None:
    business, old, new = make_business(), make_officer("马超"), make_officer("何静")
    held = make_assignment(old, business)
    made = services.assign_officer(
        officer=new, business=business, valid_from=date(2024, 10, 8), by=liaison, replacing=held
    )
    held.refresh_from_db()
    assert (held.valid_to, made.valid_to) == (date(2024, 10, 7), None)
    assert Assignment.objects.active().get() == made
    event = AuditEvent.objects.get()
    assert (event.action, event.before["officer"], event.after["officer"]) == (
        "assignment.made",
        "马超",
        "何静",
    )
    assert [line["business_ids"] for line in told] == [[business.pk]]


def test_a_level_already_held_is_refused_with_the_name(liaison: User) -> None:
    business = make_business()
    make_assignment(make_officer("马超"), business)
    with pytest.raises(errors.LevelTaken, match="乡镇级包保已有在任干部“马超”"):
        services.assign_officer(
            officer=make_officer("何静"), business=business, valid_from=today(), by=liaison
        )
    assert Assignment.objects.count() == 1 and events() == []


def test_another_level_stands_beside_the_first(liaison: User) -> None:
    business = make_business()
    make_assignment(make_officer(), business)
    services.assign_officer(
        officer=make_officer(level="county"), business=business, valid_from=today(), by=liaison
    )
    assert Assignment.objects.active().count() == 2


@pytest.mark.parametrize(
    ("officer", "day", "refusal"),
    [
        ({"is_active": False}, date(2024, 1, 1), errors.OfficerInactive),
        ({}, date(2999, 1, 1), errors.FutureDate),
    ],
    ids=["an officer who left", "from a day to come"],
)
def test_an_officer_is_not_assigned(
    liaison: User, officer: dict[str, Any], day: date, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        services.assign_officer(
            officer=make_officer(**officer), business=make_business(), valid_from=day, by=liaison
        )
    assert not Assignment.objects.exists()


def test_an_assignment_ends_once_and_not_before_it_began(liaison: User, told: list[Any]) -> None:
    held = make_assignment(make_officer(), make_business(), valid_from=date(2024, 5, 1))
    with pytest.raises(errors.EndsBeforeItBegins):
        services.end_assignment(assignment=held, on=date(2024, 4, 30), by=liaison)
    services.end_assignment(assignment=held, on=date(2024, 10, 7), by=liaison, reason="调离")
    with pytest.raises(errors.AssignmentEnded):
        services.end_assignment(assignment=held, on=date(2024, 10, 8), by=liaison)
    held.refresh_from_db()
    assert held.valid_to == date(2024, 10, 7) and held.ended_at is not None
    assert events() == ["assignment.ended"] and len(told) == 1


def test_a_pledge_is_signed_once_a_day_and_keeps_the_post_of_that_day(liaison: User) -> None:
    officer = make_officer(title="副镇长")
    pledge = services.sign_pledge(officer=officer, signed_on=date(2024, 6, 1), by=liaison)
    assert (pledge.title, pledge.business) == ("副镇长", None)
    with pytest.raises(errors.PledgeAlreadySigned):
        services.sign_pledge(officer=officer, signed_on=date(2024, 6, 1), by=liaison)
    with pytest.raises(errors.FutureDate):
        services.sign_pledge(officer=officer, signed_on=today() + timedelta(days=1), by=liaison)
    services.sign_pledge(officer=officer, signed_on=date(2024, 6, 1), by=liaison, business=make_business())
    assert Pledge.objects.count() == 2 and events() == ["pledge.signed", "pledge.signed"]


def test_a_receiver_that_fails_undoes_the_change(regulator: User) -> None:
    def fail(sender: Any, **kwargs: Any) -> None:
        raise RuntimeError("duties could not follow")

    business = make_business()
    business_changed.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            regrade(business, regulator)
    finally:
        business_changed.disconnect(fail)
    business.refresh_from_db()
    assert business.responsibility_grade == "C" and events() == [] and not GradeChange.objects.exists()
