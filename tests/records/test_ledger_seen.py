"""A yes is to what a person has seen: the outcome of one check, not merely its file."""

from __future__ import annotations

import pytest
from django.urls import reverse

from entities.models import Business
from records.choices import BatchState
from records.ledgers import batches, ledger_rules
from records.ledgers.batches import LedgerRefused
from records.models import ApprovalRule, AuditEvent, Job, LedgerBatch
from records.services import jobs
from tests.factories.ledgers import business_row, checked, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LOOK_AGAIN = "请看过现在的结果再决定"


@pytest.fixture
def two_people(office):
    """From one row on a second person has to approve."""
    ledger_rules.save_approval_rule(rule=ApprovalRule(), kind="", rows=0, by=office)


def sent(liaison):
    return send(liaison, "businesses", [business_row(contact_phone="13800000001")])


def answered_anew(batch, liaison):
    """The uploader says that another column is the one to take; the file stays the same."""
    batch = batches.choose_columns(batch=batch, by=liaison, mapping={"联系电话": ""})
    return checked(batch)


def posted(batch):
    """What the forms of a page that is open now will post."""
    return {"digest": batch.digest, "seen": batches.seen_of(batch)}


def now():
    return LedgerBatch.objects.get()


def test_a_second_person_cannot_approve_another_outcome_than_the_one_they_saw(two_people, office, liaison):
    batch = batches.confirm_batch(batch=sent(liaison), by=liaison, **posted(now()))
    page = posted(now())
    again = answered_anew(batch, liaison)
    batches.confirm_batch(batch=again, by=liaison, **posted(again))
    assert (now().state, now().digest) == (BatchState.AWAITING, page["digest"])
    for decide in (
        lambda: batches.approve_batch(batch=now(), by=office, **page),
        lambda: batches.decline_batch(batch=now(), by=office, reason="电话不对", seen=page["seen"]),
    ):
        with pytest.raises(LedgerRefused, match=LOOK_AGAIN) as refused:
            decide()
        assert refused.value.code == "seen_differs"
    assert (now().state, now().decided_by, Job.objects.filter(kind="ledger.commit").count()) == (
        BatchState.AWAITING,
        None,
        0,
    )
    batches.approve_batch(batch=now(), by=office, **posted(now()))
    jobs.run_inline(now().commit_job)
    assert Business.objects.get().contact_phone != "13800000001"


def test_a_page_opened_before_a_check_of_the_very_same_answers_is_old_as_well(two_people, office, liaison):
    batch = batches.confirm_batch(batch=sent(liaison), by=liaison, **posted(now()))
    page = posted(batch)
    batch = checked(batches.recheck_batch(batch=batch, by=liaison))
    batches.confirm_batch(batch=batch, by=liaison, **posted(batch))
    with pytest.raises(LedgerRefused, match=LOOK_AGAIN):
        batches.approve_batch(batch=now(), by=office, **page)


def test_while_it_is_checked_anew_a_yes_is_told_that_nothing_waits(two_people, office, liaison):
    batch = batches.confirm_batch(batch=sent(liaison), by=liaison, **posted(now()))
    page = posted(batch)
    batches.recheck_batch(batch=batch, by=liaison)
    with pytest.raises(LedgerRefused, match="不在等待批准"):
        batches.approve_batch(batch=now(), by=office, **page)


def test_the_older_of_two_tabs_of_the_uploader_confirms_nothing(liaison):
    batch = sent(liaison)
    tab = posted(batch)
    again = answered_anew(batch, liaison)
    with pytest.raises(LedgerRefused, match=LOOK_AGAIN):
        batches.confirm_batch(batch=now(), by=liaison, **tab)
    assert (now().state, Job.objects.filter(kind="ledger.commit").exists()) == (BatchState.CHECKED, False)
    assert batches.confirm_batch(batch=now(), by=liaison, **posted(again)).state == BatchState.COMMITTING


