"""Main pages on a phone with a bad line: what they weigh cold, how small their letters are, and menus one can read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page

from accounts.models import User
from accounts.navigation import navigation
from entities.models import Assignment, Business
from inspections.models import Problem, Visit
from scripts import copy_assets
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

KILOBYTES = {"log-in": 60, "phone": 150, "dashboard": 300}
ASKED = re.compile(r'(?:href|src|data-library)="(/static/[^"?]+)"')
SMALLEST = 14
# Text that is drawn smaller than 14 px, with the elements it stands in; what only a screen reader meets does not count.
SMALL_TEXT = """(smallest) => {
  const found = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length) continue;
    if (element.closest(".visually-hidden, script, style, template, option")) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < smallest) found.add(`${element.tagName}.${element.className} ${size}px`);
  }
  return [...found];
}"""
# Letters twice as large, as a phone's own setting makes them: every box that then cuts off what it holds.
CUT_TEXT = """() => {
  const all = [...document.querySelectorAll("body *")].filter((one) => one.getClientRects().length);
  const sizes = all.map((one) => parseFloat(getComputedStyle(one).fontSize));
  all.forEach((one, at) => { one.style.fontSize = `${sizes[at] * 2}px`; });
  const cut = all.filter((one) => {
    const style = getComputedStyle(one);
    if (!one.innerText?.trim() || one.closest(".visually-hidden, svg, select, textarea")) return false;
    const clipped = style.overflowY === "hidden" && one.scrollHeight > one.clientHeight + 2;
    return clipped || (one.matches(".btn") && one.scrollHeight > one.offsetHeight + 2);
  });
  return cut.map((one) => `${one.tagName}.${one.className}: ${one.innerText.slice(0, 20)}`);
}"""


@pytest.fixture(autouse=True, scope="module")
def current_assets() -> None:
    """What set-up makes of the browser packages for the pages as they are now."""
    if not copy_assets.is_current():
        copy_assets.copy_assets()


def weight(page: Page, path: str) -> int:
    """Bytes that a first visit carries over the line: the page and every file it asks for, each compressed."""
    answer = page.request.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status == 200, path
    assert answer.headers.get("content-encoding") == "gzip", path
    html = answer.text()
    files = set(ASKED.findall(html))
    assert files
    carried = [Path(str(finders.find(file.removeprefix("/static/")))).read_bytes() for file in files]
    return sum(len(gzip.compress(content)) for content in [html.encode(), *carried])


def pages_of(username: str) -> Iterator[str]:
    """The doors in a person's navigation but for the administration, which is Django's own."""
    for group in navigation(User.objects.get(username=username), ""):
        yield from (str(item["url"]) for item in group["items"] if not str(item["url"]).startswith("/admin/"))


def test_pages_on_a_phone_are_light_and_legible(stage: Stage, tmp_path: Path) -> None:
    bound = Assignment.objects.filter(officer__user__username="officer").first()
    assert bound is not None
    visit_form = reverse("visit-new", args=[bound.business_id])
    files = [
        reverse("business-detail", args=[Business.objects.earliest("pk").pk]),
        reverse("visit-detail", args=[Visit.objects.latest("pk").pk]),
        reverse("problem-detail", args=[Problem.objects.filter(state="submitted").earliest("pk").pk]),
        reverse("problem-new"),
    ]
    door = stage.visitor(390).new_page()
    officer, office = stage.person("officer", 390), stage.person("campaign_office", 390)
    told = {
        "log-in": weight(door, reverse("account_login")),
        "dashboard": weight(office, reverse("dashboard")),
    }
    for path in (reverse("my-visits"), visit_form):
        told[f"phone {path}"] = weight(officer, path)
    for path in (reverse("problem-new"), reverse("problem-list")):
        told[f"phone {path}"] = weight(office, path)
    print({name: round(size / 1024) for name, size in told.items()})
    assert {name: size for name, size in told.items() if size > KILOBYTES[name.split()[0]] * 1024} == {}

    wrong = {}
    tour = [(officer, [*pages_of("officer"), visit_form]), (office, [*pages_of("campaign_office"), *files])]
    for page, paths in tour:
        for path in paths:
            page.goto(path)
            if small := page.evaluate(SMALL_TEXT, SMALLEST):
                wrong[path] = small
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                wrong[f"{path} sideways"] = [str(page.evaluate("document.documentElement.scrollWidth"))]
    assert wrong == {}

    # A picker's menu has a ground and a line around it, whatever lies below.
    office.goto(reverse("problem-new"))
    pickers = office.locator(".ts-control")
    assert pickers.count() > 0
    for number in range(pickers.count()):
        pickers.nth(number).click()
        menu = office.locator(".ts-dropdown:visible")
        menu.wait_for()
        ground = menu.evaluate("(one) => getComputedStyle(one).backgroundColor")
        assert ground == "rgb(255, 255, 255)", ground
        assert menu.evaluate("(one) => parseFloat(getComputedStyle(one).borderBottomWidth)") > 0
        office.keyboard.press("Escape")

    # A photo leaves the phone small and without where and on what it was taken, whichever form asks for it.
    Image.new("RGB", (2400, 1600), "tan").save(tmp_path / "large.png")
    office.set_input_files("input[name=photos]", tmp_path / "large.png")
    office.wait_for_function("document.querySelector('input[name=photos]').files[0].name === 'large.jpg'")

    # Large letters, and twice that by the phone itself: nothing is cut.
    User.objects.filter(username="officer").update(large_type=True)
    for path in (reverse("my-visits"), visit_form):
        officer.goto(path)
        assert officer.evaluate(SMALL_TEXT, 18) == [], path
        low = officer.locator("main .btn:visible").evaluate_all(
            "(all) => all.filter((one) => one.offsetHeight < 60).map((one) => one.innerText)"
        )
        assert low == [], path
        assert officer.evaluate(CUT_TEXT) == [], path
