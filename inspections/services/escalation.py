"""Take the steps of escalation that are due, stop those that were answered, and decide what the portal only proposes.

A day's run is one transaction under one lock: a worker that dies leaves nothing behind, and the next run takes every step that is
missing. A step is unique per rule, object, recipient and due day, so no run takes one twice. An object climbs one rung a day at
most; days on which nothing ran are caught up in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.rules.rights import Role
from accounts.services.contacts import Contacts
from foodsafe_portal.lib.bulk import insert, lock_name
from inspections.choices import EscalationState, EscalationTo
from inspections.errors import InspectionRefused
from inspections.models import EscalationRule, EscalationRun, EscalationStep
from inspections.rules.escalation import Edition, Rung, days_to_run, ladder_on, latest_due
from inspections.services.overdue_things import Facts, OverdueThing, all_overdue_things, handlers_of
from inspections.services.policies import PolicyRefused
from records.rules.workdays import WorkCalendar
from records.services import audit
from records.services.calendar import current_calendar
from records.services.notify import Message, notify
from records.services.rows import save_row

INBOX: Final = "inbox"
_CHUNK: Final = 20_000


class EscalationRefused(InspectionRefused):
    """A decision or a rule that cannot be recorded as asked."""


class DecidedByAnother(EscalationRefused):
    """Somebody has decided it, or it has been answered in the meantime."""

    def __init__(self) -> None:
        super().__init__(_("这项措施刚被别人处理过，或事项已经办结；请看最新的状态。"))


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken: towards ``to`` (a user's key, None for a proposal)."""

    rule: str
    object: str
    to: int | None


@dataclass(slots=True)
class Outcome:
    """What a run did: the steps, how many messages went to inboxes, and how many steps stopped because they were answered."""

    steps: list[Taken] = field(default_factory=list)
    sent: int = 0
    stopped: int = 0

    def as_document(self) -> dict[str, Any]:
        """The answer of ``escalate --json``."""
        people = get_user_model().objects.in_bulk(list({one.to for one in self.steps if one.to}))
        return {
            "steps": [
                {
                    "rule": one.rule,
                    "object": one.object,
                    "to": people[one.to].get_username() if one.to in people else "",
                    "channel": INBOX,
                }
                for one in self.steps
            ],
            "sent": self.sent,
            "stopped": self.stopped,
        }


def escalate(*, on: date) -> Outcome:
    """Take and stop every step due on ``on`` and on the days since the last run; twice changes nothing the second time."""
    outcome = Outcome()
    for day in days_to_run(on, EscalationRun.objects.values_list("day", flat=True)):
        _run_day(day, outcome)
    return outcome


@transaction.atomic
def _run_day(day: date, outcome: Outcome) -> None:
    lock_name("escalation")
    now, calendar = timezone.now(), current_calendar()
    sent, stopped = 0, 0
    for thing in all_overdue_things():
        stopped += _stop_answered(thing, day)
    if calendar.is_workday(day):
        contacts, editions = Contacts(day), _editions()
        for thing in all_overdue_things():
            for rung in ladder_on(day, thing.key, editions):
                sent += _take(thing, rung, day, now, calendar, contacts, outcome.steps)
    EscalationRun.objects.update_or_create(
        day=day,
        defaults={"finished_at": now},
        create_defaults={"finished_at": now, "sent": sent, "stopped": stopped},
    )
    if sent or stopped:
        audit.record(
            by=None,
            action="escalation.ran",
            target_type="inspections.escalationrun",
            target_id=str(day),
            target_name=str(day),
            after={"sent": sent, "stopped": stopped},
        )
    outcome.sent += sent
    outcome.stopped += stopped


def _editions() -> list[Edition]:
    rows = EscalationRule.objects.values_list(
        "pk", "thing", "step", "effective_from", "grace_days", "to", "paper", "active"
    )
    return [Edition(*row) for row in rows]


