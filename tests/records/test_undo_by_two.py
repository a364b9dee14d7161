"""Above the size that the campaign office has set, an undo is asked for by one person and decided by another."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from entities.models import Business
from records.choices import BatchState
from records.ledgers import batches, ledger_rules
from records.ledgers.batches import LedgerRefused
from records.models import ApprovalRule, AuditEvent, LedgerBatch
from tests.factories import make_business, make_user
from tests.factories.ledgers import business_row, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def batch(office, liaison):
    """Three imported businesses, of which more than two take a second person from now on."""
    batch = take_in(send(liaison, "businesses", [business_row() for _ in range(3)]))
    ledger_rules.save_approval_rule(rule=ApprovalRule(), kind="", rows=2, by=office)
    return batch


def acts():
    found = AuditEvent.objects.filter(action__startswith="ledger.und").order_by("pk")
    return [(event.action, event.actor) for event in found]


def asked(batch, liaison):
    assert batches.undo_batch(batch=batch, by=liaison).awaits_approval
    return LedgerBatch.objects.get(pk=batch.pk)


def approve(batch, by):
    """A yes to the undo as it is asked for now."""
    return batches.approve_undo(batch=batch, by=by, seen=batches.seen_of(batch))


def test_one_person_asks_and_another_decides(batch, office, liaison):
    for _twice in range(2):
        waiting = asked(batch, liaison)
        assert (waiting.state, waiting.undo_asked_by, Business.objects.count()) == ("committed", liaison, 3)
    result = approve(waiting, office)
    assert (result.removed, result.awaits_approval, Business.objects.count()) == (3, False, 0)
    done = LedgerBatch.objects.get()
    assert (done.state, done.undo_asked_by, done.undo_decided_by) == (BatchState.UNDONE, liaison, office)
    assert acts() == [
        ("ledger.undo_asked", liaison),
        ("ledger.undo_approved", office),
        ("ledger.undone", office),
    ]
    with pytest.raises(LedgerRefused, match="没有撤销申请"):
        approve(done, make_liaison())


def test_as_many_rows_as_set_are_undone_by_one_person(batch, office, liaison):
    ApprovalRule.objects.update(rows=3)
    assert batches.undo_batch(batch=batch, by=liaison).removed == 3
    assert acts() == [("ledger.undone", liaison)]


@pytest.mark.parametrize("who", ["the one who asked", "another county", "a kind they do not import"])
def test_nobody_else_can_decide(batch, liaison, who):
    waiting = asked(batch, liaison)
    people = {
        "the one who asked": lambda: liaison,
        "another county": lambda: make_user(role="county_liaison", region="990103"),
        "a kind they do not import": lambda: make_user(role="supervision_team", region="990102"),
    }
    by = people[who]()
    with pytest.raises(LedgerRefused):
        approve(waiting, by)
    assert not batches.awaiting_approval(by).exists()
    assert (LedgerBatch.objects.get().state, Business.objects.count()) == (BatchState.COMMITTED, 3)


def test_nothing_is_undone_that_nobody_asked_for(batch, office):
    with pytest.raises(LedgerRefused, match="没有撤销申请"):
        approve(batch, office)
    assert Business.objects.count() == 3


def test_a_no_needs_a_reason_and_the_undo_may_be_asked_for_again(batch, office, liaison):
    waiting = asked(batch, liaison)
    with pytest.raises(LedgerRefused, match="原因"):
        batches.decline_undo(batch=waiting, by=office, reason=" ")
    batches.decline_undo(batch=waiting, by=office, reason="请逐条更正")
    told = LedgerBatch.objects.get()
    assert (told.state, told.undo_asked_by, told.undo_decided_by, told.undo_decision_reason) == (
        BatchState.COMMITTED,
        None,
        office,
        "请逐条更正",
    )
    assert acts()[-1] == ("ledger.undo_declined", office)
    again = asked(told, liaison)
    assert (again.undo_decided_by, again.undo_decision_reason) == (None, "")


def test_who_asked_may_take_it_back(batch, office, liaison):
    waiting = asked(batch, liaison)
    batches.decline_undo(batch=waiting, by=liaison)
    assert acts()[-1] == ("ledger.undo_withdrawn", liaison)
    assert not batches.awaiting_approval(office).exists()
    with pytest.raises(LedgerRefused, match="没有撤销申请"):
        approve(waiting, office)


def test_who_has_moved_on_cannot_be_approved(batch, office, liaison):
    asked(batch, liaison)
    liaison.posts.update(valid_to=timezone.localdate() - timedelta(days=1))
    with pytest.raises(LedgerRefused, match="申请撤销的人"):
        approve(LedgerBatch.objects.get(), office)


def test_the_trail_keeps_a_yes_to_an_undo_that_collides(office, liaison):
    first = business_row()
    take_in(send(liaison, "businesses", [first]))
    Business.objects.update(licence_no="", match_key="N:before")
    batch = take_in(send(liaison, "businesses", [first | {"licence_no": business_row()["licence_no"]}]))
    make_business("后来登记的饭店", match_key="N:before")
    ledger_rules.save_approval_rule(rule=ApprovalRule(), kind="", rows=0, by=office)
    waiting = asked(batch, liaison)
    with pytest.raises(LedgerRefused, match="没有撤销任何内容") as refused:
        approve(waiting, office)
    assert acts() == [("ledger.undo_asked", liaison), ("ledger.undo_refused", office)]
    kept = AuditEvent.objects.get(action="ledger.undo_refused")
    assert (kept.outcome, kept.reason, kept.after) == (
        "refused",
        refused.value.sentence,
        {"asked_by": str(liaison)},
    )
    still = LedgerBatch.objects.get(pk=batch.pk)
    assert (still.state, still.undo_asked_by, still.undo_decided_by) == (BatchState.COMMITTED, liaison, None)


def test_the_database_wants_two_people_and_both_halves_of_a_request(batch, liaison):
    now = timezone.now()
    for fields in (
        {"undo_asked_by": liaison},
        {"undo_asked_by": liaison, "undo_asked_at": now, "undo_decided_by": liaison},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerBatch.objects.update(**fields)


def test_the_command_leaves_with_two_and_the_undo_waiting(batch, liaison):
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("undo_import", str(batch.pk), "--user", liaison.username, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (ended.value.code, told["removed"], "等待另一人批准" in told["reason"]) == (2, 0, True)
    assert Business.objects.count() == 3


# --- pages and programs --------------------------------------------------------------------------------


def now():
    """What the batch shows now, as a page posts it."""
    return batches.seen_of(LedgerBatch.objects.get())


def test_the_pages_lead_from_the_request_to_the_undo(batch, office, liaison, login):
    own, second = login(liaison), login(office)
    at = reverse("ledger-batch", args=[batch.pk])
    assert "申请整批撤销" in own.get(at).content.decode()
    assert "等另一人批准" in own.post(reverse("ledger-undo", args=[batch.pk]), follow=True).content.decode()
    mine = own.get(at).content.decode()
    assert ("收回撤销申请" in mine, "批准撤销" in mine, "申请整批撤销" in mine) == (True, False, False)
    home = second.get(reverse("ledger-home")).content.decode()
    assert ("等您批准" in home, "待批准 1" in home, batch.number in home) == (True, True, True)
    theirs = second.get(at).content.decode()
    assert ("批准撤销" in theirs, "退回申请人" in theirs, "收回撤销申请" in theirs) == (True, True, False)
    assert theirs.count(f'name="seen" value="{now()}"') == 2
    second.post(reverse("ledger-undo-approve", args=[batch.pk]), {"seen": now()})
    assert (LedgerBatch.objects.get().state, Business.objects.count()) == (BatchState.UNDONE, 0)
    assert f"{office} 于" in own.get(at).content.decode()


def test_a_no_on_the_page_is_told_to_who_asked(batch, office, liaison, login):
    asked(batch, liaison)
    said = {"reason": "请逐条更正", "seen": now()}
    login(office).post(reverse("ledger-undo-decline", args=[batch.pk]), said)
    page = login(liaison).get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert ("没有批准撤销：请逐条更正" in page, "申请整批撤销" in page) == (True, True)


def test_programs_ask_and_decide_alike(batch, office, liaison, login):
    first, second = login(liaison), login(office)
    at = f"/api/v1/ledgers/{batch.pk}/"
    assert first.post(f"{at}undo/").json()["awaits_approval"] is True
    assert first.post(f"{at}approve-undo/", {"seen": now()}).status_code == 409
    assert second.post(f"{at}decline-undo/", {"reason": "再核对"}).json()["undo_decision_reason"] == "再核对"
    first.post(f"{at}undo/")
    assert second.post(f"{at}approve-undo/").status_code == 400
    seen = second.get(at).json()["seen"]
    assert second.post(f"{at}approve-undo/", {"seen": seen}).json()["removed"] == 3
