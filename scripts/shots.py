"""Sign in as each role and take a picture of every main page at 1440 and 390 pixels; says what a browser found wrong.

    make shots      -> var/shots/ROLE-PAGE-WIDTH.png

Runs inside .venv on the throw-away services, with a small demonstration city of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from scripts.services import free_port, tie_to_this_process
from scripts.web import web_command

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "var" / "shots"
WIDTHS = {1440: 900, 390: 844}
TALLEST = 12_000
CHROMIUM = "/usr/bin/chromium"
BUSINESSES = os.environ.get("SHOTS_BUSINESSES", "3000")
# The first row's own page, seen from a list.
FIRST_ROW = "main table tbody a[href^='/'], main .list-group a[href^='/']"


@dataclass
class Album:
    """The pictures of one run and what went wrong on the way."""

    address: str
    taken: int = 0
    wrong: list[str] = field(default_factory=list)

    def take(self, page: Page, path: str, name: str) -> None:
        """One picture of one whole page: the window is as tall as the page, so what sticks to its edges stays there."""
        answer = page.goto(self.address + path, wait_until="networkidle")
        status = answer.status if answer else 0
        if status != 200:
            self.wrong.append(f"{name}: {path} answered {status}")
        width = page.evaluate("window.innerWidth")
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(WIDTHS[width], min(height, TALLEST))})
        page.screenshot(path=SHOTS / f"{name}.png")
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        self.taken += 1

    def listen(self, page: Page, who: str) -> None:
        """Note errors in the console, refused styles and scripts among them."""
        page.on("console", lambda message: self.console(who, page, message))
        page.on("pageerror", lambda error: self.heard(who, page, str(error)))

    def console(self, who: str, page: Page, message: ConsoleMessage) -> None:
        """A line in the console; only errors matter."""
        if message.type == "error":
            self.heard(who, page, f"{message.text} ({message.location.get('url', '')})")

    def heard(self, who: str, page: Page, text: str) -> None:
        """An error the browser reported."""
        self.wrong.append(f"{who}: {page.url.removeprefix(self.address)}: {text[:200]}")


def prepare() -> None:
    """A migrated database with a small city whose people need not change their password first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foodsafe_portal.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with Path(os.devnull).open("w") as nowhere:
        call_command("demo_city", businesses=int(BUSINESSES), stdout=nowhere)


def session_of(user: Any) -> dict[str, str]:
    """The session cookie of a signed-in person."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    morsel = client.cookies[settings.SESSION_COOKIE_NAME]
    return {"name": morsel.key, "value": morsel.value}


def people() -> list[tuple[str, dict[str, str], list[str]]]:
    """Role, session cookie and the addresses of the navigation, for one person of each role."""
    from accounts.models import User
    from accounts.navigation import navigation
    from accounts.rules.rights import Role

    found = []
    for role in Role:
        user = User.objects.filter(username=str(role)).first()
        if user is not None:
            User.objects.filter(pk=user.pk).update(must_change_password=False)
            user.refresh_from_db()
            paths = [str(item["url"]) for group in navigation(user, "") for item in group["items"]]
            found.append((str(role), session_of(user), paths))
    return found


def page_name(path: str) -> str:
    """A file name for an address."""
    return path.split("?")[0].strip("/").replace("/", "_") or "home"


def picture_role(browser: Browser, album: Album, role: str, cookie: dict[str, str], paths: list[str]) -> None:
    """All main pages of one role in both widths, with the first row's page of each list."""
    for width, height in WIDTHS.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", is_mobile=width < 600
        )
        context.add_cookies([{**cookie, "url": album.address}])  # type: ignore[typeddict-item]
        page = context.new_page()
        album.listen(page, role)
        for path in paths:
            album.take(page, path, f"{role}-{page_name(path)}-{width}")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
                album.wrong.append(f"{role}: {path} scrolls sideways at {width} px")
            row = page.locator(FIRST_ROW).first
            target = row.get_attribute("href") if row.count() else None
            if target and not path.startswith("/admin"):
                album.take(page, target, f"{role}-{page_name(path)}-first-{width}")
        context.close()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 180  # a busy machine is slow to start
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("The web server for the pictures does not start; see var/shots/web.log.")


def main() -> int:
    """Take all pictures; exit 1 when a page failed or the browser complained."""
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    os.environ["PORTAL_VAR"] = str(ROOT / "var" / "shots-portal")
    prepare()
    roles = people()
    port = free_port()
    album = Album(f"http://127.0.0.1:{port}")
    with (SHOTS / "web.log").open("wb") as log:
        server = subprocess.Popen(
            web_command(port, "--threads", "4"),
            cwd=ROOT,
            stdout=log,
            stderr=log,
            preexec_fn=tie_to_this_process(15),
        )
    try:
        wait_for(album.address, server)
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            for width, height in WIDTHS.items():
                page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
                album.listen(page, "nobody")
                album.take(page, "/login/", f"nobody-login-{width}")
                page.close()
            for role, cookie, paths in roles:
                picture_role(browser, album, role, cookie, paths)
                print(f"{role}: {len(paths)} pages", flush=True)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    for line in dict.fromkeys(album.wrong):
        print(f"! {line}")
    print(f"{album.taken} pictures in {SHOTS.relative_to(ROOT)}/, {len(set(album.wrong))} complaints")
    return 1 if album.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
