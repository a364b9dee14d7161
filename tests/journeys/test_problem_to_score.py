"""A problem's whole way, each step by the person whose turn it is, and exactly what its closing changes in the frozen week."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page

from accounts.models import User
from campaigns.models import WeeklyReport
from campaigns.services.weeks import publish_week
from campaigns.tasks import close_due_weeks
from entities.models import Business
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.weeks import SHANGHAI, Week
from inspections.models import Problem
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

# Of the demonstration rulebook: 4.4 takes points for each overdue problem, 4.3 gives two for 95 % on time among those due.
EACH_OVERDUE, FULL, TARGET = Decimal("0.05"), Decimal(2), Decimal(95)
PLACES = {"city": "9901", "county": "990102", "township": "990102001"}
PARTS = ("expected", "done", "on_time", "overdue", "excluded")


def lost(report: WeeklyReport) -> dict[str, Decimal]:
    """Points lost, clause by clause."""
    assert report.score is not None
    return {clause["no"]: Decimal(clause["lost"]) for clause in report.score["clauses"]}


def rate_points(on_time: int, expected: int) -> Decimal:
    """The points of clause 4.3, as they are printed."""
    share = min(FULL * on_time * 100 / expected / TARGET, FULL)
    return share.quantize(Decimal("0.01"), ROUND_HALF_UP)


def figures(report: WeeklyReport) -> dict[tuple[str, str, str, str], list[int]]:
    """Every figure of a frozen week by measure, level, place and grade."""
    rows = report.figures.values_list("measure", "level", "region_id", "grade", *PARTS)
    return {row[:4]: list(row[4:]) for row in rows}


def report_a_problem(officer: Page, photo: Path) -> Problem:
    """The officer opens the first shop of the own street and finds something at the first item."""
    officer.goto(reverse("my-visits"))
    shops = set(Business.objects.filter(in_territory(PLACES["township"])).values_list("pk", flat=True))
    cards = officer.locator("article.visit-card:has([data-visit-quick])")
    here = next(one for one in cards.all() if int(one.get_attribute("data-visit-card") or 0) in shops)
    here.get_by_role("link", name="记问题").click()
    officer.locator("label[for=item-1-fail]").click()
    officer.locator("label[for=finding-1-1]").click()
    officer.set_input_files("input[name=photo-1]", photo)
    officer.locator(".visit-thumb").wait_for()
    officer.locator("[data-visit-submit]").click()
    officer.wait_for_url(f"**{reverse('my-visits')}")
    return Problem.objects.filter(visit__recorded_by__username="officer").latest("pk")


def form_of(page: Page, problem: Problem, panel: str) -> Any:
    """One panel of the problem's page, folded open."""
    page.goto(reverse("problem-detail", args=[problem.pk]))
    form = page.locator(f"form[action='{reverse(f'problem-{panel}', args=[problem.pk])}']")
    if not form.is_visible():
        page.locator("details.problem-panel", has=form).locator("summary").click()
    return form


def step(page: Page, problem: Problem, panel: str, button: str, **fields: Any) -> None:
    """Fill in one panel and press its button; the page then says what was done."""
    form = form_of(page, problem, panel)
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if isinstance(value, Path):
            field.set_input_files(value)
        else:
            field.fill(value)
    form.get_by_role("button", name=button).click()
    page.locator("#messages").get_by_text(problem.code).wait_for()


