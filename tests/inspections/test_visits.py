"""Recording visits: once however often it is sent, refused with a reason, fulfilled and taken back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image

from entities.models import Business, Officer
from inspections import errors
from inspections.choices import ProblemState
from inspections.fulfilment import materialise
from inspections.models import Problem, RectificationDuty, Visit
from inspections.numbering import next_codes
from inspections.services import visits
from inspections.services.visits import FoundProblem, record_visit, void_visit
from records.models import AuditEvent, EvidenceFile
from records.services.evidence import EvidenceRefused
from tests.factories import make_assignment, make_business, make_officer, make_unit, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TODAY = timezone.localdate()


def photo(name: str = "现场.jpg") -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", (8, 8), "white").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


@pytest.fixture
def scene() -> dict[str, Any]:
    """An officer with an account, bound to one business that owes a visit."""
    user = make_user("dengjie", name="邓洁", role="officer", region="990102001")
    business, officer = make_business("湖东幼儿园食堂"), make_officer("邓洁", user=user)
    make_assignment(officer, business)
    materialise("9901", TODAY, timezone.now())
    return {"business": business, "officer": officer, "by": user}


def send(scene: dict[str, Any], **fields: Any) -> Visit:
    return record_visit(**{"on": TODAY, "client_uuid": uuid.uuid4(), **scene, **fields})


def state(business: Business) -> tuple[Any, ...]:
    duty = business.duties.live().get()
    return duty.fulfilled_on, duty.visits_made


def test_a_visit_without_problems_needs_nothing_but_the_tap_and_fulfils_the_duty(scene):
    visit = send(scene)
    assert (visit.officer_name, visit.grade, visit.answers, visit.problem_count, visit.recorded_by) == (
        "邓洁", "C", {}, 0, scene["by"],
    )  # fmt: skip
    assert visit.checklist.level == "township"
    assert state(scene["business"]) == (TODAY, 1)
    assert list(AuditEvent.objects.filter(action__startswith="visit").values_list("action", flat=True)) == [
        "visit.recorded"
    ]


def test_the_same_submit_twice_is_one_visit(scene):
    number = uuid.uuid4()
    assert send(scene, client_uuid=number) == send(scene, client_uuid=number)
    assert Visit.objects.count() == 1
    assert AuditEvent.objects.filter(action="visit.recorded").count() == 1


def test_the_same_submit_in_the_same_instant_is_one_visit(scene, monkeypatch):
    number = uuid.uuid4()
    first = send(scene, client_uuid=number)
    real, calls = visits._submitted_before, []

    def too_early(*args: Any) -> Visit | None:
        """The other transaction has not committed when this one looks for the first time."""
        calls.append(args)
        return real(*args) if len(calls) > 1 else None

    monkeypatch.setattr(visits, "_submitted_before", too_early)
    monkeypatch.setattr(visits, "_check", lambda **facts: None)
    assert send(scene, client_uuid=number) == first
    with pytest.raises(errors.AlreadyVisited):
        send(scene)
    assert Visit.objects.count() == 1


def test_a_number_of_another_visit_is_refused(scene):
    number, other = uuid.uuid4(), make_business()
    make_assignment(scene["officer"], other)
    send(scene, client_uuid=number)
    with pytest.raises(errors.NumberTaken):
        send(scene, client_uuid=number, business=other)


def test_two_taps_with_two_numbers_on_one_day_are_refused_by_name_and_date(scene):
    send(scene)
    with pytest.raises(errors.AlreadyVisited, match="邓洁"):
        send(scene)


@pytest.mark.parametrize(
    ("days", "refusal"),
    [
        pytest.param(1, errors.VisitInFuture, id="tomorrow has not come"),
        pytest.param(-400, errors.VisitTooOld, id="more than a year ago is a typing error"),
    ],
)
def test_a_visit_has_a_day_that_can_be(scene, days, refusal):
    with pytest.raises(refusal):
        send(scene, on=TODAY + timedelta(days=days))
    assert not Visit.objects.exists()


def test_a_visit_before_the_officer_was_bound_is_refused(scene):
    business = make_business()
    make_assignment(scene["officer"], business, valid_from=TODAY - timedelta(days=3))
    with pytest.raises(errors.VisitBeforeAssignment, match="起包保"):
        send(scene, business=business, on=TODAY - timedelta(days=4))
    assert send(scene, business=business, on=TODAY - timedelta(days=3))


def test_a_business_out_of_sight_is_refused(scene):
    with pytest.raises(errors.BusinessOutOfSight):
        send(scene, business=make_business(region="990203001"))


def test_a_high_risk_business_is_visited_on_site(scene):
    Business.objects.update(high_risk=True)
    scene["business"].refresh_from_db()
    with pytest.raises(errors.OnSiteRequired):
        send(scene, mode="group")


def test_an_item_that_the_checklist_lacks_is_refused(scene):
    with pytest.raises(errors.UnknownItem, match="第 99 项"):
        send(scene, answers={99: "na"})


def test_problems_found_get_numbers_deadlines_units_and_photos(scene):
    county = make_unit("湖东区人民政府", region="990102", kind="government")
    township = make_unit("湖东街道办事处", region="990102001", kind="government")
    visit = send(
        scene,
        on=TODAY,
        answers={6: "na"},
        problems=[
            FoundProblem("留样与温度记录：温度未记录", "major", 3, [photo()]),
            FoundProblem("三防设施：缺防蝇", "minor", 4, [photo(), photo()], fixed_on_spot=True),
        ],
    )
    assert visit.answers == {"3": "fail", "4": "fail", "6": "na"}
    assert (visit.problem_count, visit.finding) == (2, "留样与温度记录：温度未记录；三防设施：缺防蝇")
    waiting, fixed = Problem.objects.order_by("pk")
    month = f"WT-{visit.visited_on:%y%m}-"
    assert [waiting.code, fixed.code] == [f"{month}0001", f"{month}0002"]
    assert (waiting.state, waiting.unit, waiting.leader_name, waiting.place) == (
        ProblemState.TO_SIGN, township, "邓洁", "湖东幼儿园食堂",
    )  # fmt: skip
    assert waiting.original_due_on == waiting.due_on > visit.visited_on
    assert "7 个工作日" in waiting.due_rule
    assert (fixed.state, fixed.rectified_on, fixed.submitted_by) == (
        ProblemState.SUBMITTED, visit.visited_on, scene["by"],
    )  # fmt: skip
    assert list(waiting.events.values_list("to_state", flat=True)) == ["to_sign"]
    assert list(fixed.events.values_list("to_state", flat=True)) == ["to_sign", "submitted"]
    assert EvidenceFile.objects.filter(target_type="inspections.problemevent").count() == 3
    assert list(RectificationDuty.objects.order_by("pk").values_list("problem", "due_on", "grade", "fulfilled_on")) == [
        (waiting.pk, waiting.due_on, "C", None), (fixed.pk, fixed.due_on, "C", None),
    ]  # fmt: skip
    assert county.pk


def test_a_problem_without_a_photo_or_without_words_is_refused_whole(scene):
    with pytest.raises(errors.ProblemIncomplete, match="至少 1 张照片"):
        send(scene, problems=[FoundProblem("三防设施：缺防蝇", "minor", 4)])
    with pytest.raises(errors.ProblemIncomplete, match="写明"):
        send(scene, problems=[FoundProblem(" ", "minor", 4, [photo()])])
    assert not Visit.objects.exists()


def test_a_photo_that_is_none_leaves_nothing_behind(scene):
    text = SimpleUploadedFile("现场.jpg", b"not a picture", "image/jpeg")
    with pytest.raises(EvidenceRefused):
        send(scene, problems=[FoundProblem("三防设施：缺防蝇", "minor", 4, [text])])
    assert not (
        Visit.objects.exists()
        or Problem.objects.exists()
        or AuditEvent.objects.filter(action="visit.recorded")
    )


def test_undo_on_the_same_day_reopens_the_duty_and_keeps_the_row(scene):
    visit = send(scene)
    void_visit(visit=visit, reason="误点", by=scene["by"])
    assert state(scene["business"]) == (None, 0)
    assert Visit.objects.get().void_reason == "误点"
    with pytest.raises(errors.NotVoidable, match="已经撤销"):
        void_visit(visit=visit, reason="误点", by=scene["by"])
    assert send(scene).pk != visit.pk


def test_the_next_day_only_the_liaison_takes_a_visit_back(scene):
    visit = send(scene)
    tomorrow = timezone.now() + timedelta(days=1)
    with pytest.raises(errors.NotVoidable, match="当天"):
        void_visit(visit=visit, reason="误点", by=scene["by"], at=tomorrow)
    liaison = make_user(role="township_liaison", region="990102001")
    assert void_visit(visit=visit, reason="走错门店", by=liaison, at=tomorrow).voided_at


def test_nobody_takes_back_a_visit_with_problems_or_of_somebody_else(scene):
    visit = send(scene, problems=[FoundProblem("三防设施：缺防蝇", "minor", 4, [photo()])])
    with pytest.raises(errors.NotVoidable, match="1 个问题"):
        void_visit(visit=visit, reason="误点", by=scene["by"])
    other = make_user(role="officer", region="990102001")
    Visit.objects.update(problem_count=0)
    Problem.objects.all().update(voided_at=timezone.now())
    visit.refresh_from_db()
    with pytest.raises(errors.NotVoidable, match="只有登记人"):
        void_visit(visit=visit, reason="误点", by=other)


def test_numbers_of_problems_go_on_after_the_ten_thousandth(scene):
    visit = send(scene, problems=[FoundProblem("三防设施：缺防蝇", "minor", 4, [photo()])])
    month = f"WT-{visit.visited_on:%y%m}-"
    Problem.objects.update(code=f"{month}9999")
    assert next_codes(visit.visited_on, 2) == [f"{month}10000", f"{month}10001"]
    Problem.objects.update(code=f"{month}10000")
    assert next_codes(visit.visited_on) == [f"{month}10001"]


def test_visit_once_per_business_officer_and_day_is_also_the_databases_word(scene):
    visit = send(scene)
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.create(
            business=visit.business,
            region_id=visit.region_id,
            officer_name="邓洁",
            visited_on=TODAY,
            recorded_at=timezone.now(),
        )
    assert Officer.objects.count() == 1
