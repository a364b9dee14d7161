"""Questions about campaigns and their frozen weeks."""

from __future__ import annotations

from typing import Self

from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Length

from campaigns.choices import ReportState
from foodsafe_portal.lib.scope import Person, ScopedQuerySet, in_territory


class CampaignQuerySet(ScopedQuerySet):
    """Campaigns; people see the ones they work in and the ones above them."""

    resource = "campaign"

    def nearest_to(self, territory: str) -> Self:
        """The campaigns a territory takes part in, its own first: the one of the smallest region around it, then those inside."""
        around = Q(
            region_id__in=[territory[:digits] for digits in (2, 4, 6, 9, 12) if digits <= len(territory)]
        )
        inside = in_territory(territory) if territory else Q()
        return self.filter(around | inside).order_by(
            F("closed_on").desc(nulls_first=True),
            Case(When(around, then=Length("region_id") * -1), default=Length("region_id")),
            "region_id",
            "code",
        )


class CampaignPartQuerySet(ScopedQuerySet):
    """Head rows of a campaign: groups, phases, instructions."""

    resource = "campaign"
    territory_path = "campaign__region_id"


class RulebookQuerySet(ScopedQuerySet):
    """Rulebook editions; everybody who may see clauses may read every edition."""

    resource = "rulebook"
    territory_path = None


class ClauseQuerySet(ScopedQuerySet):
    """Clauses of a rulebook."""

    resource = "clause"
    territory_path = None
    unit_path = "lead_unit__path"


class ReadingQuerySet(ScopedQuerySet):
    """Readings, by the campaign's territory and the clause's lead unit."""

    resource = "reading"
    territory_path = "campaign__region_id"
    unit_path = "clause__lead_unit__path"

    def visible_to(self, user: Person) -> Self:
        """The readings of one's campaign or unit, and those of the assessment of one's own territory."""
        whole, own = (
            user.scope.rows(self.resource, territory=territory, unit=self.unit_path, owner=None)
            for territory in ("campaign__region_id", "assessment__region_id")
        )
        return self if whole is None or own is None else self.filter(whole | own)

    def valid(self) -> Self:
        """Readings nobody has replaced."""
        return self.filter(voided_at__isnull=True)


class AssessmentQuerySet(ScopedQuerySet):
    """Assessments; an assessor sees the one that was given to them."""

    resource = "assessment"
    territory_path = "campaign__region_id"
    owner_path = "assessor_id"


class TaskQuerySet(ScopedQuerySet):
    """Tasks: a unit sees those it leads or supports."""

    resource = "task"
    territory_path = "campaign__region_id"
    unit_path = "lead_unit__path"

    def visible_to(self, user: Person) -> Self:
        """Leading and cooperating units both see their tasks."""
        leading, helping = (
            user.scope.rows(self.resource, territory=self.territory_path, unit=unit, owner=None)
            for unit in ("lead_unit__path", "supports__unit__path")
        )
        if leading is None or helping is None:
            return self
        return self.filter(Q(leading) | Q(helping)).distinct()


def _published_or_own_draft(user: Person, report: str = "") -> Q | None:
    """Weeks that this person may see for their state: published ones, and drafts where the rights table opens drafts.

    ``report`` is the path from the row to its report, with the two underscores. ``None`` stands for every row.
    """
    drafts = user.scope.rows("draft_report", territory=f"{report}campaign__region_id", unit=None, owner=None)
    return None if drafts is None else Q(**{f"{report}state": ReportState.PUBLISHED}) | drafts


class ReportQuerySet(ScopedQuerySet):
    """Frozen weeks; until a revision is published, only the campaign's own office and the auditor see it."""

    resource = "report"
    territory_path = "campaign__region_id"

    def visible_to(self, user: Person) -> Self:
        """The frozen weeks of one's campaigns, drafts only for those who may see drafts."""
        rows, condition = super().visible_to(user), _published_or_own_draft(user)
        return rows if condition is None else rows.filter(condition)

    def with_superseded(self, user: Person) -> Self:
        """Rows with ``superseded``: whether this person may see a newer revision of the same week."""
        newer = type(self)(self.model).visible_to(user)
        newer = newer.filter(
            campaign=OuterRef("campaign"), week=OuterRef("week"), revision__gt=OuterRef("revision")
        )
        return self.annotate(superseded=Exists(newer))

    def not_superseded(self, user: Person) -> Self:
        """Rows of which this person may see no newer revision, with ``superseded``."""
        return self.with_superseded(user).filter(superseded=False)

    def newest_seen_by(self, user: Person) -> Self:
        """Of each week the newest revision that this person may see, newest week first."""
        return self.visible_to(user).not_superseded(user).order_by("-week")


class FigureQuerySet(ScopedQuerySet):
    """Frozen figures, seen by the territory they count and by those who may see their week."""

    resource = "figure"
    territory_path = "region_id"

    def visible_to(self, user: Person) -> Self:
        """The figures of one's territory in the weeks one may see."""
        rows, condition = super().visible_to(user), _published_or_own_draft(user, "report__")
        return rows if condition is None else rows.filter(condition)
