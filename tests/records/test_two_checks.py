"""One batch, two checks at once: only the one that was asked for last may say anything; and what no database keeps breaks none."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile

from entities.fields import BUSINESS_COLUMNS
from entities.models import Business
from records.choices import BatchState, JobState
from records.ledgers import batches
from records.ledgers.batches import check
from records.models import AuditEvent, LedgerBatch, LedgerRow
from records.services import jobs
from tests.factories.ledgers import business_row, take_in, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def uploaded(liaison):
    file = workbook("businesses", [business_row() for _ in range(3)])
    return batches.receive_upload(kind="businesses", file=file, by=liaison).batch


@pytest.mark.parametrize("later_ends_first", [False, True])
def test_a_check_that_was_superseded_leaves_the_other_ones_rows_alone(liaison, monkeypatch, later_ends_first):
    batch = uploaded(liaison)
    read_rows = check.read_rows

    def meanwhile(*args, **options):
        monkeypatch.setattr(check, "read_rows", read_rows)
        again = batches.recheck_batch(batch=LedgerBatch.objects.get(), by=liaison)
        if later_ends_first:
            jobs.run_inline(again.check_job)
        else:
            LedgerBatch.objects.update(state=BatchState.CHECKING)  # another worker has begun
        return read_rows(*args, **options)

    monkeypatch.setattr(check, "read_rows", meanwhile)
    first = batch.check_job
    assert jobs.run_inline(first).state == JobState.DONE
    batch = LedgerBatch.objects.get()
    if not later_ends_first:
        assert (batch.state, LedgerRow.objects.count()) == (BatchState.CHECKING, 0)
        jobs.run_inline(batch.check_job)
        batch.refresh_from_db()
    assert (batch.state, batch.counts["accepted"], LedgerRow.objects.count()) == (BatchState.CHECKED, 3, 3)
    assert AuditEvent.objects.filter(action="ledger.checked").count() == 1
    assert take_in(batch).state == BatchState.COMMITTED
    assert Business.objects.count() == 3


def test_rows_that_are_not_those_that_were_shown_are_never_saved(liaison):
    batch = uploaded(liaison)
    jobs.run_inline(batch.check_job)
    batch.refresh_from_db()
    batch = batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    LedgerRow.objects.order_by("-row_no")[0].delete()
    job = jobs.run_inline(batch.commit_job)
    batch.refresh_from_db()
    assert (batch.state, Business.objects.count()) == (BatchState.UPLOADED, 0)
    assert job.message == "检查之后登记有变化，没有保存任何内容，正在重新检查"
    jobs.run_inline(batch.check_job)
    batch.refresh_from_db()
    assert take_in(batch).counts["created"] == 3 == Business.objects.count()


@pytest.mark.parametrize("where", ["cell", "header", "unknown header", "title"])
def test_a_character_no_database_keeps_is_named_and_breaks_nothing(liaison, where):
    columns = [column for column in BUSINESS_COLUMNS if column.key != "seq"]
    row = business_row() | {"legal_person": "张\0三" if where == "cell" else "张三"}
    headers = [*(column.header for column in columns), "网\0格" if where == "unknown header" else "网格"]
    if where == "header":
        headers = [header.replace("经营场所", "经营\0场所") for header in headers]
    lines = [
        ",".join(headers),
        ",".join([*(str(row.get(key) or "") for key in (column.key for column in columns)), "甲"]),
    ]
    if where == "title":
        lines.insert(0, "南\0湖区台账")
    file = ContentFile("\r\n".join(lines).encode(), name="odd.csv")
    batch = batches.receive_upload(kind="businesses", file=file, by=liaison).batch
    assert jobs.run_inline(batch.check_job).state == JobState.DONE
    batch.refresh_from_db()
    expected = {"cell": "control_characters", "header": "missing_columns"}.get(where)
    found = [group["code"] for group in batch.groups] + [batch.choices.get("code")]
    assert batch.state in (BatchState.CHECKED, BatchState.REFUSED)
    assert expected in found if expected else batch.counts["accepted"] == 1
