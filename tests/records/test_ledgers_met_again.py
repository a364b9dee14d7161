"""A file, a batch or an undo that meets another day: the uploader has moved, rows may be in order now, numbers are taken."""

from __future__ import annotations

import pytest

from entities.models import Business
from records.choices import BatchState
from records.ledgers import batches
from records.ledgers.batches import LedgerRefused
from records.models import AuditEvent, LedgerBatch
from tests.factories import make_business, make_region
from tests.factories.ledgers import (
    business_row,
    checked,
    counts,
    found,
    make_liaison,
    send,
    take_in,
    workbook,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def move(user, region):
    user.posts.update(region_id=region)
    return type(user).objects.get(pk=user.pk)


@pytest.mark.parametrize("again", ["recheck", "upload"])
def test_a_file_is_checked_anew_for_the_territory_its_uploader_has_today(liaison, again):
    file = workbook("businesses", [business_row()])
    batch = send(liaison, "businesses", file)
    assert (batch.territory, batch.verdict) == ("990102", "accept")
    moved = move(liaison, "990103")
    with pytest.raises(LedgerRefused, match="重新检查"):
        batches.confirm_batch(batch=batch, by=moved, digest=batch.digest)
    if again == "recheck":
        batches.recheck_batch(batch=batch, by=moved)
    else:
        assert batches.receive_upload(kind="businesses", file=file, by=moved).batch.pk == batch.pk
    batch = checked(LedgerBatch.objects.get())
    assert (batch.territory, batch.verdict) == ("990103", "refuse")
    assert "other_territory" in {code for *_, code in found(batch, "error")}


def test_who_may_not_import_any_more_cannot_have_a_file_checked_again(liaison):
    batch = send(liaison, "businesses", [business_row()])
    liaison.posts.update(role="leader")
    with pytest.raises(LedgerRefused) as refused:
        batches.recheck_batch(batch=batch, by=type(liaison).objects.get(pk=liaison.pk))
    assert (refused.value.code, LedgerBatch.objects.get().state) == ("not_permitted", BatchState.CHECKED)


def test_rows_refused_once_are_asked_again_because_they_may_be_in_order_now(liaison):
    file = workbook("businesses", [business_row(), business_row(township="新镇", village=None)])
    first = take_in(send(liaison, "businesses", file), partial=True)
    assert (first.counts["created"], first.counts["rejected"]) == (1, 1)
    make_region("990102003", "新镇")
    second = send(liaison, "businesses", file)
    assert (second.pk != first.pk, counts(second)["created"], counts(second)["unchanged"]) == (True, 1, 1)


def test_a_file_is_read_again_when_an_undo_may_have_taken_out_what_it_found(liaison):
    rows = [business_row()]
    first = take_in(send(liaison, "businesses", rows))
    colleague = make_liaison()
    file = workbook("businesses", rows)
    second = take_in(send(colleague, "businesses", file))
    assert second.counts["unchanged"] == 1
    batches.undo_batch(batch=first, by=liaison)
    assert not Business.objects.exists()
    again = batches.receive_upload(kind="businesses", file=file, by=colleague)
    assert (again.repeated, checked(again.batch).counts["created"]) == (False, 1)


def test_an_undo_that_collides_with_a_number_taken_since_undoes_nothing_and_says_so(liaison):
    first = business_row()
    take_in(send(liaison, "businesses", [first]))
    key = Business.objects.get().match_key
    changed = first | {"licence_no": business_row()["licence_no"]}
    Business.objects.update(licence_no="", match_key="N:before")
    batch = take_in(send(liaison, "businesses", [changed]))
    assert batch.counts["updated"] == 1
    make_business("后来登记的饭店", match_key="N:before")
    with pytest.raises(LedgerRefused, match="没有撤销任何内容") as refused:
        batches.undo_batch(batch=batch, by=liaison)
    assert (refused.value.code, LedgerBatch.objects.get(pk=batch.pk).state) == (
        "register_changed",
        BatchState.COMMITTED,
    )
    assert Business.objects.get(name=first["name"]).match_key not in (key, "N:before")
    assert not AuditEvent.objects.filter(action="ledger.undone").exists()
    kept = AuditEvent.objects.get(action="ledger.undo_refused")
    assert (kept.actor, kept.outcome, kept.reason) == (liaison, "refused", refused.value.sentence)
