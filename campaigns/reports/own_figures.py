"""What pages of one unit or one place share: the frozen week they speak of, its weeks, people, tasks and overdue problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import Post, Unit, User
from accounts.names import unit_names
from accounts.rules.rights import Permission
from campaigns.models import Membership, TaskItem, WeeklyReport
from campaigns.reports.cells import deadline_words
from foodsafe_portal.lib.formats import masked_digits
from inspections.querysets import DutyQuerySet
from inspections.rules.standing import standing
from records.rules.workdays import WorkCalendar

MOST = 10


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of a unit or place: what they are, and their telephone as the viewer may read it."""

    name: str
    what: str
    phone: str


@dataclass(frozen=True, slots=True)
class Late:
    """A problem that was overdue when the week was frozen."""

    pk: int
    code: str
    description: str
    where: str
    unit: str
    leader: str
    original_due_on: date
    delay: str


def shows_phones(user: User) -> bool:
    """Whether this person reads telephone numbers whole, as on the pages of officers."""
    return user.can(Permission.EDIT_ASSIGNMENT)


def contacts(
    viewer: User, posts: QuerySet[Post], members: QuerySet[Membership] | None = None
) -> list[Contact]:
    """The people who hold these posts, each once, and those of the leading group who have no account there."""
    whole = shows_phones(viewer)
    found: dict[str, Contact] = {}
    for post in posts.select_related("user").filter(user__is_active=True).order_by("user__name", "pk"):
        number = post.user.mobile or ""
        words = post.title or post.get_role_display()
        phone = number if whole else masked_digits(number)
        found.setdefault(post.user.name, Contact(str(post.user), str(words), phone))
    for member in members if members is not None else ():
        what = f"{member.title} · {member.get_role_display()}"
        found.setdefault(member.person_name, Contact(member.person_name, what, ""))
    return list(found.values())


def late_problems(rows: DutyQuerySet, user: User, sunday: date, calendar: WorkCalendar) -> list[Late]:
    """The longest overdue of these fixes that this person may see."""
    seen = rows.visible_to(user).select_related("problem", "problem__business", "unit", "region")
    duties = list(seen.order_by("due_on", "pk")[:MOST])
    units = unit_names(duty.unit for duty in duties)
    return [
        Late(
            pk=duty.problem_id,
            code=duty.problem.code,
            description=duty.problem.description,
            where=duty.problem.place or str(duty.problem.business or duty.region),
            unit=units.get(duty.unit_id, ""),
            leader=duty.problem.leader_name,
            original_due_on=duty.original_due_on,
            delay=deadline_words(standing(duty, sunday, calendar, running=False)),
        )
        for duty in duties
    ]


def lost_by(report: WeeklyReport, leads: Iterable[str]) -> list[Mapping[str, Any]]:
    """The scored clauses among ``leads`` (numbers) that lost points or wait for a reading, most lost first."""
    mine = set(leads)
    scored = [one for one in (report.score or {}).get("clauses", ()) if one["no"] in mine]
    told = [one for one in scored if float(one["lost"] or 0) > 0 or one["state"] == "unassessed"]
    return sorted(told, key=lambda one: (-float(one["lost"] or 0), one["no"]))


def tasks_of(user: User, units: Sequence[int]) -> list[TaskItem]:
    """The open tasks that these units lead or support, by due day."""
    mine = Q(lead_unit__in=units) | Q(supports__unit__in=units)
    tasks = TaskItem.objects.visible_to(user).filter(mine).exclude(state="done").select_related("lead_unit")
    return list(tasks.distinct().order_by("due_on", "number"))


def unit_pages(user: User, names: Iterable[str], region: str) -> dict[str, str]:
    """The pages of the units of a region by the names that a frozen week wrote down, as far as this person may see them."""
    wanted = {name for name in names if name}
    if not wanted or not user.can(Permission.VIEW_DASHBOARD):
        return {}
    units = Unit.objects.visible_to(user).filter(region_id=region, name__in=wanted)
    return {name: reverse("unit-detail", args=[pk]) for pk, name in units.values_list("pk", "name")}
