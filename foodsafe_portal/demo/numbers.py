"""Credit codes and licence numbers nobody has: right check digits, serial numbers of a space of their own."""

from __future__ import annotations

from typing import Final

from entities.choices import BusinessType
from foodsafe_portal.lib.identifiers import USCC_ALPHABET, make_licence, make_uscc

# Serial numbers of licences per county: the demonstration city begins here, written ledgers above (see ledger_writer).
CITY_SERIALS: Final = 100_000
CITY_MARK: Final = "8D"

_KIND_OF_LICENCE: Final = {BusinessType.SALES: "1", BusinessType.SMALL_SHOP: "1", BusinessType.CANTEEN: "3"}
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def licence(business_type: str, county: str, serial: int) -> str:
    """A licence number: 业态, county and serial for JY; 类别, county and serial for SC; then the check digit."""
    if business_type == BusinessType.PRODUCTION:
        return make_licence("SC", f"1{serial // 10_000:02d}{county}{serial % 10_000:04d}")
    return make_licence("JY", f"{_KIND_OF_LICENCE.get(BusinessType(business_type), '2')}{county}{serial:06d}")


def credit_code(kind: str, county: str, index: int, mark: str = CITY_MARK) -> str:
    """A unified credit code of ``kind`` (91 company, 92 trader, 12 public institution); ``mark`` keeps spaces apart."""
    digits = ""
    for _ in range(4):
        index, rest = divmod(index, 31)
        digits += USCC_ALPHABET[rest]
    body = f"MA{digits}{mark}"
    return make_uscc(f"{kind}{county}{body}{_organisation_check(body)}")


def _organisation_check(body: str) -> str:
    """The check character of the organisation part (GB 11714-1997)."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    value = 11 - total % 11
    return "X" if value == 10 else "0" if value == 11 else str(value)


def phone(area: int, serial: int) -> str:
    """A mobile number by district and serial, so that no two people share one."""
    return f"199{area % 100:02d}{serial % 1_000_000:06d}"
