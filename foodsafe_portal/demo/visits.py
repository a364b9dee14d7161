"""Supervision visits of the demonstration city: how often is asked, who went when, and what was found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from entities.choices import Source
from foodsafe_portal.demo.bulk import insert, next_id
from foodsafe_portal.demo.businesses import Shop
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.officers import Carer, Carers
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.places import Places
from foodsafe_portal.demo.when import Calendar
from foodsafe_portal.lib.periods import Period
from inspections.choices import DueMode, PeriodKind, VisitMode
from inspections.models import Checklist, FrequencyPolicy, Visit
from inspections.rules.duties import day_for, staggered_days

DEMO_POLICY: Final = "演示口径：每季一次，到期日错峰(非官方规定)"

# County by county: the share of due visits that miss their day, and how much people wait for it (the bigger, the later).
# Invented so that the counties differ: the first three lag behind, the last one leads.
PACE: Final = (
    (0.27, 2.1), (0.23, 1.8), (0.21, 1.8), (0.095, 1.4), (0.115, 1.6), (0.17, 1.7), (0.12, 1.5), (0.09, 1.4),
    (0.13, 1.6), (0.10, 1.4), (0.05, 1.1),
)  # fmt: skip
# Grades A and B are visited soon after the quarter begins, whatever the county.
_EAGER: Final = {"A": 0.08, "B": 0.16}
_LATE_DAYS: Final = 5.0
_PROBLEMS: Final = 0.06


@dataclass(slots=True)
class Made:
    """One visit that was made; ``finding`` is the number of a checklist item and the words for what was wrong."""

    id: int
    shop: Shop
    carer: Carer
    on: date
    mode: str
    recorded_at: datetime
    finding: tuple[int, str, str, str] | None = None


def load_frequency(calendar: Calendar) -> None:
    """The demonstration's own edition of how often a business is visited, labelled as such."""
    FrequencyPolicy.objects.bulk_create(
        FrequencyPolicy(
            grade=grade, effective_from=calendar.since, times=1, per=PeriodKind.QUARTER, due_mode=DueMode.STAGGERED,
            source=DEMO_POLICY,
        )
        for grade in "ABCD"
    )  # fmt: skip


def load_visits(
    places: Places, people: People, calendar: Calendar, shops: list[Shop], carers: Carers, *, seed: int
) -> list[Made]:
    """Write the visits of every period touched, up to the last day."""
    random = dice(seed, "visits")
    made: list[Made] = []
    key = next_id(Visit)
    for period in calendar.periods:
        for visit in _Round(period, calendar, places, random).visits(shops, carers):
            visit.id = key + len(made)
            made.append(visit)
    made.sort(key=lambda visit: (visit.recorded_at, visit.id))
    lists = dict(Checklist.objects.order_by("effective_from").values_list("level", "pk"))
    items = _items(lists)
    for number, visit in enumerate(made):
        visit.id = key + number
        if items.get(visit.carer.level) and random.random() < _PROBLEMS:
            visit.finding = random.choice(items[visit.carer.level])
    insert(Visit, _COLUMNS, _rows(made, lists, places, people, random))
    return made


class _Round:
    """One period's visits: each business has its due day; most go before it, some after, a few not at all."""

    def __init__(self, period: Period, calendar: Calendar, places: Places, random: Random) -> None:
        self.period, self.calendar, self.random = period, calendar, random
        self.days = calendar.work.working_days(period.start, period.end)
        self.due_days = staggered_days(period, calendar.work)
        self.pace = dict(zip(places.counties, PACE, strict=False))

    def visits(self, shops: list[Shop], carers: Carers) -> Iterator[Made]:
        for shop in shops:
            if not shop.grade:
                continue
            day = self._day(shop)
            if day is None or day > self.calendar.until or (shop.left_on and day >= shop.left_on):
                continue
            mode = VisitMode.ON_SITE
            if not shop.high_risk and self.random.random() > 0.93:
                mode = VisitMode.GROUP
            yield Made(0, shop, carers.responsible(shop, day), day, str(mode), self._recorded(day))

    def _day(self, shop: Shop) -> date | None:
        random = self.random
        due = bisect_right(self.days, day_for(shop.key, self.due_days)) - 1
        missing, waiting = self.pace.get(shop.county, (0.12, 1.5))
        grade = shop.grade_on(self.period.end)
        waiting = _EAGER.get(grade, waiting)
        if random.random() < missing * (0.4 if grade in _EAGER else 1.0):
            at = due + 1 + int(random.expovariate(1 / _LATE_DAYS))
        else:
            at = int((due + 1) * random.random() ** (1 / waiting))
        return self.days[at] if at < len(self.days) else None

    def _recorded(self, day: date) -> datetime:
        """The same evening, or one of the next two days when the ledger came in."""
        entered = min(day + timedelta(days=self.random.choice((0, 0, 0, 1, 2))), self.calendar.until)
        return self.calendar.at(entered, 19, self.random.randint(0, 59))


def _items(lists: dict[str, int]) -> dict[str, list[tuple[int, str, str, str]]]:
    """(number, item, severity, finding) of every checklist by level."""
    found: dict[str, list[tuple[int, str, str, str]]] = {}
    for checklist in Checklist.objects.filter(pk__in=lists.values()).prefetch_related("items"):
        found[checklist.level] = [
            (item.number, item.text, item.severity, words)
            for item in checklist.items.all()
            for words in item.findings
        ]
    return found


_COLUMNS: Final = (
    "id", "client_uuid", "business_id", "region_id", "grade", "officer_id", "officer_name", "officer_level", "visited_on",
    "mode", "checklist_id", "answers", "problem_count", "finding", "remedy", "national_record_no", "source", "batch_id",
    "recorded_by_id", "recorded_at", "voided_at", "void_reason",
)  # fmt: skip


def _rows(
    made: list[Made], lists: dict[str, int], places: Places, people: People, random: Random
) -> Iterator[tuple[object, ...]]:
    account = people["officer"].pk
    liaisons = {county: people.of_county("county_liaison", places, county).pk for county in places.counties}
    for visit in made:
        shop, carer = visit.shop, visit.carer
        answers, finding = {}, ""
        if visit.finding:
            number, item, _, words = visit.finding
            answers, finding = {str(number): "fail"}, f"{item}:{words}"
        yield (
            visit.id, UUID(int=random.getrandbits(128), version=4), shop.id, shop.village, shop.grade_on(visit.on), carer.id,
            carer.name, str(carer.level), visit.on, visit.mode, lists.get(carer.level), answers, len(answers), finding, "",
            None, str(Source.DEMO), None, account if carer.user else liaisons[shop.county], visit.recorded_at, None, "",
        )  # fmt: skip
