"""What this room exports: its ledgers, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from accounts.ledgers.people import AccountsKind
from accounts.ledgers.regions import RegionsKind
from accounts.ledgers.units import UnitsKind
from accounts.ledgers.workdays import WorkdaysKind
from accounts.models import Post, User
from accounts.reports import accounts_shown
from accounts.rules.rights import Permission
from foodsafe_portal.lib.exports import ExportKind, register_export
from records.ledgers import LedgerKind, kind_of


def _accounts(user: User, params: QueryDict) -> Iterator[Sequence[Any]]:
    """The accounts on the page with the posts they hold today, one row a post; never a password."""
    kind = kind_of(AccountsKind.key)
    shown = accounts_shown(user, params)
    posts = Post.objects.held_on(timezone.localdate()).filter(user__in=shown.values("pk"))
    last = 0
    for row in kind.export_rows(posts.order_by("user__username", "pk")):
        last = row[0]
        yield row
    blank = [""] * (len(AccountsKind.columns) - 4)
    free = shown.exclude(pk__in=posts.values("user_id")).order_by("username")
    for number, account in enumerate(free.values_list("username", "name", "mobile"), last + 1):
        yield [number, *account, *blank]


def _export(found: type[LedgerKind], permission: Permission) -> None:
    """A ledger whose list is the table in the admin: everything the person sees of it."""

    def rows(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
        kind = kind_of(found.key)
        return kind.export_rows(kind.export_queryset(user))

    register_export(ExportKind(found.key, found.title, found.columns, rows, permission))


register_export(
    ExportKind(
        AccountsKind.key, AccountsKind.title, AccountsKind.columns, _accounts, Permission.VIEW_ACCOUNTS
    )
)
_export(UnitsKind, Permission.USE_ADMIN)
_export(RegionsKind, Permission.USE_ADMIN)
_export(WorkdaysKind, Permission.USE_ADMIN)
