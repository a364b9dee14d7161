"""Where the viewer stands in a frozen week: the places whose figures they may see, widest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules.rights import Lens
from accounts.rules.scope import grants
from campaigns.choices import Level
from campaigns.measures import TOTAL
from campaigns.models import Campaign, WeeklyReport


@dataclass(frozen=True, slots=True)
class Place:
    """One place at one level; at a lower level a place's own code stands for what belongs to none below it (本级)."""

    level: str
    code: str
    name: str


@dataclass(frozen=True)
class Ground:
    """The places a viewer sees in one week; ``roots`` are the widest of them, each under nobody else's."""

    city: str
    places: Mapping[tuple[str, str], Place]
    roots: tuple[Place, ...]

    def at(self, code: str) -> Place | None:
        """The place of a region code at its own level; nothing where the viewer does not see it."""
        return self.places.get((level_of(code, self.city), code))

    def below(self, place: Place) -> list[Place]:
        """The places one level down, the place's own rest (本级) included."""
        level = level_below(place, self.city)
        return [
            one for key, one in self.places.items() if key[0] == level and one.code.startswith(place.code)
        ]


def level_of(code: str, city: str) -> str:
    """The level at which a region code names itself."""
    if code == city:
        return Level.CITY
    return Level.COUNTY if len(code) <= 6 else Level.TOWNSHIP


def level_below(place: Place, city: str) -> str:
    """The level of a place's parts; '' below the townships. A county that campaigns on its own goes straight to townships."""
    if place.level == Level.CITY and len(city) < 6:
        return Level.COUNTY
    return "" if place.level == Level.TOWNSHIP else Level.TOWNSHIP


def campaign_of(user: User, code: str = "") -> Campaign | None:
    """The campaign a person works in: the widest running one they see, or the one asked for by its code."""
    campaigns = Campaign.objects.visible_to(user).select_related("region")
    if code:
        return campaigns.filter(code=code).first()
    found = campaigns.order_by(F("closed_on").desc(nulls_first=True), "region_id", "code")
    return found.first()


def ground_of(user: User, report: WeeklyReport, *, city: str) -> Ground:
    """The places whose figures of ``report`` this person may see, in one query."""
    # A rest (本级) may count problems and no visits: every measure's places are asked for.
    rows = (
        report.figures.visible_to(user)
        .filter(grade=TOTAL)
        .order_by("region_id", "level")
        .values_list("level", "region_id", "region__name")
        .distinct()
    )
    places: dict[tuple[str, str], Place] = {}
    roots: list[Place] = []
    for level, code, name in rows:
        natural = level == level_of(code, city)
        place = Place(level, code, name if natural else _("%(place)s本级") % {"place": name})
        places[level, code] = place
        if natural and not any(code.startswith(root.code) for root in roots):
            roots.append(place)
    return Ground(city, places, tuple(roots))


def sees_all_rows(user: User, resource: str, code: str) -> bool:
    """Whether this person's posts open every row of ``resource`` in a territory, not only those of their unit."""
    for grant in grants(user.scope.posts, resource):
        if grant.lens == Lens.EVERY:
            return True
        if (
            grant.lens in {Lens.TERRITORY, Lens.BOTH, Lens.AROUND}
            and grant.region
            and code.startswith(grant.region)
        ):
            return True
    return False


def sees_drafts(user: User, territory: str = "") -> bool:
    """Whether this person sees frozen weeks before they are published: of one campaign's ``territory``, or of any ('')."""
    if not territory:
        return bool(grants(user.scope.posts, "draft_report"))
    return sees_all_rows(user, "draft_report", territory)
