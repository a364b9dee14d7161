"""Settling the rules of ledgers: from which size a second person approves, and which columns the city keeps."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from records.ledgers import all_kinds
from records.models import ApprovalRule, OwnedColumn
from records.services.rows import RowRefused, remove_row, save_row

CITY_DIGITS = 4
"""How many digits the region code of a city has; longer ones lie below it."""


@transaction.atomic
def save_approval_rule(*, rule: ApprovalRule, kind: str, rows: int, by: Any, seen: str = "") -> ApprovalRule:
    """Set above how many rows of a kind (all kinds when empty) a second person approves. Raises ``RowRefused``."""
    _known(kind)
    return save_row(row=rule, values={"kind": kind, "rows": rows}, by=by, noun="approval_rule", seen=seen)


def remove_approval_rule(*, rule: ApprovalRule, by: Any) -> None:
    """Let the kind be imported by one person again."""
    remove_row(row=rule, by=by, noun="approval_rule")


@transaction.atomic
def save_owned_column(*, owned: OwnedColumn, kind: str, column: str, by: Any, seen: str = "") -> OwnedColumn:
    """Keep a column of a kind to the city. Raises ``RowRefused`` for a column the kind does not have."""
    _known(kind)
    found = next((known for known in all_kinds() if known.key == kind), None)
    if found is None or column not in found.ownable:
        raise RowRefused(_("这种台账没有可由市级管理的列“%(column)s”；请另选一列。") % {"column": column})
    return save_row(row=owned, values={"kind": kind, "column": column}, by=by, noun="owned_column", seen=seen)


def remove_owned_column(*, owned: OwnedColumn, by: Any) -> None:
    """Let counties and townships write the column again."""
    remove_row(row=owned, by=by, noun="owned_column")


def approval_limit(kind: str) -> int | None:
    """How many rows of a kind one person may import alone; None = any number, because nothing has been set."""
    rules = dict(ApprovalRule.objects.filter(kind__in=[kind, ""]).values_list("kind", "rows"))
    return rules.get(kind, rules.get(""))


def locked_columns(kind: str, territory: str) -> frozenset[str]:
    """The columns of a kind that an import for ``territory`` (region code, '' = none) must leave as they are."""
    if len(territory) <= CITY_DIGITS:
        return frozenset()
    return frozenset(OwnedColumn.objects.filter(kind=kind).values_list("column", flat=True))


def _known(kind: str) -> None:
    if kind and kind not in {known.key for known in all_kinds()}:
        raise RowRefused(_("没有“%(kind)s”这种台账；请从列表中选择。") % {"kind": kind})
