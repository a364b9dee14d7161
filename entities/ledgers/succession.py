"""Refuses rows by which a successor would wipe out the term of the officer before."""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol

from django.utils.translation import gettext_noop

from entities.services.rules import NewBond, NotBeforeThePredecessor
from records.ledgers import Rows
from records.ledgers.codes import name_code

RULE: Final = NotBeforeThePredecessor
name_code(RULE.code, gettext_noop("接任早于前任的包保起始"))


class Held(Protocol):
    """An assignment of the register that has no end."""

    @property
    def officer__name(self) -> str: ...

    @property
    def valid_from(self) -> date: ...


def refuse_early(rows: Rows, index: int, since: date, active: Held) -> None:
    """Refuse a row that binds somebody else from a day before the officer at work began."""
    bond = NewBond(None, None, since, since, active.valid_from)
    if RULE.refusal(bond) is not None:
        said = (
            f"{since} 早于现任“{active.officer__name}”的包保起始 {active.valid_from}，接任不能早于前任；"
            "请核对“包保起始”，前任登记有误的请先更正前任"
        )
        rows.error(index, RULE.column, RULE.code, said)
