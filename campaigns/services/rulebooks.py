"""Rulebook editions: drafted from a document, checked by the scoring engine, immutable once published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.choices import EditionState, ReadingSource
from campaigns.errors import CampaignRefused
from campaigns.models import Assessment, Campaign, Clause, Reading, Rulebook
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook
from campaigns.rules.scoring import score
from records.services import audit
from records.services.instants import writing_instant


class RulebookRefused(CampaignRefused):
    """The edition or the reading cannot be taken; the sentence names the clause."""


def document_digest(document: dict[str, Any]) -> str:
    """SHA-256 of an edition's canonical text."""
    return hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


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
    try:
        parse_rulebook(document)
    except ScoringRefused as refusal:
        raise RulebookRefused(str(refusal)) from None
    existing = Rulebook.objects.select_for_update().filter(code=code).first()
    if existing and existing.state == EditionState.PUBLISHED:
        raise RulebookRefused(
            _("评价细则“%(existing)s”已发布，不能再改；请用新的代码和版本。") % {"existing": existing}
        )
    rulebook = existing or Rulebook(code=code)
    rulebook.title, rulebook.edition, rulebook.source, rulebook.is_demo = title, edition, source, is_demo
    rulebook.document, rulebook.digest = document, document_digest(document)
    rulebook.save()
    before = {clause.no: clause for clause in rulebook.clauses.all()}
    _write_clauses(rulebook, document["clauses"], None, iter(range(1, 100_000)), before)
    try:
        with transaction.atomic():
            Clause.objects.filter(pk__in=[clause.pk for clause in before.values()]).delete()
    except ProtectedError as error:
        used = next(row.clause for row in error.protected_objects if isinstance(row, Reading))
        raise RulebookRefused(_("“%(row)s”已被使用，不能删除。") % {"row": used}) from error
    audit.record(by=by, action="rulebook.drafted", target=rulebook, after={"digest": rulebook.digest})
    return rulebook


def _write_clauses(
    rulebook: Rulebook,
    raws: list[dict[str, Any]],
    parent: Clause | None,
    order: Iterator[int],
    before: dict[str, Clause],
) -> None:
    """Write the clauses of a document over those of the same number; what is left in ``before`` is no longer there."""
    for raw in raws:
        lead = raw.get("lead_unit")
        clause = before.pop(raw["no"], None) or Clause(rulebook=rulebook, no=raw["no"])
        clause.parent = parent
        clause.title = raw.get("title") or raw["no"]
        clause.kind = raw.get("kind") or (parent.kind if parent else "basic")
        clause.points = raw.get("points")
        clause.method = raw.get("method", "")
        clause.params = raw.get("params", {})
        clause.measure = raw.get("measure", {})
        clause.lead_unit = Unit.objects.filter(name=lead).first() if lead else None
        clause.order = next(order)
        clause.save()
        _write_clauses(rulebook, raw.get("children", []), clause, order, before)


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
        score(parse_rulebook(clause.rulebook.document), {clause.no: value})
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
