"""The navigation: which doors a person is shown, by permission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
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


def _doors_of(user: User) -> list[tuple[Any, list[Door]]]:
    """The doors this person is shown, by group; groups without any are left out."""
    open_doors = ((label, [door for door in doors if user.can(door.permission)]) for label, doors in GROUPS)
    return [(label, doors) for label, doors in open_doors if doors]


def navigation(user: User, path: str) -> list[dict[str, Any]]:
    """The groups of doors this person is shown, with what waits behind them; the one whose address the page starts with is active."""
    groups = _doors_of(user)
    urls = {door.url_name: reverse(door.url_name) for _, doors in groups for door in doors}
    active = max((url for url in urls.values() if path.startswith(url)), key=len, default=None)
    badges = badges_of(urls, user)
    return [
        {
            "label": label,
            "items": [
                {
                    "url": urls[door.url_name],
                    "icon": door.icon,
                    "label": door.label,
                    "badge": badges.get(door.url_name, ""),
                    "active": urls[door.url_name] == active,
                }
                for door in doors
            ],
        }
        for label, doors in groups
    ]


def home_url(user: User) -> str:
    """The page a person lands on after logging in: the first door they are shown."""
    groups = _doors_of(user)
    return reverse(groups[0][1][0].url_name if groups else "account_change_password")