def test_a_double_click_is_one_confirmation_and_one_approval(two_people, office, liaison):
    page = posted(sent(liaison))
    batches.confirm_batch(batch=now(), by=liaison, **page)
    with pytest.raises(LedgerRefused, match="不用再次确认"):
        batches.confirm_batch(batch=now(), by=liaison, **page)
    page = posted(now())
    batches.approve_batch(batch=now(), by=office, **page)
    with pytest.raises(LedgerRefused, match="不在等待批准"):
        batches.approve_batch(batch=now(), by=office, **page)
    said = AuditEvent.objects.filter(action__in=["ledger.confirmed", "ledger.approved"])
    assert (said.count(), Job.objects.filter(kind="ledger.commit").count()) == (2, 1)


def test_a_request_to_undo_that_was_made_anew_is_another_request(two_people, office, liaison):
    batch = sent(liaison)
    batches.confirm_batch(batch=batch, by=liaison, **posted(batch))
    batches.approve_batch(batch=now(), by=office, **posted(now()))
    jobs.run_inline(now().commit_job)
    batches.undo_batch(batch=now(), by=liaison)
    old = batches.seen_of(now())
    batches.decline_undo(batch=now(), by=liaison)
    batches.undo_batch(batch=now(), by=make_liaison())
    with pytest.raises(LedgerRefused, match=LOOK_AGAIN):
        batches.approve_undo(batch=now(), by=office, seen=old)
    with pytest.raises(LedgerRefused, match=LOOK_AGAIN):
        batches.decline_undo(batch=now(), by=office, reason="请逐条更正", seen=old)
    assert (now().state, Business.objects.count()) == (BatchState.COMMITTED, 1)
    assert batches.approve_undo(batch=now(), by=office, seen=batches.seen_of(now())).removed == 1


def test_pages_always_say_what_they_showed(two_people, office, liaison, login):
    batch = sent(liaison)
    own, second = login(liaison), login(office)
    confirm, approve, decline, undo, back = (
        reverse(f"ledger-{act}", args=[batch.pk])
        for act in ("confirm", "approve", "decline", "undo-approve", "undo-decline")
    )
    told = own.post(confirm, {"digest": batch.digest}, follow=True).content.decode()
    assert (LOOK_AGAIN in told, now().state) == (True, BatchState.CHECKED)
    own.post(confirm, posted(batch))
    for address, said in ((approve, {"digest": batch.digest}), (decline, {"reason": "电话不对"})):
        told = second.post(address, said, follow=True).content.decode()
        assert (LOOK_AGAIN in told, now().state) == (True, BatchState.AWAITING)
    second.post(approve, posted(now()))
    jobs.run_inline(now().commit_job)
    batches.undo_batch(batch=now(), by=liaison)
    for address in (undo, back):
        assert LOOK_AGAIN in second.post(address, {"reason": "不行"}, follow=True).content.decode()
    assert (now().state, now().undo_asked_by) == (BatchState.COMMITTED, liaison)


def test_programs_send_back_what_they_were_shown(two_people, office, liaison, login):
    own, second = login(liaison), login(office)
    at = f"/api/v1/ledgers/{sent(liaison).pk}/"
    shown = own.get(at).json()
    again = answered_anew(now(), liaison)
    old = {"digest": shown["digest"], "seen": shown["seen"]}
    assert own.post(f"{at}confirm/", old).json()["code"] == "seen_differs"
    assert own.post(f"{at}confirm/", {"digest": again.digest}).json()["state"] == "awaiting"
    assert second.post(f"{at}approve/", {"digest": again.digest}).status_code == 400
    refused = second.post(f"{at}approve/", old)
    assert (refused.status_code, refused.json()["code"]) == (409, "seen_differs")
    fresh = {name: second.get(at).json()[name] for name in ("digest", "seen")}
    assert second.post(f"{at}approve/", fresh).json()["state"] == "committing"


def test_what_is_shown_is_one_word_however_often_it_is_read(liaison):
    batch = sent(liaison)
    word = batches.seen_of(batch)
    assert [batches.seen_of(now()) for _ in range(2)] == [word, word]
    done = take_in(batch)
    assert batches.seen_of(done) == word
