"""Escalation: every step on its day and once, stopped by the answer, the last two decided by people."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspections.choices import EscalationState
from inspections.models import EscalationRule, EscalationRun, EscalationStep, Problem
from inspections.services import escalation
from inspections.services.escalation import (
    DecidedByAnother,
    EscalationRefused,
    decide_step,
    escalate,
    record_outcome,
    save_escalation_rule,
)
from inspections.services.policies import PolicyRefused
from records.models import AuditEvent, Notification
from tests.factories import (
    make_assignment,
    make_business,
    make_duty,
    make_officer,
    make_problem,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 13)  # a Friday
MONDAY = date(2026, 11, 16)


@pytest.fixture
def liaison():
    """A unit with its liaison, a county's liaison, a leader, and one overdue problem of the unit."""
    unit = make_unit(region="9901", is_member=True)
    person = make_user("liaison", role="unit_liaison", region="9901", unit=unit)
    make_user("county", role="county_liaison", region="990102")
    make_user("leader", role="leader", region="9901")
    make_problem(unit=unit, due_on=DUE)
    return person


def steps() -> list[tuple[str, str, str]]:
    rows = EscalationStep.objects.order_by("stepped_on", "pk").select_related("recipient")
    return [
        (str(row.stepped_on)[5:], row.step, row.recipient.username if row.recipient else "") for row in rows
    ]


LADDER = [
    ("11-16", "remind", "liaison"), ("11-20", "letter", "liaison"), ("11-27", "bulletin", "county"),
    ("12-11", "interview", ""), ("12-25", "accountability", ""),
]  # fmt: skip


def test_every_step_comes_on_its_day_once_though_the_worker_runs_twice_and_skips_days(liaison):
    for offset in range(45):
        if offset % 7 in (2, 5):  # the worker is dead on two days of the week
            continue
        escalate(on=MONDAY + timedelta(days=offset))
        assert escalate(on=MONDAY + timedelta(days=offset)).steps == []
    assert steps() == LADDER
    assert EscalationRun.objects.count() == 44  # on the last day of the 45 nobody ran


