"""From a written ledger to the leader's figure: upload, faults, mending, import, two visits, the closed week, the rows behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page

from accounts.models import User
from campaigns.models import WeeklyReport
from campaigns.services.weeks import publish_week
from campaigns.tasks import close_due_weeks
from entities.models import Business
from inspections.models import Problem, Visit, VisitDuty
from records.models import AuditEvent, LedgerBatch
from tests.journeys.stage import MONDAY, Stage, held

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

ROWS = 2_000
COUNTY = "990102"


def write(out: Path, dirty: str) -> list[dict[str, Any]]:
    """A ledger of the county and the rows that must be reported."""
    with out.with_suffix(".log").open("w") as log:
        call_command(
            "write_ledger",
            out,
            kind="businesses",
            rows=ROWS,
            seed=7,
            dirty=float(dirty),
            county=COUNTY,
            stdout=log,
        )
    found: list[dict[str, Any]] = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def listed(page: Page, address: str) -> list[tuple[str, int, str]]:
    """Sheet, row and column of every issue listed under an address, over all its pages."""
    page.goto(address)
    found: list[tuple[str, int, str]] = []
    while True:
        rows = page.locator("[data-issue-row]").evaluate_all(
            "rows => rows.map(row => [...row.cells].slice(0, 3).map(cell => cell.innerText.trim()))"
        )
        found += [(sheet, int(row), "" if column == "—" else column) for sheet, row, column in rows]
        following = page.locator("#issues a[rel=next]")
        if not following.count():
            return found
        page.goto(str(following.get_attribute("href")))


def on_the_page(page: Page, batch: LedgerBatch) -> tuple[set[tuple[str, int, str, str]], int]:
    """Every fault with the code of the group that lists it, and how many rows the pages hold without choosing a group."""
    here = reverse("ledger-batch", args=[batch.pk])
    found, whole = set(), 0
    for severity in ("error", "warning"):
        page.goto(f"{here}?severity={severity}")
        groups = page.locator("#issues .span-5 td a").evaluate_all(
            "links => links.map(l => l.getAttribute('href'))"
        )
        for address in groups:
            code = str(address).split("code=")[1].split("#")[0]
            found |= {(*place, code) for place in listed(page, str(address))}
        whole += len(listed(page, f"{here}?severity={severity}"))
    return found, whole


def mend(marked: Path, clean: Path, faults: list[dict[str, Any]], out: Path) -> None:
    """What a liaison does with the marked workbook: put right values into the rows that carry a sentence."""
    book, right = openpyxl.load_workbook(marked), openpyxl.load_workbook(clean).active
    sheet = book.active
    assert sheet is not None and right is not None
    words = max(cell.column for row in sheet.iter_rows(max_row=6) for cell in row if cell.value == "检查结果")
    said = {row for row in range(1, sheet.max_row + 1) if sheet.cell(row, words).value} - {
        row for row in range(1, 7) if sheet.cell(row, words).value == "检查结果"
    }
    assert said == {fault["row"] for fault in faults}
    for row in said:
        assert sheet.cell(row, 1).value == right.cell(row, 1).value
        for column in range(2, words):
            sheet.cell(row, column).value = right.cell(row, column).value
    book.save(out)


def card(page: Page, name: str) -> Any:
    """The card of one business on the officer's page."""
    return page.locator("article.visit-card", has=page.get_by_role("link", name=name, exact=True))


def figure(page: Page, part: str) -> tuple[int, str]:
    """The number of one part of the county's visits on the dashboard, and where it leads."""
    link = page.locator(f"main a.n[href*='/visits/county/{COUNTY}/{part}/']").first
    return int(link.inner_text().replace(",", "")), str(link.get_attribute("href"))


PARTS = ("expected", "done", "on_time", "overdue", "excluded")


def published(week: str) -> None:
    """The office publishes a week: until then nobody else sees it."""
    report = WeeklyReport.objects.get(week=week, is_latest=True)
    publish_week(report=report, by=User.objects.get(username="campaign_office"))


