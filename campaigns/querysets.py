"""Questions about campaigns and their frozen weeks."""

from __future__ import annotations

from typing import Self

from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Length

from campaigns.choices import NoticeState, ReportState, Secrecy
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
    """Assessments; an assessor sees the ones that were given to them, a county its own and the city's."""

    resource = "assessment"
    territory_path = "campaign__region_id"

    def visible_to(self, user: Person) -> Self:
        """What was given to this person, and of the campaign's those of the whole or of a part of their territory."""
        heads = user.scope.rows(self.resource, territory=self.territory_path, unit=None, owner=None)
        if heads is None:
            return self
        part = user.scope.rows("reading", territory="region_id", unit=None, owner=None)
        if part is not None:
            heads &= Q(region__isnull=True) | part
        given = type(self)(self.model).given_to(user)
        return self.filter(heads | Q(pk__in=given.values("pk")))

    def given_to(self, user: Person) -> Self:
        """The assessments that this person was given."""
        everything = type(self)(self.model)
        given = everything.filter(Q(assessor_id=user.pk) | Q(seats__user_id=user.pk))
        return everything.filter(pk__in=given.values("pk"))


class RemedyQuerySet(ScopedQuerySet):
    """What is done about lost points, by the campaign's territory."""

    resource = "campaign"
    territory_path = "lost__campaign__region_id"


class OfAssessmentQuerySet(ScopedQuerySet):
    """Rows that belong to an assessment, seen with it."""

    resource = "assessment"
    territory_path = "assessment__campaign__region_id"

    def visible_to(self, user: Person) -> Self:
        """Those of the assessments this person may see."""
        of = self.model._meta.get_field("assessment").related_model
        return self.filter(assessment__in=AssessmentQuerySet(of).visible_to(user).values("pk"))


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


class EvidenceQuerySet(ScopedQuerySet):
    """Pieces of proof: by territory, by source unit, and by the lead unit of a clause or task they prove.

    Hidden ones are seen through a line of their own of the rights table: by the office, by their unit and by whoever sent them.
    """

    resource = "evidence"
    territory_path = "region_id"
    unit_path = "unit__path"

    def visible_to(self, user: Person) -> Self:
        """The pieces this person may see."""
        seen, hidden = (
            user.scope.rows(resource, territory=self.territory_path, unit=self.unit_path, owner=None)
            for resource in ("evidence", "hidden_evidence")
        )
        if seen is None or hidden is None:
            return self
        for path in ("links__clause__lead_unit__path", "links__task__lead_unit__path"):
            leads = user.scope.rows("evidence", territory=None, unit=path, owner=None)
            if leads:
                seen |= Q(pk__in=type(self)(self.model).filter(leads).values("pk"))
        return self.filter(seen & (~Q(secrecy=Secrecy.HIDDEN) | Q(created_by=user.pk)) | hidden)


class EvidencePartQuerySet(ScopedQuerySet):
    """What hangs on a piece of proof, seen with it."""

    resource = "evidence"

    def visible_to(self, user: Person) -> Self:
        """The rows of the pieces this person may see."""
        pieces: EvidenceQuerySet = EvidenceQuerySet(
            self.model._meta.get_field("piece").related_model
        ).visible_to(user)
        return self.filter(piece__in=pieces.values("pk"))


class EvidenceBatchQuerySet(ScopedQuerySet):
    """Uploads being sorted; only whoever sent them sees them before they are saved."""

    resource = "evidence_batch"
    territory_path = None
    owner_path = "created_by_id"


class TaskPartQuerySet(ScopedQuerySet):
    """Rows that hang on a task, seen by whoever leads or supports it."""

    resource = "task"
    territory_path = "task__campaign__region_id"
    unit_path = "task__lead_unit__path"

    def visible_to(self, user: Person) -> Self:
        """Leading and cooperating units both see them."""
        leading, helping = (
            user.scope.rows(self.resource, territory=self.territory_path, unit=unit, owner=None)
            for unit in ("task__lead_unit__path", "task__supports__unit__path")
        )
        if leading is None or helping is None:
            return self
        return self.filter(Q(leading) | Q(helping)).distinct()


class ReceiptQuerySet(ScopedQuerySet):
    """Receipts of issued and drafted notices, by the unit they are at."""

    resource = "notice"
    territory_path = "unit__region_id"
    unit_path = "unit__path"


class NoticeQuerySet(ScopedQuerySet):
    """Notices: the campaign's office sees all of them, a unit or a county those issued to it."""

    resource = "notice"
    territory_path = "campaign__region_id"

    def visible_to(self, user: Person) -> Self:
        """One's campaign's notices, drafts included, and those issued to a unit one sees."""
        whole = user.scope.rows(self.resource, territory=self.territory_path, unit=None, owner=None)
        sent = user.scope.rows(
            self.resource, territory="receipts__unit__region_id", unit="receipts__unit__path", owner=None
        )
        if whole is None or sent is None:
            return self
        return self.filter(Q(whole) | (Q(sent) & Q(state=NoticeState.ISSUED))).distinct()


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
