"""One search through everything a person may see: businesses, officers, problems, tasks, clauses, units and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel, UnitKind
from accounts.models import Region, Unit, User
from accounts.names import names_above, with_county
from accounts.rules.rights import Permission as P
from campaigns.models import Clause, TaskItem
from campaigns.reports.places import campaign_of
from entities.models import Business, Officer
from entities.search import search_businesses
from foodsafe_portal.lib.pinyin import initials
from inspections.models import Problem
from inspections.search import search_problems

LONGEST: Final = 60
SHORT, WHOLE = 4, 20


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: its name, what tells it apart, and its page."""

    name: str
    where: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind; ``all_url`` is the list that goes on where the hits end ('' where there is none)."""

    label: Any
    icon: str
    hits: Sequence[Hit]
    all_url: str
    more: bool


Seek = Callable[[User, str, int], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things to be found: whose permission opens it, how it is sought, and its list."""

    label: Any
    icon: str
    permission: P
    seek: Seek
    list_name: str = ""


def search_everything(user: User, words: str, *, whole: bool = False) -> list[Group]:
    """What ``words`` find, kind by kind; a few of each, or twenty on the page of its own. Nothing for less than two signs."""
    words = " ".join(words[:LONGEST].replace("\0", "").split())
    if len(words) < 2:
        return []
    most, groups = WHOLE if whole else SHORT, []
    for kind in KINDS:
        if not user.can(kind.permission):
            continue
        hits = list(kind.seek(user, words, most + 1))
        if hits:
            url = f"{reverse(kind.list_name)}?{urlencode({'q': words})}" if kind.list_name else ""
            groups.append(Group(kind.label, kind.icon, tuple(hits[:most]), url, len(hits) > most))
    return groups


def _businesses(user: User, words: str, most: int) -> Iterable[Hit]:
    found = search_businesses(Business.objects.visible_to(user), words).rows.order_by("-pk")
    rows = list(found.only("name", "region_id", "licence_no")[:most])
    names = names_above(row.region_id for row in rows)
    for row in rows:
        where = " · ".join(
            filter(None, (names.get(row.region_id[:6]), names.get(row.region_id[:9]), row.licence_no))
        )
        yield Hit(row.name, where, reverse("business-detail", args=[row.pk]))


def _officers(user: User, words: str, most: int) -> Iterable[Hit]:
    found = Officer.objects.visible_to(user).filter(name__startswith=words, is_active=True)
    rows = list(found.only("name", "title", "unit_name", "region_id").order_by("name", "pk")[:most])
    names = names_above(row.region_id for row in rows)
    for row in rows:
        where = with_county(f"{row.unit_name} {row.title}".strip(), row.region_id, names)
        yield Hit(row.name, where, reverse("officer-detail", args=[row.pk]))


def _problems(user: User, words: str, most: int) -> Iterable[Hit]:
    found = search_problems(Problem.objects.visible_to(user).valid(), words)
    for row in found.select_related("unit").order_by("-pk")[:most]:
        where = f"{row.code} · {row.get_state_display()}" + (f" · {row.unit}" if row.unit else "")
        yield Hit(row.description[:60], where, reverse("problem-detail", args=[row.pk]))


def _tasks(user: User, words: str, most: int) -> Iterable[Hit]:
    named = Q(title__icontains=words) | Q(system__icontains=words) | Q(lead_unit__name__icontains=words)
    found = TaskItem.objects.visible_to(user).filter(named).select_related("lead_unit").order_by("number")
    for row in found[:most]:
        yield Hit(str(row), str(row.lead_unit or ""), reverse("task-detail", args=[row.pk]))


def _clauses(user: User, words: str, most: int) -> Iterable[Hit]:
    campaign = campaign_of(user)
    if campaign is None or campaign.rulebook_id is None:
        return
    named = Q(no=words) | Q(no__startswith=f"{words}.") | Q(title__icontains=words)
    found = Clause.objects.visible_to(user).filter(named, rulebook=campaign.rulebook_id)
    for row in found.select_related("lead_unit").order_by("order")[:most]:
        url = f"{reverse('clause-list')}?{urlencode({'no': row.no})}"
        yield Hit(f"{row.no} {row.title}"[:60], str(row.lead_unit or ""), url)


def _units(user: User, words: str, most: int) -> Iterable[Hit]:
    rows = list(
        Unit.objects.visible_to(user)
        .order_by("region_id", "name")
        .values_list("pk", "name", "region_id", "kind")
    )
    names = names_above(region for _pk, _name, region, _kind in rows)
    labels = ((pk, with_county(name, region, names), kind) for pk, name, region, kind in rows)
    for pk, label, kind in islice((one for one in labels if _names_it(words, one[1])), most):
        yield Hit(label, str(UnitKind(kind).label), reverse("unit-detail", args=[pk]))


def _places(user: User, words: str, most: int) -> Iterable[Hit]:
    levels = (RegionLevel.COUNTY, RegionLevel.TOWNSHIP)
    regions = (
        Region.objects.visible_to(user).filter(level__in=levels, closed_on__isnull=True).order_by("code")
    )
    names = dict(regions.values_list("code", "name"))
    labels = ((code, with_county(name, code, names)) for code, name in names.items())
    for code, label in islice((one for one in labels if _names_it(words, one[1])), most):
        level = RegionLevel.COUNTY if len(code) <= 6 else RegionLevel.TOWNSHIP
        yield Hit(label, str(level.label), reverse("place-detail", args=[code]))


def _names_it(words: str, name: str) -> bool:
    """Whether the words stand in the name, or are its pinyin initials, blanks and dots left out."""
    plain = name.replace(" · ", "")
    return words.replace(" ", "") in plain or (words.isascii() and words.lower() in initials(plain))


KINDS: Final = (
    Kind(_("经营主体"), "building-store", P.VIEW_BUSINESSES, _businesses, "business-list"),
    Kind(_("包保干部"), "users", P.VIEW_OFFICERS, _officers, "officer-list"),
    Kind(_("问题"), "flag", P.VIEW_PROBLEMS, _problems, "problem-list"),
    Kind(_("任务"), "list-check", P.VIEW_TASKS, _tasks, "task-list"),
    Kind(_("条款"), "chart-bar", P.VIEW_RULEBOOK, _clauses),
    Kind(_("单位"), "sitemap", P.VIEW_DASHBOARD, _units),
    Kind(_("地区"), "map-pin", P.VIEW_DASHBOARD, _places),
)
"""Every kind, in the order of the answer."""
