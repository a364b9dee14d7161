"""Business rules of a supervision visit: page, API, ledger and demonstration accept a visit by this one list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from inspections.rules.breaches import Breach

OLDEST: Final = timedelta(days=366)
"""A visit further back than this is taken for a typing error (campaign default)."""


class VisitFact(NamedTuple):
    """What the rules look at: the visit as told, and what the register knows of it.

    ``bound_since`` is the first day on which the officer is known to have been bound to the business, none where the
    register knows of no binding or nobody told its first day. ``taken`` tells that another visit stands there.
    """

    on: date
    today: date
    officer_name: str
    on_site: bool
    high_risk: bool
    bound_since: date | None
    taken: bool
    in_sight: bool


def business_is_in_sight(visit: VisitFact) -> Breach | None:
    """A person records visits to businesses of the own territory, unit or assignments (contracts, roles)."""
    return None if visit.in_sight else Breach("out_of_sight", "business")


def visit_has_happened(visit: VisitFact) -> Breach | None:
    """A visit is a fact, not a plan: its day has come."""
    return None if visit.on <= visit.today else Breach("future_date", "visited_on", {"on": visit.on})


def visit_is_of_the_last_year(visit: VisitFact) -> Breach | None:
    """A day more than a year back is a typing error (campaign default)."""
    return (
        None if visit.on >= visit.today - OLDEST else Breach("visit_too_old", "visited_on", {"on": visit.on})
    )


def officer_was_bound(visit: VisitFact) -> Breach | None:
    """包保干部 visits the businesses bound to him or her, from the first day of the binding on (三清单: 责任清单, F)."""
    since = visit.bound_since
    if since is None or visit.on >= since:
        return None
    return Breach(
        "before_assignment", "visited_on", {"name": visit.officer_name, "on": visit.on, "since": since}
    )


def high_risk_is_visited_on_site(visit: VisitFact) -> Breach | None:
    """高风险主体必须现场督导: high-risk businesses must be visited on site (F)."""
    return None if visit.on_site or not visit.high_risk else Breach("on_site_required", "mode")


def one_visit_a_day(visit: VisitFact) -> Breach | None:
    """One officer, one business, one day: one visit, however often it is reported (减负, F)."""
    if not visit.taken:
        return None
    return Breach("already_visited", "visited_on", {"name": visit.officer_name, "on": visit.on})


RULES_OF_A_VISIT: Final[tuple[Callable[[VisitFact], Breach | None], ...]] = (
    business_is_in_sight,
    visit_has_happened,
    visit_is_of_the_last_year,
    officer_was_bound,
    high_risk_is_visited_on_site,
    one_visit_a_day,
)
