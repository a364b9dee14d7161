"""Load the whole demonstration city in one transaction, or take it away again."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from accounts.models import Region, Unit, User
from campaigns.choices import ReportState
from campaigns.models import Campaign, Reading, Rulebook
from campaigns.services.weeks import close_week, publish_week
from entities.models import Assignment, Business, GradeChange, Officer, Pledge, StatusChange
from foodsafe_portal.demo import bulk
from foodsafe_portal.demo.businesses import graded_of, load_businesses
from foodsafe_portal.demo.officers import load_officers
from foodsafe_portal.demo.people import Slip, accounts_of, load_people
from foodsafe_portal.demo.places import CITY, load_regions, load_units
from foodsafe_portal.demo.plan import CODE, lead_units, load_campaign
from foodsafe_portal.demo.problem_rows import load_problems
from foodsafe_portal.demo.removal import remove_city
from foodsafe_portal.demo.rulebook import load_readings, load_rulebook
from foodsafe_portal.demo.visits import load_frequency, load_visits
from foodsafe_portal.demo.when import Calendar
from foodsafe_portal.lib.weeks import Week
from inspections.fulfilment import materialise
from inspections.models import (
    Extension,
    Problem,
    ProblemEvent,
    RectificationDuty,
    Referral,
    Revisit,
    Visit,
)
from records.services import audit
from records.services.calendar import current_calendar

log = logging.getLogger(__name__)

FEWEST: Final = 60
MOST: Final = 900_000
MOST_WEEKS: Final = 52

_KEYED_HERE: Final = (
    Unit, Business, StatusChange, GradeChange, Officer, Assignment, Pledge, Visit, Problem, ProblemEvent, Extension, Referral,
    Revisit, RectificationDuty, Reading,
)  # fmt: skip


class CityRefused(Exception):
    """The city cannot be loaded as asked; the sentence says why and what to do."""


@dataclass(slots=True)
class Loaded:
    """What was loaded: counts by table, seconds by step, and the one-time passwords, which are kept nowhere else."""

    until: date
    weeks: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """The answer of ``demo_city --json``."""
        return {
            "loaded": True,
            "campaign": CODE,
            "until": self.until.isoformat(),
            "weeks": list(self.weeks),
            "counts": self.counts,
            "seconds": {step: round(spent, 2) for step, spent in self.seconds.items()},
            "accounts": [
                {"username": s.username, "password": s.password, "role": s.role} for s in self.slips
            ],
        }


def is_loaded() -> bool:
    """Whether the city is there, whole: it is loaded in one transaction."""
    return Campaign.objects.filter(code=CODE).exists()


def is_empty() -> bool:
    """Whether nobody has begun to work in this database."""
    return not any(
        model.objects.exists() for model in (Region, Unit, User, Business, Officer, Campaign, Rulebook)
    )


def last_sunday(now: datetime) -> date:
    """The last day of the newest week that has ended."""
    week = Week.of(now.date())
    return (week if week.has_ended(now) else week.previous()).sunday


class _Watch:
    """Seconds by step, told to the log as they pass."""

    def __init__(self, spent: dict[str, float]) -> None:
        self._spent, self._since = spent, time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self._spent[step], self._since = now - self._since, now
        log.info("demo city: %s %.1f s", step, self._spent[step])


@transaction.atomic
def load_city(
    *, businesses: int, weeks: int, seed: int, until: date, now: datetime, force: bool = False
) -> Loaded:
    """Write the city as it stood at the end of ``until`` and close its last weeks at ``now``.

    Raises ``CityRefused`` for numbers out of range, a day that is not over, or a database that is not empty.
    """
    if not FEWEST <= businesses <= MOST:
        raise CityRefused(f"--businesses 应在 {FEWEST} 到 {MOST:,} 之间，填的是 {businesses:,}。")
    if not 1 <= weeks <= MOST_WEEKS:
        raise CityRefused(f"--weeks 应在 1 到 {MOST_WEEKS} 之间，填的是 {weeks}。")
    if until >= now.date():
        raise CityRefused(f"--until 应是已经过完的日子，{until} 还没有过完；不填就用上一个周日。")
    if not force and not is_empty():
        raise CityRefused(
            "数据库里已有数据，没有加载演示城市；确实要换成演示数据，请加 --force(只删除演示城市自己的数据)。"
        )
    calendar = Calendar(until, weeks, current_calendar())
    loaded = Loaded(until=until, weeks=tuple(map(str, calendar.weeks)))
    watch = _Watch(loaded.seconds)
    if force:
        remove_city()
        watch.lap("remove")
    places = load_regions()
    load_units(places)
    watch.lap("places")
    people, loaded.slips = load_people(places, accounts_of(places, lead_units(), seed), since=calendar.since)
    watch.lap("people")
    shops = load_businesses(places, people, calendar, total=businesses, seed=seed)
    watch.lap("businesses")
    carers = load_officers(places, people, calendar, shops, seed=seed)
    watch.lap("officers")
    load_frequency(calendar)
    visits = load_visits(places, people, calendar, shops, carers, seed=seed)
    watch.lap("visits")
    problems = load_problems(places, people, calendar, visits, total=businesses, seed=seed)
    watch.lap("problems")
    campaign = load_campaign(places, people, calendar, seed=seed)
    load_rulebook(campaign, people)
    load_readings(campaign, people, calendar)
    watch.lap("campaign")
    bulk.reset_sequences(*_KEYED_HERE)
    bulk.analyse()
    for period in calendar.periods:
        materialise(CITY, min(period.end, until), now)
    watch.lap("duties")
    bulk.analyse()
    for week in calendar.weeks:
        report = close_week(campaign=campaign, week=week, by=None, at=now)
        if week != calendar.weeks[-1] and report.state == ReportState.FROZEN:
            publish_week(report=report, by=people["campaign_office"])
    bulk.analyse()
    watch.lap("weeks")
    loaded.counts = {
        "businesses": len(shops),
        "graded": graded_of(businesses),
        "officers": len(carers.everybody()),
        "visits": len(visits),
        "problems": problems,
        "weeks": len(calendar.weeks),
    }
    audit.record(
        by=None,
        action="demo.loaded",
        target=campaign,
        after={"seed": seed, "until": until.isoformat(), **loaded.counts},
    )
    return loaded
