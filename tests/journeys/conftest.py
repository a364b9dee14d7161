"""The stage of every journey: a demonstration city on a Wednesday, a server and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import sync_playwright

from accounts.models import User
from foodsafe_portal.demo.load import load_city
from tests.journeys.stage import ARGUMENTS, CHROMIUM, WEDNESDAY, Stage


@pytest.fixture
def city(transactional_db: None, time_machine: Any) -> Any:
    """A small city as of last Sunday, whose people have changed their first password; the clock, which goes on."""
    time_machine.move_to(WEDNESDAY, tick=True)
    load_city(businesses=400, weeks=2, seed=1, until=date(2026, 11, 15), now=WEDNESDAY)
    User.objects.update(must_change_password=False)
    return time_machine


@pytest.fixture
def stage(city: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The portal in a browser; a page that complains in its console fails the journey."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        played = Stage(browser, live_server.url)
        yield played
        # Beside the browser's event loop a test has connections of its own; left open, they keep the test database in use.
        connections.close_all()
        browser.close()
    assert played.complaints == []
