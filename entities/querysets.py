"""Questions about businesses and officers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.apps import apps
from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast

from accounts.querysets import in_force
from entities.choices import BusinessStatus, PairState, ReviewState
from foodsafe_portal.lib.scope import Person, ScopedQuerySet, in_territory


def counted_for(business_id: int, path: str = "business") -> Q:
    """Facts of a business and of those that were merged into it."""
    return Q(**{f"{path}_id": business_id}) | Q(**{f"{path}__merged_into_id": business_id})


class BusinessQuerySet(ScopedQuerySet):
    """Food businesses; an officer sees the ones assigned to them today."""

    resource = "business"

    def visible_to(self, user: Person, *, merged: bool = False) -> Self:
        """The businesses of the register this person may see; with ``merged`` also those that were merged into another."""
        seen = super().visible_to(user)
        return seen if merged else seen.registered()

    def registered(self) -> Self:
        """Businesses that have not been merged into another one."""
        return self.filter(merged_into__isnull=True)

    def owned_by(self, user: Person) -> Q:
        """Businesses assigned to this person's officer records."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        return Q(pk__in=assignments.filter(officer__user_id=user.pk).values("business_id"))

    def operating(self) -> Self:
        """Businesses whose reviewed status is 正常."""
        return self.filter(status=BusinessStatus.NORMAL)

    def graded(self) -> Self:
        """Businesses that have a responsibility grade."""
        return self.exclude(responsibility_grade="")


class ChangeQuerySet(ScopedQuerySet):
    """Dated changes of status or grade."""

    territory_path = "business__region_id"

    def owned_by(self, user: Person) -> Q:
        """Changes of businesses assigned to this person."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        return Q(business_id__in=assignments.filter(officer__user_id=user.pk).values("business_id"))

    def waiting(self) -> Self:
        """Proposed changes of the register's businesses that nobody has reviewed."""
        return self.filter(state=ReviewState.PROPOSED, business__merged_into__isnull=True)


class StatusChangeQuerySet(ChangeQuerySet):
    """Changes of status."""

    resource = "status_change"

    def proven_at(self, instant: datetime) -> Self:
        """Changes with an evidence file that was there at ``instant``."""
        files = apps.get_model("records", "EvidenceFile").objects.filter(
            target_type=self.model._meta.label_lower,
            target_id=Cast(OuterRef("pk"), CharField()),
            uploaded_at__lte=instant,
        )
        return self.filter(Exists(files))

    def approved_by(self, day: date, instant: datetime) -> Self:
        """Approved changes in effect on ``day``, as known at ``instant``."""
        return self.filter(state=ReviewState.APPROVED, effective_on__lte=day, reviewed_at__lte=instant)


class GradeChangeQuerySet(ChangeQuerySet):
    """Changes of grade."""

    resource = "grade_change"


class FormerIdentityQuerySet(ScopedQuerySet):
    """Names and numbers under which businesses stood in the register before."""

    resource = "business"
    territory_path = "business__region_id"

    def owned_by(self, user: Person) -> Q:
        """Those of businesses assigned to this person."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        return Q(business_id__in=assignments.filter(officer__user_id=user.pk).values("business_id"))


class BusinessMergerQuerySet(FormerIdentityQuerySet):
    """Businesses merged into others."""

    def standing(self) -> Self:
        """Mergers nobody has taken back."""
        return self.filter(undone_at__isnull=True)

    def known_at(self, instant: datetime) -> Self:
        """Mergers that stood at ``instant``."""
        return self.filter(Q(undone_at__isnull=True) | Q(undone_at__gt=instant), merged_at__lte=instant)


class DuplicatePairQuerySet(ScopedQuerySet):
    """Businesses that look like one."""

    resource = "duplicate"

    def waiting(self) -> Self:
        """Pairs to decide on: of a business that has been merged with a third one there is nothing to decide."""
        return self.filter(
            state=PairState.WAITING, first__merged_into__isnull=True, second__merged_into__isnull=True
        )

    def decided(self) -> Self:
        """Pairs on which a person's decision stands."""
        return self.exclude(state=PairState.WAITING)


class OfficerQuerySet(ScopedQuerySet):
    """包保干部."""

    resource = "officer"
    owner_path = "user_id"

    def fit_for(self, region_code: str) -> Self:
        """Officers at work who can be bound to a business there: of its township (or county), and of the levels above."""
        near = in_territory(region_code[:9] if len(region_code) >= 9 else region_code[:6])
        above = [region_code[:digits] for digits in (4, 6) if digits < len(region_code)]
        return self.filter(near | Q(region_id__in=above), is_active=True)


class AssignmentQuerySet(ScopedQuerySet):
    """包保关系, dated intervals."""

    resource = "assignment"
    territory_path = "business__region_id"
    owner_path = "officer__user_id"

    def active(self) -> Self:
        """Assignments without an end that nobody has voided."""
        return self.filter(valid_to__isnull=True, voided_at__isnull=True)

    def held_on(self, day: date) -> Self:
        """Assignments in force on ``day``."""
        return self.filter(in_force(day), voided_at__isnull=True)

    def pledged(self) -> Self:
        """Assignments for which a pledge holds: signed by this officer in the present post for this business."""
        return self.filter(self._pledge_holds())

    def unpledged(self) -> Self:
        """Assignments without a pledge that holds; it lapses when the post or the business changes (承诺书，按干部和岗位签订)."""
        return self.filter(~self._pledge_holds())

    def _pledge_holds(self) -> Exists:
        """A pledge without a business is for all those that the officer had in charge on the day of signing."""
        pledges = apps.get_model("entities", "Pledge").objects.filter(officer_id=OuterRef("officer_id"))
        this = Q(business_id=OuterRef("business_id")) | Q(business__merged_into_id=OuterRef("business_id"))
        every = Q(business__isnull=True, signed_on__gte=OuterRef("valid_from"))
        same_post = Q(title="") | Q(officer__title="") | Q(title=F("officer__title"))
        return Exists(pledges.filter(this | every).filter(same_post))
