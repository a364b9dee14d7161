"""我的事: what waits for a person by kind, what they asked of others, and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib import waiting
from foodsafe_portal.lib.paging import Page, page_of
from foodsafe_portal.lib.waiting import Counted, Counts, Kind, Line, Step
from records.models import AuditEvent
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

SHOWN: Final = 5
"""How many lines of a kind stand on the page of all kinds."""
ASKED: Final = 4
DONE: Final = 60
"""How many of a person's latest acts are read."""
DONE_DAYS: Final = 7
NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line with how its deadline stands and the steps that are possible on it."""

    kind: Kind
    line: Line
    badge: Mapping[str, Any] | None
    steps: tuple[Step, ...]

    @property
    def key(self) -> str:
        """The line's name on the page."""
        return f"{self.kind.code}-{self.line.pk}"


@dataclass(frozen=True, slots=True)
class Section:
    """One kind with its first lines, oldest due first; ``page`` where it is shown alone."""

    counted: Counted
    heading: str
    lines: Sequence[ShownLine]
    page: Page | None = None

    @property
    def kind(self) -> Kind:
        """The kind."""
        return self.counted.kind

    @property
    def rest(self) -> int:
        """How many more there are."""
        return 0 if self.page else int(self.counted.count) - len(self.lines)


@dataclass(frozen=True, slots=True)
class Did:
    """Several alike acts of one day: when the last one was, what it was called, how many, and of what."""

    at: datetime
    verb: str
    count: int
    what: str
    url: str


@dataclass(frozen=True, slots=True)
class MyWork:
    """Everything the page shows; ``only`` is the kind that is shown alone."""

    counts: Counts
    sections: Sequence[Section]
    asked: Sequence[Section]
    did: Sequence[Did]
    only: Kind | None
    today: date

    @property
    def title(self) -> str:
        """The title of the window."""
        return titled(self.counts)


def titled(counts: Counts) -> str:
    """The page's title: how many things wait, then its name."""
    return f"({counts.total:,}) {_('我的事')}" if counts.total else _("我的事")


def my_work(user: Any, params: QueryDict, today: date) -> MyWork | None:
    """The page; None when the address names a kind that cannot wait for this person. One query counts all kinds."""
    kinds, asked = waiting.kinds_for(user), waiting.kinds_for(user, asked=True)
    code = params.get("kind", "")
    only = next((kind for kind in (*kinds, *asked) if kind.code == code), None)
    if code and only is None:
        return None
    counted = waiting.count(user, today, [*kinds, *asked])
    mine, others = counted.kinds[: len(kinds)], counted.kinds[len(kinds) :]
    calendar = current_calendar()
    if only is not None:
        sections = [_alone(counted.by_code[only.code], user, params, today, calendar)]
    else:
        sections = [_section(one, user, today, calendar, SHOWN) for one in mine if one.count]
    return MyWork(
        counts=Counts(mine),
        sections=sections,
        asked=[_section(one, user, today, calendar, ASKED) for one in others if one.count]
        if not only
        else (),
        did=did(user, today) if not only else (),
        only=only,
        today=today,
    )


def _alone(counted: Counted, user: Any, params: QueryDict, today: date, calendar: WorkCalendar) -> Section:
    kind = counted.kind
    page = page_of(kind.ordered(user, today), params, order=kind.order, total=counted.count)
    lines = shown(kind, page.rows, user, today, calendar)
    return Section(counted, kind.heading(today), lines, page)


def _section(counted: Counted, user: Any, today: date, calendar: WorkCalendar, most: int) -> Section:
    kind = counted.kind
    rows = list(kind.ordered(user, today)[:most])
    return Section(counted, kind.heading(today), shown(kind, rows, user, today, calendar))


def shown(
    kind: Kind, rows: Sequence[Any], user: Any, today: date, calendar: WorkCalendar | None = None
) -> list[ShownLine]:
    """These rows of one kind as lines."""
    calendar = calendar or current_calendar()
    lines = []
    for line in kind.lines(rows, user, today):
        steps = tuple(
            step
            for step in kind.steps
            if user.can(step.permission) and (line.steps is None or step.code in line.steps)
        )
        lines.append(ShownLine(kind, line, _badge(line, today, calendar), steps))
    return lines


def _badge(line: Line, today: date, calendar: WorkCalendar) -> Mapping[str, Any] | None:
    """How the deadline stands in the course of the day: in working days, in days where no working day lies between."""
    due = line.due_on
    if due is None:
        return None
    if due == today:
        return {"kind": "today", "provisional": line.provisional}
    kind = "left" if due > today else "overdue"
    count = abs(calendar.working_days_between(today, due))
    if count:
        return {"kind": kind, "days": count, "provisional": line.provisional}
    return {"kind": kind, "days": abs((due - today).days), "unit": "days", "provisional": line.provisional}


def did(user: Any, today: date) -> list[Did]:
    """What this person did in the last days, from the trail; alike acts of one day are one line."""
    since = timezone.now() - timedelta(days=DONE_DAYS)
    events = AuditEvent.objects.filter(actor=user, at__gte=since, action__in=waiting.told_actions())
    alike = groupby(
        events.order_by("-at", "-pk")[:DONE], key=lambda event: (timezone.localdate(event.at), event.action)
    )
    return [_did(list(group)) for _key, group in alike]


def _did(events: Sequence[AuditEvent]) -> Did:
    first = events[0]
    names = list(_names(events))
    return Did(
        at=first.at,
        verb=waiting.told_action(first.action),
        count=len(events),
        what="，".join(names[:NAMED]) + ("…" if len(names) > NAMED else ""),
        url=waiting.page_of_target(first.target_type, first.target_id) if len(events) == 1 else "",
    )


def _names(events: Iterable[AuditEvent]) -> dict[str, None]:
    return dict.fromkeys(event.target_name for event in events if event.target_name)
