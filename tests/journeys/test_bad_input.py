"""What goes wrong on the way in is said in one sentence, and nothing is half-saved."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from entities.models import Business
from records.choices import BatchState, JobState
from records.models import AuditEvent, Job, LedgerBatch
from records.services import jobs
from tests.factories.ledgers import business_row, workbook
from tests.journeys.stage import Stage, held

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def file(folder: Path, name: str, *rows: dict[str, Any]) -> Path:
    """A ledger of businesses as a file."""
    path = folder / name
    path.write_bytes(workbook("businesses", rows).read())
    return path


def test_wrong_files_and_wrong_rows_are_named_and_a_ledger_is_imported_once(
    stage: Stage, city: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Business.objects.filter(region__code__startswith="990102").first()
    assert town is not None
    place = {"township": Region.objects.get(pk=town.region_id[:9]).name, "village": None}
    known = Business.objects.count()
    page = stage.person("county_liaison")

    # No file, then a file that is no workbook.
    page.goto(reverse("ledger-home"))
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("alert").get_by_text("还没有选择文件").wait_for()
    assert not LedgerBatch.objects.exists()
    paper = tmp_path / "台账.xlsx"
    paper.write_bytes(b"%PDF-1.7 scanned")
    batch = stage.upload(page, paper)
    stage.work()
    page.clock.run_for(1600)
    page.locator("#batch [role=alert]").wait_for()
    batch.refresh_from_db()
    assert batch.state == BatchState.REFUSED
    assert "xls" in page.locator("#batch [role=alert]").inner_text()
    assert page.get_by_role("button", name="确认导入").count() == 0

    # Another county's row, and a date that is none: each with its row, what was typed and what to do.
    bad = file(
        tmp_path,
        "两处错误.xlsx",
        business_row(**place),
        business_row(**place | {"county": "富源市"}),
        business_row(**place | {"licence_valid_to": "2027-02-30"}),
    )
    stage.upload(page, bad)
    stage.work()
    page.clock.run_for(1600)
    page.locator("[data-issue-row='4']").wait_for()
    assert "富源市" in page.locator("[data-issue-row='4']").inner_text()
    assert "日历上没有这一天" in page.locator("[data-issue-row='5']").inner_text()
    assert page.get_by_text("整份暂不能导入").is_visible()
    assert Business.objects.count() == known

    # F5 after the upload is no second upload; the same file again leads to the same batch.
    good = file(tmp_path, "合格.xlsx", business_row(**place), business_row(**place))
    batch = stage.upload(page, good)
    page.reload()
    assert LedgerBatch.objects.latest("pk") == batch
    count = LedgerBatch.objects.count()
    assert stage.upload(page, good) == batch and LedgerBatch.objects.count() == count

    # The worker that checks it dies: its lease runs out, the sweeper calls another one, which ends the work.
    assert batch.check_job_id is not None
    with held(batch.check_job_id, monkeypatch) as worker:
        dead = Job.objects.get(pk=batch.check_job_id)
        assert jobs.run(dead.pk) is None
        city.shift(timedelta(seconds=settings.JOB_LEASE_SECONDS + 1))
        assert jobs.sweep(timezone.now()) == 1
        done = jobs.run(dead.pk)
        assert done is not None and (done.state, done.attempts) == (JobState.DONE, 2)
        checked = LedgerBatch.objects.get(pk=batch.pk)
    assert worker.job is not None and worker.job.result == done.result
    batch.refresh_from_db()
    assert (batch.state, batch.counts, batch.rows.count()) == ("checked", checked.counts, 2)

    # A second confirm: the same button in another tab, after a double click in this one.
    page.reload()
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_role("button", name="确认导入").dblclick()
    page.get_by_text("正在处理台账").wait_for()
    other.get_by_role("button", name="确认导入").click()
    other.locator("#messages").get_by_text("不用再次确认").wait_for()
    stage.work()
    page.clock.run_for(1600)
    page.get_by_role("heading", name="导入完成").wait_for()
    assert Business.objects.count() == known + 2
    assert AuditEvent.objects.filter(action="ledger.committed").count() == 1
    other.goto(reverse("ledger-batch", args=[batch.pk]))
    assert other.get_by_role("button", name="确认导入").count() == 0
