"""What a journey plays on: a small city, people with browsers of their own, and a worker that can be stopped half-way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from accounts.models import User
from foodsafe_portal.lib.weeks import SHANGHAI
from records.models import Job, LedgerBatch
from records.services import jobs

WEDNESDAY = datetime(2026, 11, 18, 9, 0, tzinfo=SHANGHAI)
MONDAY = datetime(2026, 11, 23, 0, 31, tzinfo=SHANGHAI)
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEIGHTS = {1440: 900, 390: 844}
PATIENCE = 30.0


class Stage:
    """The portal under its address, with everybody who opens it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.complaints: list[str] = []

    def visitor(self, width: int = 1440) -> BrowserContext:
        """A browser nobody has signed in with; what its console complains about is kept."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            base_url=self.address,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.clock.install(time=timezone.now())
        return context

    def person(self, username: str, width: int = 1440) -> Page:
        """Somebody of the city, signed in now."""
        user = User.objects.get(username=username)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        cookie = {
            "name": settings.SESSION_COOKIE_NAME,
            "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
            "url": self.address,
        }
        context = self.visitor(width)
        context.add_cookies([cookie])  # type: ignore[list-item]
        return context.new_page()

    def work(self) -> int:
        """Do every job that waits, and those they bring about; how many."""
        done = 0
        while waiting := list(Job.objects.without_live_lease(timezone.now()).values_list("pk", flat=True)):
            for job_id in waiting:
                assert jobs.run(job_id) is not None
            done += len(waiting)
        return done

    def upload(self, page: Page, path: Any, *, kind: str = "businesses") -> LedgerBatch:
        """Drop a file on the ledger page and send it; the batch it became."""
        page.goto(reverse("ledger-home"))
        page.locator(f"label[for=kind-{kind}]").click()
        page.set_input_files("input[name=file]", path)
        page.get_by_role("button", name="上传并检查").click()
        page.locator("#batch").wait_for()
        return LedgerBatch.objects.latest("pk")

    def _console(self, message: ConsoleMessage) -> None:
        """A refused form is answered 422 and a lost race 409: the console says so, and that is no complaint."""
        refused = any(f"status of {status}" in message.text for status in (403, 404, 409, 422))
        if message.type == "error" and not refused:
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")


class HeldWorker(threading.Thread):
    """A worker that comes to a halt in the middle of its job, holding its lease, until it is let go."""

    def __init__(self, job_id: Any) -> None:
        super().__init__(daemon=True)
        self.job_id = job_id
        self.halted, self.let_go = threading.Event(), threading.Event()
        self.job: Job | None = None

    def run(self) -> None:
        """Claim the job and do it."""
        try:
            self.job = jobs.run(self.job_id)
        finally:
            connections.close_all()


@contextmanager
def held(job_id: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldWorker]:
    """A worker standing still after it has reported some of the rows; it goes on when the block ends."""
    worker = HeldWorker(job_id)
    report = jobs.Progress.__call__

    def reported(
        self: jobs.Progress, done: int, total: int, message: str = "", *, force: bool = False
    ) -> None:
        mine = threading.current_thread() is worker
        report(self, done, total, message, force=force or mine)
        if mine and 0 < done < total and not worker.halted.is_set():
            worker.halted.set()
            worker.let_go.wait(PATIENCE)

    with monkeypatch.context() as patched:
        patched.setattr(jobs.Progress, "__call__", reported)
        worker.start()
        try:
            assert worker.halted.wait(PATIENCE), "the worker never reported a part of its rows"
            yield worker
        finally:
            worker.let_go.set()
            worker.join(PATIENCE)
    assert not worker.is_alive()