def test_a_problem_is_fixed_returned_fixed_again_and_closed_by_another_and_moves_one_figure_and_one_clause(
    stage: Stage, city: Any, tmp_path: Path
) -> None:
    before, after = tmp_path / "整改前.jpg", tmp_path / "整改后.jpg"
    Image.new("RGB", (900, 600), "tan").save(before)
    Image.new("RGB", (900, 600), "teal").save(after)

    problem = report_a_problem(stage.person("officer", 390), before)
    assert (problem.state, problem.unit and problem.unit.region_id) == ("to_sign", PLACES["township"])

    # The street signs, plans and sends its proof; the county sends it back with the reason, then finds it good.
    township, county = stage.person("township_liaison"), stage.person("county_liaison")
    step(township, problem, "sign", "签收")
    step(township, problem, "plan", "保存方案", measures="换新货架\n每周自查", leader_name="田野")
    step(township, problem, "submit", "报送整改", note="已换新货架。", proof=after)
    assert township.locator("form[action$='/check/']").count() == 0
    form_of(county, problem, "check").get_by_role("button", name="退回整改").click()
    county.locator("#check_note_error").get_by_text("退回必须写明理由").wait_for()
    step(county, problem, "check", "退回整改", note="缺自查记录，周五前补。")
    step(township, problem, "submit", "报送整改", note="已补自查记录。", proof=after)
    assert township.get_by_text("缺自查记录，周五前补。").first.is_visible()
    step(county, problem, "check", "审核通过")
    problem.refresh_from_db()
    assert (problem.state, problem.return_count) == ("second_check", 1)
    assert township.goto(reverse("problem-detail", args=[problem.pk])) is not None
    assert township.locator("form[action$='/verify/']").count() == 0

    # Told once: nobody verifies, the deadline passes, and the worker freezes the week with the problem overdue.
    week = Week.of(problem.due_on)
    late = datetime.combine(problem.due_on + timedelta(days=1), time(9), SHANGHAI)
    assert late < week.as_of
    monday = week.as_of + timedelta(minutes=31)
    city.move_to(monday, tick=True)
    assert close_due_weeks()[-1] == f"demo {week}"
    waiting = WeeklyReport.objects.get(week=str(week))

    # Told again: the supervision team verifies the day after the deadline, and the office has the week checked anew.
    city.move_to(late, tick=True)
    step(stage.person("supervision_team"), problem, "verify", "销号")
    problem.refresh_from_db()
    assert (problem.state, problem.closed_on) == ("closed", late.date())
    people = {problem.submitted_by.username, problem.first_checked_by.username, problem.closed_by.username}
    assert people == {"township_liaison", "county_liaison", "supervision_team"}
    city.move_to(monday + timedelta(minutes=30), tick=True)
    office = stage.person("campaign_office")
    office.goto(reverse("report-detail", args=[waiting.pk]))
    office.get_by_role("button", name="重新核对").click()
    office.locator("#ask [data-ask=yes]").click()
    office.wait_for_url("**/closing/**")
    assert stage.work() == 1
    closed = WeeklyReport.objects.get(week=str(week), is_latest=True)
    assert (waiting.revision, closed.revision) == (1, 2)

    # The figures: one done and one on time more (what counts is the day of the fix), one overdue less, nothing else anywhere.
    then, now = figures(waiting), figures(closed)
    moved = {
        key: [after - before for before, after in zip(then.get(key, [0] * 5), now[key], strict=True)]
        for key in now
        if now[key] != then.get(key)
    }
    assert moved == {
        (measure, level, code, grade): [0, 1, 1, -1, 0]
        for measure in ("problems", "problems_week")
        for level, code in PLACES.items()
        for grade in ("", problem.grade)
    }

    # The score: both clauses counted from problems win back what one of them weighs, and no other clause moves.
    expected, _done, on_time, _overdue, _excluded = now["problems_week", "city", "9901", ""]
    gain = rate_points(on_time, expected) - rate_points(on_time - 1, expected)
    points = {no: was - lost(closed)[no] for no, was in lost(waiting).items() if was != lost(closed)[no]}
    assert points == {"4.3": gain, "4.4": EACH_OVERDUE}
    assert waiting.score is not None and closed.score is not None
    for bound in ("total_low", "total_high"):
        assert Decimal(closed.score[bound]) - Decimal(waiting.score[bound]) == gain + EACH_OVERDUE
    publish_week(report=closed, by=User.objects.get(username="campaign_office"))
    leader = stage.person("leader")
    leader.goto(reverse("report-detail", args=[closed.pk]))
    assert str(closed.score["total_low"]) in leader.locator("main").inner_text()
