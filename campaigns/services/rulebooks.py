"""Rulebook editions: drafted from a document, checked by the scoring engine, immutable once published."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.choices import EditionState, ReadingSource
from campaigns.editions import document_digest, store_edition
from campaigns.errors import RulebookRefused
from campaigns.models import Assessment, Campaign, Clause, Reading, Rulebook
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook
from campaigns.rules.scoring import check_reading
from records.services import audit
from records.services.instants import writing_instant

__all__ = [
    "RulebookRefused",
    "document_digest",
    "draft_rulebook",
    "pin_rulebook",
    "publish_rulebook",
    "record_reading",
]


@transaction.atomic
def draft_rulebook(
    *,
    code: str,
    title: str,
    edition: str,
    document: dict[str, Any],
    source: str,
    by: Any,
    is_demo: bool = False,
) -> Rulebook:
    """Save a draft edition (new or again); a clause that keeps its number stays the same row.

    Raises ``RulebookRefused`` for a published edition, a bad document, and one that leaves out a clause already read.
    """
    rulebook = store_edition(
        code=code, title=title, edition=edition, document=document, source=source, is_demo=is_demo
    )
    audit.record(by=by, action="rulebook.drafted", target=rulebook, after={"digest": rulebook.digest})
    return rulebook


@transaction.atomic
def publish_rulebook(*, rulebook: Rulebook, by: Any) -> Rulebook:
    """Publish an edition; from then on it never changes."""
    now = timezone.now()
    published = Rulebook.objects.filter(pk=rulebook.pk, state=EditionState.DRAFT).update(
        state=EditionState.PUBLISHED, published_at=now, published_by=by
    )
    if not published:
        raise RulebookRefused(_("评价细则“%(rulebook)s”已经发布。") % {"rulebook": rulebook})
    rulebook.refresh_from_db()
    audit.record(by=by, action="rulebook.published", target=rulebook, after={"digest": rulebook.digest})
    return rulebook


@transaction.atomic
def pin_rulebook(*, campaign: Campaign, rulebook: Rulebook, by: Any) -> Campaign:
    """Measure a campaign by a published edition."""
    if rulebook.state != EditionState.PUBLISHED:
        raise RulebookRefused(_("评价细则“%(rulebook)s”还是草稿，请先发布再选用。") % {"rulebook": rulebook})
    before = campaign.rulebook.code if campaign.rulebook else None
    Campaign.objects.filter(pk=campaign.pk).update(rulebook=rulebook)
    campaign.refresh_from_db()
    audit.record(
        by=by,
        action="campaign.rulebook_pinned",
        target=campaign,
        before={"rulebook": before},
        after={"rulebook": rulebook.code},
    )
    return campaign


@transaction.atomic
def record_reading(
    *,
    campaign: Campaign,
    clause: Clause,
    value: dict[str, Any],
    on: date,
    source: ReadingSource,
    by: Any,
    note: str = "",
    assessment: Assessment | None = None,
) -> Reading:
    """Record what was found for one clause; an earlier one of the same day (or assessment) is voided, not overwritten.

    Raises ``RulebookRefused`` when the clause is counted by the portal or the value has the wrong shape for its method.
    """
    if clause.measure and assessment is None:
        raise RulebookRefused(_("条款 %(no)s 由系统按台账计算，不用填报。") % {"no": clause.no})
    try:
        check_reading(parse_rulebook(clause.rulebook.document), clause.no, value)
    except ScoringRefused as refusal:
        raise RulebookRefused(str(refusal)) from None
    at = writing_instant()
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    same = Reading.objects.filter(
        campaign=campaign, clause=clause, assessment=assessment, voided_at__isnull=True
    )
    if assessment is None:
        same = same.filter(on=on)
    before = list(same.values_list("value", flat=True))
    same.update(voided_at=at)
    reading = Reading.objects.create(
        campaign=campaign,
        clause=clause,
        assessment=assessment,
        on=on,
        value=value,
        source=source,
        note=note,
        recorded_by=by,
        recorded_at=at,
    )
    audit.record(
        by=by,
        action="reading.recorded",
        target=clause,
        territory=campaign.region_id,
        before=before[0] if before else None,
        after=value,
        reason=note,
    )
    return reading