def test_a_ledger_two_visits_and_a_closed_week_move_the_leaders_figures(
    stage: Stage, city: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.ledgers.reports.PAGE", 15)
    faults = write(tmp_path / "台账.xlsx", "0.02")
    assert len(faults) == ROWS // 50
    write(tmp_path / "clean.xlsx", "0")
    published("2026-W46")
    leader = stage.person("leader")
    leader.goto(f"{reverse('dashboard')}?place={COUNTY}")
    before = {part: figure(leader, part)[0] for part in PARTS}
    known = Business.objects.count()

    # The liaison uploads, watches the bar, and leaves nothing unseen.
    liaison = stage.person("county_liaison")
    batch = stage.upload(liaison, tmp_path / "台账.xlsx")
    assert liaison.get_by_text("排队中，马上开始").is_visible()
    with held(batch.check_job_id, monkeypatch):
        liaison.clock.run_for(1600)
        liaison.locator("progress[value]").wait_for()
        bar = liaison.locator("progress")
        assert 0 < int(bar.get_attribute("value") or 0) < int(bar.get_attribute("max") or 0)
        assert re.search(r"已处理\s+[\d,]+ / [\d,]+", liaison.locator(".progress-line").inner_text())
        liaison.goto(reverse("ledger-home"))
        liaison.locator("#results").get_by_role("link", name=batch.number).click()
        liaison.locator("progress[value]").wait_for()
    liaison.clock.run_for(1600)
    liaison.get_by_text("行错误，整份暂不能导入").wait_for()
    batch.refresh_from_db()
    assert Business.objects.count() == known
    seen, whole = on_the_page(liaison, batch)
    assert seen == {(fault["sheet"], fault["row"], fault["column"], fault["code"]) for fault in faults}
    assert whole == len(faults)
    assert liaison.get_by_role("button", name="确认导入").count() == 0

    # The marked workbook names the same rows; mended, it is imported whole.
    with liaison.expect_download() as download:
        liaison.get_by_role("link", name="下载标注文件").click()
    assert download.value.suggested_filename == "台账_标注.xlsx"
    download.value.save_as(tmp_path / "marked.xlsx")
    mend(tmp_path / "marked.xlsx", tmp_path / "clean.xlsx", faults, tmp_path / "台账_改.xlsx")
    mended = stage.upload(liaison, tmp_path / "台账_改.xlsx")
    stage.work()
    liaison.reload()
    liaison.get_by_text(f"整份可导入，将写入 {ROWS:,} 行").wait_for()
    liaison.get_by_role("button", name="确认导入").click()
    liaison.get_by_text("正在处理台账").wait_for()
    stage.work()
    liaison.clock.run_for(1600)
    liaison.get_by_role("heading", name="导入完成").wait_for()
    mended.refresh_from_db()
    assert (mended.counts["created"], mended.counts["rejected"]) == (ROWS, 0)
    assert Business.objects.count() == known + ROWS
    assert AuditEvent.objects.filter(action="ledger.committed").count() == 1
    new = VisitDuty.objects.live().filter(business__recorded_at__gte=mended.uploaded_at).count()

    # The officer: one tap, then one with a problem and its photo.
    Image.new("RGB", (1200, 900), "tan").save(tmp_path / "现场.jpg")
    officer = stage.person("officer", 390)
    officer.goto(reverse("my-visits"))
    names = officer.locator("article.visit-card:has([data-visit-quick]) h2 a").all_inner_texts()
    assert len(names) >= 2
    card(officer, names[0]).get_by_role("button", name="无问题").click()
    card(officer, names[0]).get_by_text("已登记，无问题").wait_for()
    card(officer, names[1]).get_by_role("link", name="记问题").click()
    officer.locator("label[for=item-1-fail]").click()
    officer.locator("label[for=finding-1-1]").click()
    officer.set_input_files("input[name=photo-1]", tmp_path / "现场.jpg")
    officer.locator(".visit-thumb").wait_for()
    officer.locator("[data-visit-submit]").click()
    officer.wait_for_url(f"**{reverse('my-visits')}")
    made = list(Visit.objects.filter(recorded_by__username="officer").order_by("-pk")[:2])
    assert [(visit.business.name, visit.problem_count) for visit in made] == [(names[1], 1), (names[0], 0)]
    assert Problem.objects.get(visit=made[0]).business_id == made[0].business_id
    assert officer.evaluate("document.documentElement.scrollWidth") == 390

    # The week ends, the worker closes it, the leader sees what changed and opens the rows behind it.
    city.move_to(MONDAY, tick=True)
    assert close_due_weeks() == ["demo 2026-W47"]
    published("2026-W47")
    leader = stage.person("leader")
    leader.goto(f"{reverse('dashboard')}?place={COUNTY}")
    assert leader.get_by_text("第 47 周").first.is_visible()
    after = {part: figure(leader, part) for part in PARTS}
    assert after["expected"][0] == before["expected"] + new
    assert after["done"][0] == before["done"] + 2
    assert new > ROWS * 0.8
    for part, (number, address) in after.items():
        leader.goto(address)
        shown = leader.locator(".pager b").first.inner_text() if number else "0"
        assert (part, int(shown.replace(",", ""))) == (part, number)
    leader.goto(after["done"][1])
    leader.locator("input[name=q]").fill(names[0])
    leader.locator("input[name=q]").press("Enter")
    leader.locator("#results[data-announce]").wait_for()
    assert leader.locator("#results tbody").get_by_role("link", name=names[0], exact=True).count() == 1
    assert WeeklyReport.objects.filter(is_latest=True).latest("week").week == "2026-W47"