def test_a_run_that_dies_leaves_nothing_and_the_next_takes_it_all(liaison, monkeypatch):
    def dies(**_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(escalation, "notify", dies)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            escalate(on=MONDAY)
    assert (EscalationStep.objects.count(), EscalationRun.objects.count()) == (0, 0)
    assert escalate(on=MONDAY).sent == 1
    assert steps() == LADDER[:1]


def test_the_answer_stops_the_ladder_and_a_new_due_day_begins_it_anew(liaison):
    escalate(on=MONDAY)
    Problem.objects.update(state="submitted")
    assert escalate(on=MONDAY + timedelta(days=4)).stopped == 1
    assert steps() == LADDER[:1]
    Problem.objects.update(state="returned", due_on=date(2026, 11, 20))
    escalate(on=date(2026, 11, 23))
    assert [(row.due, row.state) for row in EscalationStep.objects.order_by("pk")] == [
        (DUE, EscalationState.STOPPED), (date(2026, 11, 20), EscalationState.SENT),
    ]  # fmt: skip


def test_nothing_is_sent_on_a_day_off_and_one_rung_at_most_on_a_day(liaison):
    assert escalate(on=date(2026, 11, 15)).steps == []
    late = date(2027, 1, 4)
    EscalationRun.objects.all().delete()
    assert [one.rule for one in escalate(on=late).steps] == ["problem.remind"]


def test_a_visit_goes_to_its_officer_and_who_has_no_account_is_answered_for_by_the_nearest_liaison():
    reached = make_officer(user=make_user("officer"), region="990102001")
    alone = make_officer(region="990102001")
    make_user("town", role="township_liaison", region="990102001")
    for officer in (reached, alone):
        business = make_business()
        make_assignment(officer, business)
        make_duty(business, officer=officer, due_on=DUE)
    told = {row.recipient.username: row.url for row in _told(MONDAY)}
    assert set(told) == {"officer", "town"}


def _told(day: date) -> list[Notification]:
    escalate(on=day)
    return list(Notification.objects.select_related("recipient"))


def test_a_person_with_many_late_things_gets_one_message_that_opens_their_list(liaison, login):
    for _each in range(3):
        make_problem(unit=liaison.posts.get().unit, due_on=DUE)
    told = _told(MONDAY)
    assert [(row.recipient, row.rule) for row in told] == [(liaison, "problem.remind")]
    page = login(liaison).get(told[0].url)
    assert (page.status_code, page.context["list"].page.total) == (200, 4)


def test_an_interview_is_proposed_and_only_a_leader_decides_it_with_a_reason(liaison, login):
    for day in (16, 20, 27):
        escalate(on=date(2026, 11, day))
    escalate(on=date(2026, 12, 11))
    step = EscalationStep.objects.get(step="interview")
    address = reverse("escalation-decide", args=[step.pk])
    office, leader = login(role="campaign_office", region="9901"), login(role="leader", region="9901")
    assert office.post(address, {"reason": "必须"}).status_code == 403
    assert leader.post(address, {"reason": " ", "way": "approve"}).status_code == 422
    leader.post(address, {"reason": "连续三次逾期", "way": "approve"})
    leader.post(
        reverse("escalation-outcome", args=[step.pk]), {"held_on": "2026-12-14", "outcome": "已约谈分管领导"}
    )
    step.refresh_from_db()
    assert (step.state, step.decided_by, str(step.held_on), step.outcome) == (
        "approved", leader.user, "2026-12-14", "已约谈分管领导",
    )  # fmt: skip
    with pytest.raises(DecidedByAnother):
        decide_step(step=step, approve=False, reason="改主意", by=leader.user)
    with pytest.raises(DecidedByAnother):
        record_outcome(step=step, held_on=date(2026, 12, 15), outcome="再次", by=leader.user)
    with pytest.raises(EscalationRefused):
        decide_step(step=step, approve=True, reason="", by=leader.user)
    assert AuditEvent.objects.filter(action__in=["escalation.approved", "escalation.held"]).count() == 2


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"state": "sent"}, "escalation_interviews_are_proposed_only"),
        ({"state": "approved"}, "escalation_decided_by_a_person_with_a_reason"),
    ],
)
def test_the_database_keeps_interviews_for_people_to_decide(liaison, changed, name):
    rule = EscalationRule.objects.get(thing="problem", step="interview")
    values = {
        "rule": rule, "thing": "problem", "step": "interview", "object_id": 1, "page_id": 1, "object_name": "x",
        "region_id": "990102001", "due": DUE, "stepped_on": MONDAY, "recorded_at": "2026-11-16T00:00:00Z", "state": "proposed",
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        EscalationStep.objects.create(**(values | changed))
    EscalationStep.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        EscalationStep.objects.create(**values)


def test_the_command_answers_one_document_and_sends_nothing_twice(liaison):
    def answer() -> dict:
        out = StringIO()
        call_command("escalate", "--on", "2026-11-16", "--json", stdout=out)
        return json.loads(out.getvalue())

    code = Problem.objects.get().code
    assert [answer(), answer()] == [
        {"steps": [{"rule": "problem.remind", "object": code, "to": "liaison", "channel": "inbox"}], "sent": 1, "stopped": 0},
        {"steps": [], "sent": 0, "stopped": 0},
    ]  # fmt: skip


def test_a_day_that_is_none_is_refused_with_what_was_typed():
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("escalate", "--on", "11-31", "--json", stdout=out)
    assert (left.value.code, "11-31" in json.loads(out.getvalue())["reason"]) == (2, True)


def test_a_rule_counts_from_a_day_to_come_and_names_its_source(liaison, login):
    values = {
        "thing": "problem", "step": "remind", "grace_days": 3, "to": "county", "paper": "", "active": True, "source": "本市规定",
    }  # fmt: skip
    with pytest.raises(PolicyRefused, match="2020-01-01"):
        save_escalation_rule(effective_from=date(2020, 1, 1), by=liaison, **values)
    office = login(role="campaign_office", region="9901")
    page = office.post(reverse("escalation-rules"), {**values, "effective_from": "2099-01-01", "source": " "})
    assert (page.status_code, EscalationRule.objects.filter(thing="problem", step="remind").count()) == (
        422,
        1,
    )
    office.post(reverse("escalation-rules"), {**values, "effective_from": "2099-01-01"})
    assert EscalationRule.objects.filter(thing="problem", step="remind").count() == 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_steps_costs_the_same_queries_however_long_it_is(
    liaison, login, django_assert_num_queries, count
):
    for _each in range(count - 1):
        make_problem(unit=liaison.posts.get().unit, due_on=DUE)
    escalate(on=MONDAY)
    client = login(role="campaign_office", region="9901")
    client.get(reverse("escalation-list"))
    with django_assert_num_queries(8):
        client.get(reverse("escalation-list"))