def _stop_answered(thing: OverdueThing, day: date) -> int:
    """Steps whose thing no longer waits by that due day: answered, excluded, or given a new day."""
    waits = thing.waiting(day).filter(pk=OuterRef("object_id"), **{thing.due_path: OuterRef("due")})
    running = EscalationStep.objects.running().filter(thing=thing.key)
    return running.exclude(Exists(waits.values("pk"))).update(state=EscalationState.STOPPED, stopped_on=day)


def _take(
    thing: OverdueThing,
    rung: Rung,
    day: date,
    now: datetime,
    calendar: WorkCalendar,
    contacts: Contacts,
    taken: list[Taken],
) -> int:
    """Take one rung for everything that has been late long enough; returns how many messages went out."""
    edition = rung.edition
    rows = thing.waiting(day).filter(**{f"{thing.due_path}__lte": latest_due(day, edition.grace, calendar)})
    same = EscalationStep.objects.filter(
        thing=thing.key, object_id=OuterRef("pk"), due=OuterRef(thing.due_path)
    )
    rows = rows.exclude(Exists(same.filter(step=edition.step)))
    if rung.before:
        rows = rows.filter(Exists(same.filter(step=rung.before, stepped_on__lt=day)))
    steps: list[tuple[Facts, int | None]] = []
    for facts in thing.facts(rows):
        people: Sequence[int | None] = [None] if rung.proposed else _recipients(edition.to, facts, contacts)
        steps.extend((facts, person) for person in people or [None])
    for start in range(0, len(steps), _CHUNK):
        _insert(thing, rung, steps[start : start + _CHUNK], day, now)
    taken.extend(Taken(f"{thing.key}.{edition.step}", facts.name, person) for facts, person in steps)
    return notify(messages=_messages(thing, rung, steps, day, contacts), at=now)


def _recipients(to: str, facts: Facts, contacts: Contacts) -> tuple[int, ...]:
    match to:
        case EscalationTo.COUNTY:
            return contacts.first_of(facts.region, (Role.COUNTY_LIAISON, Role.CAMPAIGN_OFFICE))
        case EscalationTo.OFFICE:
            return contacts.around(Role.CAMPAIGN_OFFICE, facts.region)
        case EscalationTo.LEADER:
            return contacts.first_of(facts.region, (Role.LEADER, Role.CAMPAIGN_OFFICE))
    return handlers_of(facts, contacts)


def _insert(
    thing: OverdueThing, rung: Rung, steps: Sequence[tuple[Facts, int | None]], day: date, now: datetime
) -> None:
    count = len(steps)
    insert(
        EscalationStep,
        {
            "rule_id": [rung.edition.key] * count,
            "thing": [thing.key] * count,
            "step": [rung.edition.step] * count,
            "object_id": [facts.pk for facts, _person in steps],
            "page_id": [facts.page for facts, _person in steps],
            "object_name": [facts.name[:200] for facts, _person in steps],
            "region_id": [facts.region for facts, _person in steps],
            "unit_id": [facts.unit_id for facts, _person in steps],
            "recipient_id": [person for _facts, person in steps],
            "due": [facts.due for facts, _person in steps],
            "stepped_on": [day] * count,
            "recorded_at": [now] * count,
            "state": [EscalationState.PROPOSED if rung.proposed else EscalationState.SENT] * count,
            "reason": [""] * count,
            "outcome": [""] * count,
        },
        ignore_conflicts=True,
    )


