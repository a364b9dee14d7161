"""A visit on a phone, in a real browser: one tap, a problem with its photo, a refresh, and no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from entities.models import Business
from inspections.fulfilment import materialise
from inspections.models import Problem, Visit
from tests.factories import make_assignment, make_business, make_officer, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def phone(live_server: Any, login: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """An officer's phone, signed in, with two businesses to visit."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    user = make_user("dengjie", name="邓洁", role="officer", region="990102001")
    person = make_officer("邓洁", user=user)
    for name in ("湖东幼儿园食堂", "老街豆腐坊"):
        make_assignment(person, make_business(name))
    materialise("9901", timezone.localdate(), timezone.now())
    session = login(user).cookies[settings.SESSION_COOKIE_NAME].value
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            base_url=live_server.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(reverse("my-visits"))
        yield page
        # Beside the browser's event loop a test has a connection of its own; left open, it keeps the test database in use.
        connections.close_all()
        browser.close()


def card(page: Page, name: str) -> Any:
    return page.locator("article", has_text=name)


def test_a_tap_without_a_network_waits_on_the_phone_and_counts_once(phone):
    phone.context.set_offline(True)
    card(phone, "老街豆腐坊").get_by_role("button", name="无问题").click()
    phone.get_by_text("1 次督导待上传").wait_for()
    assert card(phone, "老街豆腐坊").get_by_text("已存本机").is_visible()
    assert not Visit.objects.exists()
    phone.context.set_offline(False)
    card(phone, "老街豆腐坊").wait_for(state="detached")
    assert Visit.objects.get().business.name == "老街豆腐坊"
    assert not phone.locator("#visit-queue").is_visible()


def test_a_tap_is_undone_by_the_next(phone):
    card(phone, "老街豆腐坊").get_by_role("button", name="无问题").click()
    card(phone, "老街豆腐坊").get_by_role("button", name="撤销").click()
    card(phone, "老街豆腐坊").get_by_role("button", name="无问题").wait_for()
    assert Visit.objects.get().voided_at is not None


def test_a_problem_survives_a_refresh_and_a_dead_network(phone, tmp_path: Path):
    picture = tmp_path / "现场.jpg"
    Image.new("RGB", (2400, 1600), "tan").save(picture)
    business = Business.objects.get(name="湖东幼儿园食堂")
    card(phone, business.name).get_by_text("记问题").click()
    phone.locator("label[for=item-3-fail]").click()
    phone.locator("[data-visit-submit]").click()
    phone.get_by_text("请选一个常见问题或写说明").wait_for()
    phone.locator("label[for=finding-3-1]").click()
    phone.set_input_files("input[name=photo-3]", picture)
    phone.locator(".visit-thumb").wait_for()
    phone.wait_for_timeout(600)  # the draft is written a quarter of a second after the last change
    phone.reload()
    phone.get_by_text("已恢复上次没提交的内容").wait_for()
    phone.locator(".visit-thumb").wait_for()
    assert phone.locator("[data-visit-submit-words]").inner_text() == "提交督导（1 个问题）"
    phone.context.set_offline(True)
    phone.locator("[data-visit-submit]").click()
    phone.get_by_text("已存本机，联网后自动上传").wait_for()
    assert not Visit.objects.exists()
    phone.context.set_offline(False)
    phone.goto(reverse("my-visits"))
    phone.locator("#my-done", has_text="1").wait_for()
    problem = Problem.objects.get()
    assert (problem.description, problem.visit.business) == ("留样与温度记录：温度未记录", business)
    phone.goto(reverse("visit-new", args=[business.pk]))
    assert not phone.get_by_text("已恢复上次没提交的内容").is_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
