"""Every main page, as a role that uses it and at both widths: axe finds nothing serious or critical."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from accounts.navigation import navigation
from accounts.rules.rights import Role
from campaigns.models import WeeklyReport
from entities.models import Assignment, Business
from inspections.models import Problem, Visit
from tests.journeys.stage import HEIGHTS, Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

VIOLATIONS = {"resultTypes": ["violations"]}


def tour() -> Iterator[tuple[str, list[str]]]:
    """Roles and the main pages that each is the first to use; then the pages of single things."""
    seen: set[str] = set()
    for role in Role:
        user = User.objects.get(username=str(role))
        doors = [str(item["url"]) for group in navigation(user, "") for item in group["items"]]
        fresh = [url for url in doors if url not in seen]
        seen |= set(fresh)
        if fresh:
            yield str(role), fresh
    report = WeeklyReport.objects.latest("week")
    bound = Assignment.objects.filter(officer__user__username="officer").first()
    assert bound is not None
    yield "officer", [reverse("visit-new", args=[bound.business_id])]
    yield (
        "campaign_office",
        [
            reverse("business-detail", args=[Business.objects.earliest("pk").pk]),
            reverse("officer-detail", args=[bound.officer_id]),
            reverse("visit-detail", args=[Visit.objects.latest("pk").pk]),
            reverse("problem-detail", args=[Problem.objects.filter(state="submitted").earliest("pk").pk]),
            reverse("problem-new"),
            f"{reverse('problem-list')}?view=board",
            reverse("report-detail", args=[report.pk]),
            reverse("figure-list", args=[report.pk, "visits", "city", "9901", "done"]),
            reverse("account_change_password"),
        ],
    )


def found(page: Page, url: str) -> list[str]:
    """What axe calls serious or critical on one page at each width, and where it has to be pushed sideways."""
    wrong: list[str] = []
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        if width == next(iter(HEIGHTS)):
            answer = page.goto(url)
            assert answer is not None and answer.status == 200, url
        violations: list[dict[str, Any]] = Axe().run(page, options=VIOLATIONS).response["violations"]
        wrong += [
            f"{url} at {width}: {one['id']} ({one['impact']}): "
            + "; ".join(str(node["html"])[:160] for node in one["nodes"][:3])
            for one in violations
            if one["impact"] in {"serious", "critical"}
        ]
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        wrong += [f"{url} at {width} scrolls sideways by {sideways}"] if sideways > 0 else []
    return wrong


def test_no_main_page_shuts_anybody_out(stage: Stage) -> None:
    wrong = found(stage.visitor().new_page(), reverse("account_login"))
    for username, pages in tour():
        page = stage.person(username)
        for url in pages:
            wrong += found(page, url)
        page.context.close()
    assert wrong == [], "\n".join(wrong)
