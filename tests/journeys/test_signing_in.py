"""The first day of an account: a one-time password, a wrong one, the forced change, two languages, and out again."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page

from accounts.models import User
from records.models import AuditEvent
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OWN = "Shengtang-2026-sy"


def sign_in(page: Page, username: str, password: str) -> None:
    """Fill in the door and press the button."""
    page.goto(reverse("account_login"))
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def heading(page: Page) -> str:
    """The title of a page."""
    return page.locator("h1").first.inner_text().strip()


def test_a_one_time_password_opens_only_the_page_that_changes_it(stage: Stage) -> None:
    liaison = User.objects.get(username="county_liaison")
    admin = stage.person("system_admin")
    admin.goto(reverse("account-detail", args=[liaison.pk]))
    admin.get_by_role("button", name="重置密码").click()
    admin.locator("#ask").get_by_role("button", name="重置密码").click()
    password = admin.locator(".slip-password").inner_text()
    admin.goto(reverse("account-detail", args=[liaison.pk]))
    assert password not in admin.content()

    page = stage.visitor().new_page()
    sign_in(page, "county_liaison", "Cuowu-2026-mima")
    page.get_by_text("用户名或密码").wait_for()
    assert page.url.endswith(reverse("account_login"))
    assert page.locator("input[name=login]").input_value() == "county_liaison"
    sign_in(page, "county_liaison", password)
    page.wait_for_url(f"**{reverse('account_change_password')}*")
    page.goto(reverse("business-list"))
    assert page.url.endswith(reverse("account_change_password"))
    page.locator("input[name=oldpassword]").fill(password)
    page.locator("input[name=password1]").fill("12345678")
    page.locator("input[name=password2]").fill("12345678")
    page.get_by_role("button", name="改密码").click()
    page.locator(".field-error").first.wait_for()
    page.locator("input[name=oldpassword]").fill(password)
    page.locator("input[name=password1]").fill(OWN)
    page.locator("input[name=password2]").fill(OWN)
    page.get_by_role("button", name="改密码").click()
    page.wait_for_url(lambda url: not url.endswith(reverse("account_change_password")))
    page.goto(reverse("business-list"))
    assert heading(page).startswith("经营主体")

    # English and back: the choice is the person's and lasts.
    with translation.override("en"):
        title = gettext("经营主体")
    assert title != "经营主体"
    page.locator("#side").get_by_role("button", name="English").click()
    page.locator("html[lang=en]").wait_for()
    assert heading(page).startswith(title)
    page.goto(reverse("dashboard"))
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator("#side").get_by_role("button", name="中文").click()
    page.locator("html[lang=zh-Hans]").wait_for()

    page.locator("#side").get_by_role("button", name="退出").click()
    page.wait_for_url(f"**{reverse('account_login')}*")
    page.goto(reverse("business-list"))
    assert reverse("account_login") in page.url
    sign_in(page, "county_liaison", password)
    page.get_by_text("用户名或密码").wait_for()
    sign_in(page, "county_liaison", OWN)
    page.wait_for_url(lambda url: reverse("account_login") not in url)
    told = AuditEvent.objects.filter(actor=liaison).order_by("pk").values_list("action", flat=True)
    assert [action for action in told if action in {"login.done", "logout.done"}] == [
        "login.done",
        "logout.done",
        "login.done",
    ]