def _messages(
    thing: OverdueThing, rung: Rung, steps: Sequence[tuple[Facts, int | None]], day: date, contacts: Contacts
) -> list[Message]:
    """One message per person: about the thing itself where it is one, else about the list of them."""
    mine: dict[int, list[Facts]] = defaultdict(list)
    for facts, person in steps:
        deciding = contacts.around(Role.LEADER, facts.region) if rung.proposed else ()
        for one in (person,) if person else deciding:
            mine[one].append(facts)
    words = EscalationStep(step=rung.edition.step).get_step_display()
    page = f"{reverse('escalation-list')}?thing={thing.key}&step={rung.edition.step}"
    return [
        Message(
            rule=f"{thing.key}.{rung.edition.step}",
            target_type="inspections.escalationstep",
            target_id=f"{thing.key} {told[0].pk}" if len(told) == 1 else thing.key,
            target_name=told[0].name if len(told) == 1 else str(thing.title),
            recipient_id=one,
            due=day,
            sentence=_sentence(thing, str(words), told),
            url=thing.address(told[0].page) if len(told) == 1 and not rung.proposed else page,
        )
        for one, told in mine.items()
    ]


def _sentence(thing: OverdueThing, words: str, told: Sequence[Facts]) -> str:
    if len(told) == 1:
        return _("%(step)s：%(thing)s“%(name)s”期限 %(due)s，已逾期。") % {
            "step": words,
            "thing": thing.title,
            "name": told[0].name,
            "due": told[0].due,
        }
    return _("%(step)s：有 %(n)s %(unit)s%(thing)s已逾期，最早的期限 %(due)s。") % {
        "step": words,
        "n": len(told),
        "unit": thing.unit,
        "thing": thing.title,
        "due": min(one.due for one in told),
    }


@transaction.atomic
def decide_step(
    *, step: EscalationStep, approve: bool, reason: str, by: Any, on: date | None = None
) -> EscalationStep:
    """Decide an interview or an accountability the portal has proposed. Raises ``EscalationRefused`` without a reason."""
    words = reason.strip()
    if not words:
        raise EscalationRefused(_("请写明同意或不采取的理由。"))
    state = EscalationState.APPROVED if approve else EscalationState.DECLINED
    decided = (
        EscalationStep.objects.proposed()
        .filter(pk=step.pk)
        .update(state=state, reason=words[:300], decided_by=by, decided_on=on or timezone.localdate())
    )
    if not decided:
        raise DecidedByAnother
    step.refresh_from_db()
    audit.record(by=by, action=f"escalation.{state}", target=step, reason=words)
    return step


@transaction.atomic
def record_outcome(*, step: EscalationStep, held_on: date, outcome: str, by: Any) -> EscalationStep:
    """Record on which day an approved interview or accountability took place and what came of it."""
    words = outcome.strip()
    if not words:
        raise EscalationRefused(_("请写明结果。"))
    held = EscalationStep.objects.filter(pk=step.pk, state=EscalationState.APPROVED, held_on__isnull=True)
    if not held.update(held_on=held_on, outcome=words[:500]):
        raise DecidedByAnother
    step.refresh_from_db()
    audit.record(
        by=by, action="escalation.held", target=step, after={"held_on": str(held_on), "outcome": words}
    )
    return step


@transaction.atomic
def save_escalation_rule(
    *,
    thing: str,
    step: str,
    effective_from: date,
    grace_days: int,
    to: str,
    paper: str,
    active: bool,
    source: str,
    by: Any,
) -> EscalationRule:
    """Enter how a rung stands from a day to come. Raises ``PolicyRefused`` or ``RowRefused``."""
    if effective_from < timezone.localdate():
        raise PolicyRefused(
            _("生效日期 %(effective_from)s 已经过去；规则不溯及既往，请填今天或以后的日期。")
            % {"effective_from": effective_from}
        )
    if not source.strip():
        raise PolicyRefused(_("请写明依据（文件名称和条款，或“本市规定”）。"))
    if grace_days < 1:
        raise PolicyRefused(_("逾期工作日数至少是 1。"))
    values = {
        "thing": thing, "step": step, "effective_from": effective_from, "grace_days": grace_days, "to": to,
        "paper": paper, "active": active, "source": source.strip(),
    }  # fmt: skip
    return save_row(row=EscalationRule(), values=values, by=by, noun="escalation_rule")
