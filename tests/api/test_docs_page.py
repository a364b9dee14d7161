"""The Swagger page renders in a browser under the strict content security policy, without the internet."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from tests.factories import make_user


@pytest.fixture
def page() -> Iterator[Page]:
    """A Chromium of its own."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser.new_page()
        # Beside the browser's event loop a test has connections of its own; left open, they keep the test database in use.
        connections.close_all()
        browser.close()


def test_a_stranger_is_sent_to_the_log_in(db):
    assert Client().get("/api/v1/docs/").status_code == 302


@pytest.mark.browser
def test_the_description_renders_without_one_violation_of_the_policy(transactional_db, live_server, page):
    if connection.vendor != "postgresql":
        pytest.skip("a live server beside a test needs PostgreSQL")
    client = Client()
    client.force_login(
        make_user(role="leader", region="9901"), backend="accounts.backends.NameOrMobileBackend"
    )
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.wait_for_selector(".opblock-summary", timeout=15_000)
    page.locator(".opblock-summary", has_text="/api/v1/businesses/").first.click()
    page.wait_for_selector(".opblock-body", timeout=15_000)
    assert [line for line in said if "Content Security Policy" in line or line.startswith("error")] == []
