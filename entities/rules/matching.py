"""Natural keys: how a business or an officer of a ledger is recognised in the register."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final, Protocol

from foodsafe_portal.lib import typography

KEY_LENGTH: Final = 200


def plain(text: str) -> str:
    """Text as compared: full-width forms narrowed, letters in capitals, no white space anywhere."""
    return typography.plain(text).upper()


def _key(kind: str, *parts: str) -> str:
    """``kind:part|part``; a key too long for its column ends in a digest of the whole."""
    key = f"{kind}:{'|'.join(parts)}"
    return (
        key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 33]}#{sha256(key.encode()).hexdigest()[:32]}"
    )


def match_key(*, licence_no: str, credit_code: str, premises_address: str, name: str) -> str:
    """A business's natural key: the licence number, else credit code and premises, else name and premises.

    One credit code may own many premises, so a code alone never identifies a business.
    """
    if licence := plain(licence_no):
        return _key("L", licence)
    if code := plain(credit_code):
        return _key("C", code, plain(premises_address))
    return _key("N", plain(name), plain(premises_address))


class Named(Protocol):
    """Whatever says under what a business stands."""

    licence_no: Any
    credit_code: Any
    premises_address: Any
    name: Any


def key_of(said: Named) -> str:
    """The natural key of whatever says under what a business stands."""
    return match_key(
        licence_no=said.licence_no or "",
        credit_code=said.credit_code or "",
        premises_address=said.premises_address or "",
        name=said.name or "",
    )


def officer_key(*, name: str, phone: str, unit_name: str, region: str) -> str:
    """An officer's natural key: name and phone; without a phone name, unit and region code."""
    if number := plain(phone):
        return _key("P", plain(name), number)
    return _key("U", plain(name), plain(unit_name), region)
