"""What this room exports: its ledgers, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import QueryDict

from accounts.ledgers.people import AccountsKind
from accounts.ledgers.regions import RegionsKind
from accounts.ledgers.units import UnitsKind
from accounts.ledgers.workdays import WorkdaysKind
from accounts.models import User
from accounts.reports import accounts_shown
from accounts.rules.rights import Permission
from foodsafe_portal.lib.exports import ExportKind, register_export
from records.ledgers import LedgerKind, kind_of


def _accounts(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    """The posts of the accounts on the page, one row each; never a password."""
    kind = kind_of(AccountsKind.key)
    shown = accounts_shown(user, params).values("pk")
    return kind.export_rows(kind.export_queryset(user).filter(user__in=shown))


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
