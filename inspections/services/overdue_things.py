"""The things that may become overdue: rooms register each once, and reminders by hand and the ladder of escalation follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.rights import Role
from accounts.services.contacts import Contacts
from foodsafe_portal.lib.bulk import among
from inspections.choices import ProblemState
from inspections.models import Problem, VisitDuty
from records.services.notify import Waiting
from records.services.remindable import Remindable, register_remindable

HELPERS: Final = (Role.TOWNSHIP_LIAISON, Role.COUNTY_LIAISON, Role.CAMPAIGN_OFFICE)
"""Who is told in this order where whoever has to act has no account."""
ANSWERED: Final = (
    ProblemState.SUBMITTED, ProblemState.SECOND_CHECK, ProblemState.CLOSED,
    ProblemState.REFERRED, ProblemState.CASE_FILED, ProblemState.CASE_DECLINED, ProblemState.CASE_CLOSED,
)  # fmt: skip
"""States of a problem in which its unit has answered and somebody else has to act."""


class Facts(NamedTuple):
    """What is asked of one thing that waits; ``person_id`` is the account of whoever has to act, where that is one person."""

    pk: int
    due: date
    region: str
    unit_id: int | None
    person_id: int | None
    name: str
    page: int


@dataclass(frozen=True, slots=True)
class OverdueThing:
    """A kind of thing with a due day that somebody has to answer.

    ``open_rows(day)`` are those that still wait for an answer in the course of ``day``; ``columns`` are the paths of the fields of
    ``Facts``, '' for none; ``page`` leads to the key of the page ``url_name``. ``visible(user)`` is ``visible_to``.
    """

    key: str
    title: Any
    unit: Any
    url_name: str
    list_url: str
    visible: Callable[[Any], QuerySet]
    open_rows: Callable[[QuerySet, date], QuerySet]
    everything: Callable[[], QuerySet]
    columns: tuple[str, str, str, str, str, str, str]

    @property
    def due_path(self) -> str:
        """Where the due day stands."""
        return self.columns[1]

    def waiting(self, day: date) -> QuerySet:
        """Everything of this kind that waits for an answer in the course of ``day``."""
        return self.open_rows(self.everything(), day)

    def facts(self, rows: QuerySet) -> Iterator[Facts]:
        """The facts of these rows, by due day; a column the thing does not have is empty."""
        asked = [path for path in self.columns if path]
        for row in rows.order_by(self.due_path, "pk").values_list(*asked).iterator(chunk_size=5_000):
            told = iter(row)
            yield Facts(*((next(told) if path else None) for path in self.columns))  # type: ignore[arg-type]

    def address(self, page: int) -> str:
        """The page of a thing."""
        return reverse(self.url_name, args=[page])


_things: dict[str, OverdueThing] = {}


def register_overdue(thing: OverdueThing) -> None:
    """Let things of this kind be reminded of and escalated."""
    _things[thing.key] = thing
    register_remindable(
        Remindable(
            key=thing.key,
            title=thing.title,
            unit=thing.unit,
            list_url=thing.list_url,
            waiting=lambda user, keys: _to_remind(thing, user, keys),
            sentence=lambda waiting: _sentence(thing, waiting),
        )
    )


def overdue_thing(key: str) -> OverdueThing | None:
    """The kind with this key; None where no room has registered it."""
    return _things.get(key)


def all_overdue_things() -> tuple[OverdueThing, ...]:
    """Every kind, in the order the rooms registered them."""
    return tuple(_things.values())


def handlers_of(facts: Facts, contacts: Contacts) -> tuple[int, ...]:
    """Who has to act: the person, else the unit's liaisons, else the nearest liaison of the place, else the office."""
    if facts.person_id:
        return (facts.person_id,)
    return contacts.of_unit(facts.unit_id) or contacts.first_of(facts.region, HELPERS)


def _to_remind(thing: OverdueThing, user: Any, keys: Sequence[int]) -> list[Waiting]:
    today = timezone.localdate()
    rows = among(thing.open_rows(thing.visible(user), today), "id", keys)
    facts = {one.pk: one for one in thing.facts(rows)}
    contacts = Contacts(today)
    named = thing.everything().select_related().in_bulk(list(facts))
    return [
        Waiting(named[key], handlers_of(one, contacts), thing.address(one.page))
        for key, one in facts.items()
        if key in named
    ]


def _sentence(thing: OverdueThing, waiting: Sequence[Waiting]) -> str:
    if len(waiting) == 1:
        return _("请尽快办理“%(name)s”，并在平台上反馈结果。") % {"name": waiting[0].target}
    return _("请尽快办理名下的%(title)s，并在平台上反馈结果。") % {"title": thing.title}


def _open_duties(rows: Any, day: date) -> QuerySet:
    return rows.live().part("undone", day, running=True)


def _open_problems(rows: Any, day: date) -> QuerySet:
    return rows.open().exclude(state__in=ANSWERED)


register_overdue(
    OverdueThing(
        key="visit",
        title=gettext_lazy("督导任务"),
        unit=gettext_lazy("家"),
        url_name="business-detail",
        list_url="duty-list",
        visible=lambda user: VisitDuty.objects.visible_to(user),
        open_rows=_open_duties,
        everything=VisitDuty.objects.all,
        columns=(
            "pk",
            "due_on",
            "region_id",
            "",
            "officer__user_id",
            "business__name",
            "business_id",
        ),
    )
)
register_overdue(
    OverdueThing(
        key="problem",
        title=gettext_lazy("问题整改"),
        unit=gettext_lazy("个"),
        url_name="problem-detail",
        list_url="problem-list",
        visible=lambda user: Problem.objects.visible_to(user),
        open_rows=_open_problems,
        everything=Problem.objects.all,
        columns=("pk", "due_on", "region_id", "unit_id", "", "code", "id"),
    )
)
