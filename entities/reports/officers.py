"""The officer list and one officer's file: their businesses, pledges and visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Q
from django.http import QueryDict

from accounts.lists import Places, names_of
from accounts.models import User
from accounts.rules.rights import Permission
from entities.hooks import DutyLine, supervision
from entities.models import Assignment, Business, Officer, Pledge
from foodsafe_portal.lib.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class OfficerRow:
    """One line of the officer list."""

    officer: Officer
    county: str
    township: str
    businesses: int
    unpledged: int
    pledged_on: date | None


def officer_lines(officers: Sequence[Officer], places: Places) -> tuple[OfficerRow, ...]:
    """Rows with their places, how many businesses they hold and when they last signed: three queries for a page."""
    keys = [officer.pk for officer in officers]
    held = dict(
        Assignment.objects.active()
        .filter(officer_id__in=keys)
        .values_list("officer_id")
        .annotate(Count("pk"))
    )
    owed = dict(
        Assignment.objects.active()
        .unpledged()
        .filter(officer_id__in=keys)
        .values_list("officer_id")
        .annotate(Count("pk"))
    )
    pledged = dict(
        Pledge.objects.filter(officer_id__in=keys).values_list("officer_id").annotate(Max("signed_on"))
    )
    return tuple(
        OfficerRow(
            officer=officer,
            county=places.county(officer.region_id),
            township=places.township(officer.region_id),
            businesses=held.get(officer.pk, 0),
            unpledged=owed.get(officer.pk, 0),
            pledged_on=pledged.get(officer.pk),
        )
        for officer in officers
    )


# --- one officer -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldBusiness:
    """A business in an officer's charge, with what it owes now."""

    assignment: Assignment
    duty: DutyLine | None


@dataclass(frozen=True, slots=True)
class OfficerFile:
    """Everything the page of one officer shows."""

    officer: Officer
    county: str
    township: str
    held: int
    page: Page
    businesses: tuple[HeldBusiness, ...]
    former: int
    unpledged: int
    pledges: tuple[Pledge, ...]
    period: str
    visits_made: int
    still_owing: int
    shows_phone: bool


def officer_file(officer: Officer, viewer: User, params: QueryDict, day: date) -> OfficerFile:
    """One officer with the businesses in their charge that ``viewer`` may see."""
    assignments = Assignment.objects.visible_to(viewer).filter(officer=officer, voided_at__isnull=True)
    active = assignments.active()
    page = page_of(active.select_related("business"), params, order="-id", exact=True)
    held = list(page.rows)
    duties = supervision().duties([each.business_id for each in held], day) if held else {}
    made, owing = supervision().of_officer(officer.pk, day)
    places = names_of({officer.region_id[:6], officer.region_id[:9]})
    return OfficerFile(
        officer=officer,
        county=places.get(officer.region_id[:6], ""),
        township=places.get(officer.region_id[:9], "") if len(officer.region_id) > 6 else "",
        held=page.total,
        page=page,
        businesses=tuple(HeldBusiness(each, duties.get(each.business_id)) for each in held),
        former=assignments.exclude(valid_to__isnull=True).count(),
        unpledged=active.unpledged().count(),
        pledges=tuple(
            Pledge.objects.filter(officer=officer)
            .filter(Q(business__isnull=True) | Q(business__in=Business.objects.visible_to(viewer)))
            .select_related("business")[:20]
        ),
        period=supervision().period_label(day),
        visits_made=made,
        still_owing=owing,
        shows_phone=viewer.can(Permission.EDIT_ASSIGNMENT),
    )
