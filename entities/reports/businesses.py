"""What the rows of the register show: names of places, officers in charge, what is owed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from accounts.lists import Places
from entities.choices import BusinessStatus, BusinessType
from entities.hooks import DutyLine, supervision
from entities.models import Assignment, Business
from foodsafe_portal.lib.identifiers import uscc_problem

CATERING_TYPES: Final = frozenset({BusinessType.CATERING, BusinessType.CANTEEN, BusinessType.SMALL_CATERING})
COLUMNS: Final = (
    "id",
    "name",
    "credit_code",
    "licence_no",
    "business_type",
    "region_id",
    "responsibility_grade",
    "risk_grade",
    "credit_grade",
    "catering_grade",
    "high_risk",
    "status",
)


@dataclass(frozen=True, slots=True)
class BusinessRow:
    """One line of the list."""

    id: int
    name: str
    credit_code: str
    credit_code_problem: str
    licence_no: str
    business_type: str
    county: str
    township: str
    responsibility_grade: str
    risk_grade: str
    credit_grade: str
    catering_grade: str | None
    high_risk: bool
    status: str
    officers: tuple[str, ...]
    duty: DutyLine | None

    @property
    def type_word(self) -> str:
        """业态 in the reader's language."""
        return str(BusinessType(self.business_type).label)

    @property
    def status_word(self) -> str:
        """经营状态 in the reader's language."""
        return str(BusinessStatus(self.status).label)


# --- rows ------------------------------------------------------------------------------------------


def business_lines(rows: Sequence[Business], places: Places, day: date) -> tuple[BusinessRow, ...]:
    """Rows with the names of their places, their officers and what they owe: two queries for a page."""
    ids = [row.pk for row in rows]
    officers = officers_of(ids)
    duties = supervision().duties(ids, day) if ids else {}
    return tuple(
        BusinessRow(
            id=row.pk,
            name=row.name,
            credit_code=row.credit_code,
            credit_code_problem=(uscc_problem(row.credit_code) or "") if row.credit_code else "",
            licence_no=row.licence_no,
            business_type=row.business_type,
            county=places.county(row.region_id),
            township=places.township(row.region_id),
            responsibility_grade=row.responsibility_grade,
            risk_grade=row.risk_grade,
            credit_grade=row.credit_grade,
            catering_grade=row.catering_grade if row.business_type in CATERING_TYPES else None,
            high_risk=row.high_risk,
            status=row.status,
            officers=officers.get(row.pk, ()),
            duty=duties.get(row.pk),
        )
        for row in rows
    )


def officers_of(business_ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """The officers in charge of businesses today, the highest level first."""
    order = {"city": 0, "county": 1, "township": 2, "village": 3}
    held = Assignment.objects.active().filter(business_id__in=list(business_ids))
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for business_id, level, name in held.values_list("business_id", "level", "officer__name"):
        found[business_id].append((order.get(level, 9), name))
    return {
        business_id: tuple(name for _level, name in sorted(pairs)) for business_id, pairs in found.items()
    }
