"""Re-planning: every date listed, one act with its event, taken back to the digest, refused where it cannot be."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from campaigns.models import Phase, Replan, TaskItem, TaskLink
from campaigns.services.planning import PlanRefused, apply_replan, plan_of, preview_replan, reverse_replan
from records.models import AuditEvent
from tests.factories import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)
NEW_DAY = date(2026, 12, 25)


@pytest.fixture
def campaign():
    found = make_campaign()
    type(found).objects.filter(pk=found.pk).update(review_on=date(2026, 12, 18))
    found.refresh_from_db()
    unit = make_unit("市教育局", region="9901", is_member=True)
    phase = Phase.objects.create(
        campaign=found, order=1, name="推进", starts_on=date(2026, 9, 1), ends_on=date(2026, 12, 11), ends_before=5
    )  # fmt: skip
    for number, anchor, days, due in (
        (1, "review", 10, date(2026, 12, 4)),
        (2, "fixed", 0, date(2026, 12, 1)),
        (3, "phase", 2, date(2026, 12, 9)),
    ):
        TaskItem.objects.create(
            campaign=found, number=number, title=f"任务{number}", lead_unit=unit, phase=phase, starts_on=date(2026, 11, 2),
            due_on=due, due_anchor=anchor, due_days=days,
        )  # fmt: skip
    return found


@pytest.fixture
def leader(campaign):
    return make_user(role="leader", region="9901")


def days(campaign):
    return list(campaign.tasks.order_by("number").values_list("due_on", flat=True))


def test_a_replan_moves_every_previewed_date_and_is_taken_back_to_the_digest(campaign, leader):
    preview = preview_replan(campaign=campaign, review_on=NEW_DAY, today=TODAY)
    done = apply_replan(
        campaign=campaign, review_on=NEW_DAY, reason="省里来函", today=TODAY, by=leader, seen=preview.plan.digest
    )  # fmt: skip
    campaign.refresh_from_db()
    assert campaign.review_on == NEW_DAY
    assert days(campaign) == [date(2026, 12, 11), date(2026, 12, 1), date(2026, 12, 16)]
    assert [(one["task"], one["to"]) for one in done.moves] == [
        (None, "2026-12-18"), (1, "2026-12-11"), (3, "2026-12-16")
    ]  # fmt: skip
    assert list(campaign.tasks.order_by("number").values_list("baseline_due_on", flat=True)) == [
        date(2026, 12, 4), None, date(2026, 12, 9)
    ]  # fmt: skip
    event = AuditEvent.objects.get(action="plan.replanned")
    assert (event.actor, event.reason, event.after["dates"]) == (leader, "省里来函", 3)
    reverse_replan(replan=done, by=leader)
    campaign.refresh_from_db()
    assert plan_of(campaign).digest == preview.plan.digest
    assert days(campaign) == [date(2026, 12, 4), date(2026, 12, 1), date(2026, 12, 9)]
    with pytest.raises(PlanRefused, match="已经撤销"):
        reverse_replan(replan=done, by=leader)


def test_a_plan_changed_after_the_preview_is_not_overrun(campaign, leader):
    seen = plan_of(campaign).digest
    campaign.tasks.filter(number=2).update(due_on=date(2026, 12, 2))
    with pytest.raises(PlanRefused, match="被别人改过"):
        apply_replan(campaign=campaign, review_on=NEW_DAY, reason="来函", today=TODAY, by=leader, seen=seen)
    assert not Replan.objects.exists()


def test_a_replan_that_was_built_upon_is_not_taken_back_whole(campaign, leader):
    done = apply_replan(campaign=campaign, review_on=NEW_DAY, reason="来函", today=TODAY, by=leader)
    campaign.tasks.filter(number=1).update(due_on=date(2026, 12, 3))
    with pytest.raises(PlanRefused, match="又改过"):
        reverse_replan(replan=done, by=leader)


def test_a_circle_blocks_and_names_itself(campaign, leader):
    one, two, _three = campaign.tasks.order_by("number")
    TaskLink.objects.create(task=one, before=two)
    TaskLink.objects.create(task=two, before=one)
    with pytest.raises(PlanRefused, match="1 → 2 → 1"):
        apply_replan(campaign=campaign, review_on=NEW_DAY, reason="来函", today=TODAY, by=leader)
    campaign.refresh_from_db()
    assert campaign.review_on == date(2026, 12, 18)


def test_moving_a_phase_moves_what_hangs_on_its_end(campaign, leader):
    moved = {1: (date(2026, 9, 1), date(2026, 12, 4))}
    apply_replan(
        campaign=campaign, review_on=campaign.review_on, reason="提前", today=TODAY, by=leader, phase_days=moved
    )  # fmt: skip
    assert days(campaign) == [date(2026, 12, 4), date(2026, 12, 1), date(2026, 12, 2)]
    assert campaign.phases.get().ends_before == 10


@pytest.mark.parametrize(
    ("day", "reason", "sentence"),
    [(date(2026, 11, 15), "来函", "已经过去"), (NEW_DAY, " ", "写明依据")],
    ids=["a day in the past", "no reason"],
)
def test_a_replan_that_cannot_be_says_why(campaign, leader, day, reason, sentence):
    with pytest.raises(PlanRefused, match=sentence):
        apply_replan(campaign=campaign, review_on=day, reason=reason, today=TODAY, by=leader)


def test_the_page_previews_without_writing_then_moves_and_takes_back(campaign, leader, login):
    client = login(leader)
    asked = {"review_on": "2099-12-25"}
    page = client.get(reverse("replan"), asked)
    assert page.status_code == 200
    preview = page.context["preview"]
    assert {move.number for move in preview.outcome.moves} == {None, 1, 3}
    before = days(campaign)
    sent = asked | {"seen": preview.plan.digest}
    assert client.post(reverse("replan-apply"), sent).status_code == 422
    assert days(campaign) == before
    assert client.post(reverse("replan-apply"), sent | {"reason": "来函"}).status_code == 302
    assert days(campaign) != before
    assert client.post(reverse("replan-reverse", args=[Replan.objects.get().pk])).status_code == 302
    assert days(campaign) == before
    assert client.get(reverse("replan"), {"review_on": "2001-01-01"}).status_code == 422


def test_the_office_plans_anew_but_does_not_move_the_review_day(campaign, login):
    client = login(make_user(role="campaign_office", region="9901"))
    assert client.get(reverse("replan"), {"review_on": "2099-12-25"}).status_code == 200
    sent = {"review_on": "2099-12-25", "reason": "来函"}
    assert client.post(reverse("replan-apply"), sent).status_code == 403
    assert not Replan.objects.exists()


def _command(*arguments):
    out = StringIO()
    code = 0
    try:
        call_command("replan", *arguments, "--json", stdout=out)
    except SystemExit as left:
        code = left.code
    return code, json.loads(out.getvalue())


def test_the_command_previews_applies_and_finds_nothing_left_to_move(campaign):
    asked = ("--campaign", campaign.code, "--review-day", "2099-12-25")
    code, document = _command(*asked)
    assert code == 0
    assert document["applied"] is False
    assert {one["task"] for one in document["moved"]} == {None, 1, 3}
    assert any(one["code"] == "unpublished" for one in document["conflicts"])
    assert days(campaign)[0] == date(2026, 12, 4)
    assert _command(*asked, "--apply")[1]["applied"] is True
    assert _command(*asked, "--apply")[1] | {"conflicts": []} == {
        "campaign": campaign.code, "review_day": {"from": "2099-12-25", "to": "2099-12-25"}, "moved": [],
        "conflicts": [], "applied": False, "replan": None,
    }  # fmt: skip
    code, document = _command("--campaign", campaign.code, "--review-day", "2001-01-01")
    assert (code, "已经过去" in document["reason"]) == (2, True)


@pytest.mark.parametrize("key", ["nantong", "five_months"])
def test_a_template_is_loaded_through_the_page_into_an_empty_campaign_and_only_there(key, login):
    empty = make_campaign()
    make_unit("市食安办", region="9901", is_member=True)
    client = login(make_user(role="campaign_office", region="9901"))
    assert "载入" in client.get(reverse("replan")).content.decode()
    page = client.post(reverse("plan-load"), {"template": key}, follow=True)
    assert page.status_code == 200
    tasks = list(empty.tasks.order_by("number"))
    assert len(tasks) == {"nantong": 32, "five_months": 18}[key]
    assert {(task.is_example, task.due_anchor) for task in tasks} == {(True, "review")}
    assert all(empty.started_on <= task.starts_on <= task.due_on <= empty.review_on for task in tasks)
    assert not [one for one in plan_of(empty).tasks if set(one.before) - {task.number for task in tasks}]
    client.post(reverse("plan-load"), {"template": key})
    assert empty.tasks.count() == len(tasks)
