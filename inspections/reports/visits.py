"""What the visit list, a visit's page and the visit form show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict

from accounts.models import Unit, User
from accounts.rules.rights import Permission
from entities.models import Assignment, Business, Officer
from foodsafe_portal.lib.formats import period_label
from inspections.choices import Answer, Severity, VisitMode
from inspections.deadlines import Deadlines
from inspections.fulfilment import LEVEL_OF_GRADE
from inspections.models import Checklist, Problem, Visit, VisitDuty
from inspections.rules.deadlines import DeadlineBadge, NoDeadlinePolicy
from inspections.rules.standing import standing
from inspections.services.checklists import checklist_for
from inspections.services.responsibility import responsible_leader, responsible_unit
from inspections.services.visits import void_refusal

DAYS_BACK = 31
"""How far back the form lets a visit be dated; older ones come by ledger."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit as a table shows it."""

    visit: Visit
    place: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One item of the checklist as it was answered."""

    number: int
    text: str
    answer: str
    word: Any


@dataclass(frozen=True, slots=True)
class VisitDetail:
    """Everything on a visit's page."""

    visit: Visit
    answers: Sequence[AnswerLine]
    passed: int
    problems: Sequence[Problem]
    fulfils: Sequence[VisitDuty]
    refusal: str


def visit_detail(user: User, visit: Visit, today: date) -> VisitDetail:
    """The answers, the problems, the duty it fulfilled, and whether this person may take it back."""
    items = list(visit.checklist.items.all()) if visit.checklist else []
    answers = [
        AnswerLine(
            number=item.number,
            text=item.text,
            answer=(answer := visit.answers.get(str(item.number), Answer.PASS.value)),
            word=Answer(answer).label,
        )
        for item in items
    ]
    problems = Problem.objects.visible_to(user).filter(visit=visit, voided_at__isnull=True).order_by("pk")
    return VisitDetail(
        visit=visit,
        answers=answers,
        passed=sum(line.answer == Answer.PASS for line in answers),
        problems=list(problems),
        fulfils=list(VisitDuty.objects.visible_to(user).live().filter(visit=visit)),
        refusal=void_refusal(visit, user, today),
    )


# --- the form ------------------------------------------------------------------------------------


SHOWN_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the form with what was typed at it."""

    number: int
    text: str
    findings: Sequence[str]
    severity: str
    answer: str = Answer.PASS
    chosen: Sequence[str] = ()
    note: str = ""
    fixed: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class VisitForm:
    """What the form needs, before anybody has typed or after a refusal."""

    business: Business
    officers: Sequence[Officer]
    officer: Officer | None
    checklist: Checklist | None
    items: Sequence[ItemLine]
    duty: VisitDuty | None
    badge: DeadlineBadge | None
    deadlines: dict[str, dict[str, Any]]
    unit: Unit | None
    leader: str
    today: date
    on: date
    mode: str = VisitMode.ON_SITE

    answers = Answer.choices
    severities = Severity.choices
    modes = VisitMode.choices

    @property
    def mode_word(self) -> Any:
        """How the visit was made, in words."""
        return VisitMode(self.mode).label

    @property
    def earliest(self) -> date:
        """The oldest day the form offers."""
        return self.today - timedelta(days=DAYS_BACK)

    @property
    def period(self) -> str:
        """The period of the duty in words."""
        return period_label(self.duty.period) if self.duty else ""

    @property
    def shown_items(self) -> Sequence[ItemLine]:
        """The items that are open from the start."""
        return self.items[:SHOWN_AT_ONCE] if len(self.items) > SHOWN_AT_ONCE + 2 else self.items

    @property
    def more_items(self) -> Sequence[ItemLine]:
        """The items one has to open."""
        return self.items[len(self.shown_items) :]


def officers_for(user: User, business: Business) -> list[Officer]:
    """In whose name this person may record a visit: their own officer record, else whoever is bound to the business.

    The officer at the level that fits the grade stands first.
    """
    bound = Assignment.objects.visible_to(user).active().filter(business=business).select_related("officer")
    level = LEVEL_OF_GRADE.get(business.responsibility_grade)
    ordered = sorted(bound, key=lambda one: (one.level != level, one.pk))
    found = list(dict.fromkeys(one.officer for one in ordered))
    mine = [officer for officer in found if officer.user_id == user.pk]
    return mine if mine or not user.can(Permission.EDIT_ASSIGNMENT) else found


def visit_form(user: User, business: Business, today: date) -> VisitForm:
    """The form of one business: checklist, deadlines by severity and day, the duty it would fulfil."""
    officers = officers_for(user, business)
    level = officers[0].level if officers else LEVEL_OF_GRADE.get(business.responsibility_grade, "")
    checklist = checklist_for(level, today)
    deadlines = Deadlines()
    live = VisitDuty.objects.visible_to(user).live().in_period_of(today).on(today)
    duty = live.filter(business=business, excluded_on__isnull=True).first()
    items = checklist.items.all() if checklist else ()
    return VisitForm(
        business=business,
        officers=officers,
        officer=officers[0] if officers else None,
        checklist=checklist,
        items=[ItemLine(item.number, item.text, item.findings, item.severity) for item in items],
        duty=duty,
        badge=standing(duty, today, deadlines.calendar).badge if duty else None,
        deadlines=_deadline_table(deadlines, today),
        unit=responsible_unit(business.region_id),
        leader=responsible_leader(business),
        today=today,
        on=today,
    )


def typed_again(page: VisitForm, data: QueryDict, errors: Mapping[int, str]) -> VisitForm:
    """The form with what was typed and, at each item, what is missing; photos have to be chosen again."""
    items = [
        replace(
            item,
            answer=data.get(f"item-{item.number}", item.answer),
            chosen=data.getlist(f"finding-{item.number}"),
            note=data.get(f"note-{item.number}", ""),
            severity=data.get(f"severity-{item.number}", item.severity),
            fixed=bool(data.get(f"fixed-{item.number}")),
            error=errors.get(item.number, ""),
        )
        for item in page.items
    ]
    try:
        on = date.fromisoformat(data.get("on", ""))
    except ValueError:
        on = page.today
    mode = data.get("mode", page.mode)
    officer = next((one for one in page.officers if str(one.pk) == data.get("officer")), page.officer)
    return replace(
        page, items=items, on=on, mode=mode if mode in VisitMode.values else page.mode, officer=officer
    )


def _deadline_table(deadlines: Deadlines, today: date) -> dict[str, dict[str, Any]]:
    """Severity → its policy in words and, by day of the visit, the due day: what a phone needs without a network."""
    table: dict[str, dict[str, Any]] = {}
    for severity in Severity.values:
        try:
            now = deadlines.of(severity, today)
        except NoDeadlinePolicy:
            continue
        days: dict[str, list[Any]] = {}
        for back in range(DAYS_BACK + 1):
            day = today - timedelta(days=back)
            try:
                deadline = deadlines.of(severity, day)
            except NoDeadlinePolicy:
                continue
            days[day.isoformat()] = [deadline.due_on.isoformat(), deadline.provisional]
        table[severity] = {
            "days": now.policy.days,
            "unit": now.policy.unit,
            "due_on": now.due_on,
            "provisional": now.provisional,
            "by_day": days,
        }
    return table
