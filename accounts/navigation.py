"""The navigation: which doors a person is shown, by permission."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rules.rights import Permission as P
from foodsafe_portal.lib.badges import badges_of


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation."""

    label: Any
    url_name: str
    icon: str
    permission: P


GROUPS: tuple[tuple[Any, tuple[Door, ...]], ...] = (
    (
        "",
        (
            Door(_("我的督导"), "my-visits", "map-pin", P.MY_VISITS),
            Door(_("本周总览"), "dashboard", "home", P.VIEW_DASHBOARD),
            Door(_("得分与失分"), "clause-list", "chart-bar", P.VIEW_RULEBOOK),
            Door(_("任务清单"), "task-list", "list-check", P.VIEW_TASKS),
        ),
    ),
    (
        _("日常"),
        (
            Door(_("问题整改"), "problem-list", "flag", P.VIEW_PROBLEMS),
            Door(_("督导任务"), "duty-list", "map-pin", P.VIEW_VISITS),
            Door(_("督导记录"), "visit-list", "clipboard-check", P.VIEW_VISITS),
            Door(_("经营主体"), "business-list", "building-store", P.VIEW_BUSINESSES),
            Door(_("包保干部"), "officer-list", "users", P.VIEW_OFFICERS),
            Door(_("状态与定级审核"), "change-list", "checks", P.REVIEW_STATUS),
            Door(_("疑似重复"), "duplicate-list", "arrows-join", P.REVIEW_DUPLICATES),
        ),
    ),
    (
        _("数据"),
        (
            Door(_("台账导入"), "ledger-home", "table-import", P.IMPORT_LEDGER),
            Door(_("周报"), "report-list", "file-text", P.VIEW_DASHBOARD),
            Door(_("创建组织"), "campaign-home", "sitemap", P.VIEW_TASKS),
        ),
    ),
    (
        _("管理"),
        (
            Door(_("账号与岗位"), "account-list", "id-badge-2", P.VIEW_ACCOUNTS),
            Door(_("后台任务"), "job-list", "loader", P.VIEW_JOBS),
            Door(_("审计记录"), "trail", "shield-check", P.VIEW_TRAIL),
            Door(_("后台"), "admin:index", "settings", P.USE_ADMIN),
        ),
    ),
)


def _beside(badges: Any, url_name: str) -> str:
    return str(badges.get(url_name, ""))


def navigation(user: User, path: str) -> list[dict[str, Any]]:
    """The groups of doors this person is shown; the one whose address the page starts with is active."""
    shown: list[dict[str, Any]] = []
    best: tuple[int, dict[str, Any]] | None = None
    names = [door.url_name for _, doors in GROUPS for door in doors if user.can(door.permission)]
    # Counted once, and only where the navigation is drawn.
    badges = SimpleLazyObject(lambda: badges_of(names, user))
    for label, doors in GROUPS:
        items = []
        for door in doors:
            if not user.can(door.permission):
                continue
            url = reverse(door.url_name)
            item = {
                "url": url,
                "icon": door.icon,
                "label": door.label,
                "badge": SimpleLazyObject(partial(_beside, badges, door.url_name)),
                "active": False,
            }
            if path.startswith(url) and (best is None or len(url) > best[0]):
                best = (len(url), item)
            items.append(item)
        if items:
            shown.append({"label": label, "items": items})
    if best is not None:
        best[1]["active"] = True
    return shown


def home_url(user: User) -> str:
    """The page a person lands on after logging in: the first door they are shown."""
    for group in navigation(user, ""):
        return str(group["items"][0]["url"])
    return reverse("account_change_password")
