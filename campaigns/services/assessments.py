"""Assessments: opened, given, filled clause by clause, handed in for good, returned with a reason, closed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Post, Region, User
from accounts.rules.rights import Permission, Role
from campaigns.choices import AssessmentKind, EditionState, ReadingSource
from campaigns.errors import CampaignRefused, RulebookRefused
from campaigns.models import Assessment, AssessmentSeat, Campaign, Clause, Reading, Rulebook, SheetEntry
from campaigns.rules.entry import EntryRefused
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import Score, score
from campaigns.rules.typed import Typed, reading_of
from campaigns.services.rulebooks import record_reading
from foodsafe_portal.lib.instants import stamp
from records.services import audit
from records.services.instants import writing_instant


class AssessmentRefused(CampaignRefused):
    """An assessment cannot take this step; the sentence says why and what to do."""


class Incomplete(AssessmentRefused):
    """Handing in leaves something open; it goes with a second yes, unless something was written that cannot be read."""


class SheetConflict(CampaignRefused):
    """Somebody else saved this clause in between; both values stay in sight."""

    def __init__(self, clause: Clause, typed: Typed, stands: Typed, entry: SheetEntry | None) -> None:
        who = entry.saved_by.name if entry else _("台账")
        super().__init__(_("%(who)s 在您之后先保存了这一条，您写的还没有保存。") % {"who": who})
        self.clause, self.typed, self.stands, self.entry = clause, typed, stands, entry


# --- opening and giving ----------------------------------------------------------------------------


@transaction.atomic
def open_assessment(
    *,
    campaign: Campaign,
    kind: str,
    title: str,
    held_on: date,
    by: User,
    rulebook: Rulebook | None = None,
    region: Region | None = None,
    people: Iterable[User] = (),
) -> Assessment:
    """Open an assessment of the whole campaign or of one county, pinned to an edition (the campaign's own unless named)."""
    edition = rulebook or campaign.rulebook
    if edition is None:
        raise AssessmentRefused(_("这个创建还没有选用评价细则；请先发布并选用一版细则。"))
    if edition.state != EditionState.PUBLISHED:
        raise AssessmentRefused(
            _("评价细则“%(rulebook)s”还是草稿，请先发布再用来测评。") % {"rulebook": edition}
        )
    if region is not None and kind != AssessmentKind.SELF:
        raise AssessmentRefused(_("只有自评可以按县（市、区）开；其他测评针对全市。"))
    if region is not None and not region.pk.startswith(campaign.region_id):
        raise AssessmentRefused(_("“%(region)s”不在这个创建的辖区内。") % {"region": region})
    title = title.strip()
    if not title:
        raise AssessmentRefused(_("请写测评的名称，如“第二次模拟测评”。"))
    if Assessment.objects.filter(campaign=campaign, title=title, held_on=held_on, region=region).exists():
        raise AssessmentRefused(
            _("%(held_on)s 已经有一份“%(title)s”；请换个名称或日期。") % {"held_on": held_on, "title": title}
        )
    assessment = Assessment.objects.create(
        campaign=campaign, rulebook=edition, kind=kind, title=title, held_on=held_on, region=region
    )
    audit.record(
        by=by,
        action="assessment.opened",
        target=assessment,
        territory=campaign.region_id,
        after={"kind": kind, "title": title, "held_on": held_on.isoformat(), "rulebook": edition.code},
    )
    chosen = list(people)
    if chosen:
        give_assessment(assessment=assessment, people=chosen, by=by)
    return assessment


@transaction.atomic
def open_county_assessments(
    *, campaign: Campaign, title: str, held_on: date, by: User, counties: Iterable[Region]
) -> list[Assessment]:
    """A self-assessment of each county, given to the people who fill its ledgers (those with a liaison's post there)."""
    opened = []
    for county in counties:
        name = f"{county.name}{title}"
        posts = Post.objects.held_on(timezone.localdate()).filter(role=Role.COUNTY_LIAISON, region=county)
        people = User.objects.filter(pk__in=posts.values("user_id"), is_active=True)
        opened.append(
            open_assessment(
                campaign=campaign,
                kind=AssessmentKind.SELF,
                title=name,
                held_on=held_on,
                region=county,
                people=people,
                by=by,
            )
        )
    return opened


@transaction.atomic
def give_assessment(*, assessment: Assessment, people: Iterable[User], by: User) -> Assessment:
    """Give an assessment to these people and nobody else; what others have written stays."""
    if assessment.closed_at is not None:
        raise AssessmentRefused(_("这份测评已经结束，不能再交办。"))
    chosen = list(people)
    cannot = [str(user) for user in chosen if not user.can(Permission.ASSESS)]
    if cannot:
        raise AssessmentRefused(
            _("%(people)s 的岗位不能填测评；请选评估员、县区联络员或创建办的人。")
            % {"people": "、".join(cannot)}
        )
    before = sorted(assessment.seats.values_list("user__username", flat=True))
    assessment.seats.exclude(user__in=chosen).delete()
    kept = set(assessment.seats.values_list("user_id", flat=True))
    now = timezone.now()
    AssessmentSeat.objects.bulk_create(
        AssessmentSeat(assessment=assessment, user=user, given_by=by, given_at=now)
        for user in chosen
        if user.pk not in kept
    )
    if assessment.assessor_id and assessment.assessor_id not in {user.pk for user in chosen}:
        Assessment.objects.filter(pk=assessment.pk).update(assessor=None)
    audit.record(
        by=by,
        action="assessment.given",
        target=assessment,
        territory=assessment.campaign.region_id,
        before={"people": before},
        after={"people": sorted(user.username for user in chosen)},
    )
    return assessment


def may_fill(assessment: Assessment, user: User) -> bool:
    """Whether this person writes into the sheet: who was given it; nobody was, the office."""
    if assessment.handed_in_at or assessment.closed_at or not user.can(Permission.ASSESS):
        return False
    if Assessment.objects.all().given_to(user).filter(pk=assessment.pk).exists():
        return True
    nobody = assessment.assessor_id is None and not assessment.seats.exists()
    return nobody and user.can(Permission.MANAGE_ASSESSMENTS)


# --- filling ---------------------------------------------------------------------------------------


def readings_of(assessment: Assessment) -> dict[int, Reading]:
    """The valid readings of an assessment by clause."""
    rows = Reading.objects.valid().filter(assessment=assessment)
    return {reading.clause_id: reading for reading in rows}


def entries_of(assessment: Assessment) -> dict[int, SheetEntry]:
    """What was typed, by clause."""
    return {entry.clause_id: entry for entry in assessment.entries.select_related("saved_by")}


def seen_of(entry: SheetEntry | None, reading: Reading | None) -> str:
    """A mark of what stands for a clause; it changes with every save and with every ledger."""
    return f"{entry.version if entry else 0}.{reading.pk if reading else 0}"


def stands(entry: SheetEntry | None, reading: Reading | None) -> Typed:
    """What the cells of a clause hold: what was typed last, or what a ledger said since."""
    if entry is not None and entry.reading_id == (reading.pk if reading else None):
        return Typed.of(entry.typed)
    return Typed.from_reading(reading.value, reading.note) if reading else Typed()


@dataclass(frozen=True, slots=True)
class Saved:
    """One clause as it stands after a save; ``changed``: whether the save wrote anything."""

    entry: SheetEntry | None
    reading: Reading | None
    changed: bool


@transaction.atomic
def save_entry(*, assessment: Assessment, clause: Clause, typed: Typed, seen: str, by: User) -> Saved:
    """Keep what a person typed for one clause, also what cannot be read yet; a reading follows where the cells make one.

    ``seen`` is the mark (``seen_of``) of what the person had before them. Raises ``AssessmentRefused`` for a sheet that is not
    this person's to fill or no longer open, ``SheetConflict`` when somebody else saved in between.
    """
    locked = Assessment.objects.select_for_update(of=("self",)).select_related("campaign", "rulebook")
    assessment = locked.get(pk=assessment.pk)
    _still_open(assessment)
    if not may_fill(assessment, by):
        raise AssessmentRefused(_("这份测评没有交给您，不能填写。"))
    if clause.rulebook_id != assessment.rulebook_id:
        raise AssessmentRefused(_("条款 %(no)s 不在这份测评的细则里。") % {"no": clause.no})
    entry = assessment.entries.filter(clause=clause).select_related("saved_by").first()
    reading = Reading.objects.valid().filter(assessment=assessment, clause=clause).first()
    standing = stands(entry, reading)
    if typed == standing:
        return Saved(entry, reading, changed=False)
    if seen != seen_of(entry, reading):
        raise SheetConflict(clause, typed, standing, entry)
    trouble, made = "", reading
    try:
        value = reading_of(typed, clause.method, clause.params)
        made = _write_reading(assessment, clause, value, typed, reading, by)
    except (EntryRefused, RulebookRefused) as refusal:
        trouble = str(refusal)[:300]
        made = _write_reading(assessment, clause, None, typed, reading, by)
    fields = {
        "typed": typed.as_document(),
        "trouble": trouble,
        "reading": made,
        "version": entry.version + 1 if entry else 1,
        "saved_by": by,
        "saved_at": timezone.now(),
    }
    entry, _new = SheetEntry.objects.update_or_create(assessment=assessment, clause=clause, defaults=fields)
    if trouble or (made is reading and made is None):
        audit.record(
            by=by,
            action="assessment.drafted",
            target=clause,
            territory=assessment.campaign.region_id,
            after=typed.as_document(),
            reason=trouble,
        )
    return Saved(entry, made, changed=True)


def _write_reading(
    assessment: Assessment,
    clause: Clause,
    value: dict[str, Any] | None,
    typed: Typed,
    before: Reading | None,
    by: User,
) -> Reading | None:
    """The reading that stands from now on: the same one where nothing changed, a new one, or none."""
    note = typed.words[:300]
    if value is not None:
        if before is not None and before.value == value and before.note == note:
            return before
        return record_reading(
            campaign=assessment.campaign,
            clause=clause,
            value=value,
            on=assessment.held_on,
            source=ReadingSource.ASSESSED,
            note=note,
            by=by,
            assessment=assessment,
        )
    if before is not None:
        Reading.objects.valid().filter(pk=before.pk).update(voided_at=writing_instant())
        audit.record(
            by=by,
            action="reading.voided",
            target=clause,
            territory=assessment.campaign.region_id,
            before=before.value,
        )
    return None


def _still_open(assessment: Assessment) -> None:
    if assessment.closed_at is not None:
        raise AssessmentRefused(_("这份测评已经结束，不能再改。"))
    if assessment.handed_in_at is not None:
        raise AssessmentRefused(
            _("这份测评 %(at)s 已经交卷，不能再改；要改请创建办退回。")
            % {"at": timezone.localtime(assessment.handed_in_at).strftime("%Y-%m-%d %H:%M")}
        )


# --- handing in ------------------------------------------------------------------------------------


def assessed_score(assessment: Assessment) -> Score:
    """The live score of an assessment."""
    readings = {reading.clause_id: reading.value for reading in readings_of(assessment).values()}
    numbers = dict(assessment.rulebook.clauses.values_list("pk", "no"))
    return score(
        parse_rulebook(assessment.rulebook.document), {numbers[pk]: value for pk, value in readings.items()}
    )


@dataclass(frozen=True, slots=True)
class Missing:
    """What an assessment lacks, as clause numbers: not assessed, written so that it cannot be read, lost without a word."""

    unassessed: tuple[str, ...]
    unreadable: tuple[str, ...]
    unexplained: tuple[str, ...]
    unvisited: int

    @property
    def anything(self) -> bool:
        """Whether handing in needs a second yes."""
        return bool(self.unassessed or self.unreadable or self.unexplained or self.unvisited)


def missing_of(result: Score, typed: Mapping[str, Typed], troubles: Mapping[str, str]) -> Missing:
    """What a sheet lacks; ``typed`` and ``troubles`` by clause number."""
    unread = tuple(no for no in (scored.no for scored in result.clauses) if troubles.get(no))
    return Missing(
        unassessed=tuple(
            scored.no for scored in result.clauses if scored.state == "unassessed" and scored.no not in unread
        ),
        unreadable=unread,
        unexplained=tuple(
            scored.no
            for scored in result.clauses
            if (scored.lost > 0 or scored.vetoed) and not typed.get(scored.no, Typed()).told
        ),
        unvisited=sum(not value for cells in typed.values() for _name, value, _found in cells.sites),
    )


def sheet_digest(assessment: Assessment, readings: Mapping[str, Any], typed: Mapping[str, Typed]) -> str:
    """SHA-256 over what was handed in: edition, kind, place, day, and each clause's reading and words; no clock and no key."""
    facts = {
        "rulebook": [assessment.rulebook.code, assessment.rulebook.edition, assessment.rulebook.digest],
        "kind": assessment.kind,
        "title": assessment.title,
        "region": assessment.region_id or assessment.campaign.region_id,
        "held_on": assessment.held_on.isoformat(),
        "clauses": {
            no: {"reading": readings.get(no), "typed": typed[no].as_document() if no in typed else None}
            for no in sorted({*readings, *typed})
        },
    }
    told = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


@transaction.atomic
def hand_in(*, assessment: Assessment, by: User, incomplete: bool = False) -> Assessment:
    """Freeze an assessment with its score and digest; from then on nobody writes into it.

    Raises ``Incomplete`` saying what is missing: with ``incomplete`` what is not assessed stays so; what cannot be read never goes.
    """
    locked = Assessment.objects.select_for_update(of=("self",)).select_related("campaign", "rulebook")
    assessment = locked.get(pk=assessment.pk)
    _still_open(assessment)
    if not may_fill(assessment, by):
        raise AssessmentRefused(_("这份测评没有交给您，不能交卷。"))
    result = assessed_score(assessment)
    numbers = dict(assessment.rulebook.clauses.values_list("pk", "no"))
    readings, entries = readings_of(assessment), entries_of(assessment)
    typed = {numbers[pk]: stands(entries.get(pk), readings.get(pk)) for pk in {*readings, *entries}}
    troubles = {numbers[pk]: entry.trouble for pk, entry in entries.items()}
    missing = missing_of(result, typed, troubles)
    if missing.unreadable:
        raise Incomplete(
            _("有 %(n)s 条填写有误：%(nos)s；改好才能交卷。")
            % {"n": len(missing.unreadable), "nos": "、".join(missing.unreadable)}
        )
    if missing.anything and not incomplete:
        raise Incomplete(
            _("交卷前还差：%(words)s。补齐，或勾选“照此交卷”。") % {"words": missing_words(missing)}
        )
    digest = sheet_digest(assessment, {numbers[pk]: one.value for pk, one in readings.items()}, typed)
    assessment.handed_in_at, assessment.handed_in_by = timezone.now(), by
    assessment.digest, assessment.score = digest, result.as_document()
    assessment.save(update_fields=["handed_in_at", "handed_in_by", "digest", "score"])
    audit.record(
        by=by,
        action="assessment.handed_in",
        target=assessment,
        territory=assessment.campaign.region_id,
        after={
            "digest": digest,
            "at": stamp(assessment.handed_in_at),
            "total": [assessment.score["total_low"], assessment.score["total_high"]],
            "unassessed": len(missing.unassessed),
        },
    )
    return assessment


def missing_words(missing: Missing) -> str:
    """What is missing, in words."""
    parts = []
    if missing.unassessed:
        parts.append(
            _("%(n)s 条未评（%(nos)s）") % {"n": len(missing.unassessed), "nos": _some(missing.unassessed)}
        )
    if missing.unexplained:
        parts.append(
            _("%(n)s 条失分没写理由（%(nos)s）")
            % {"n": len(missing.unexplained), "nos": _some(missing.unexplained)}
        )
    if missing.unvisited:
        parts.append(_("%(n)s 个点位没有结果") % {"n": missing.unvisited})
    return "，".join(parts)


def _some(numbers: tuple[str, ...], most: int = 6) -> str:
    return "、".join(numbers[:most]) + ("…" if len(numbers) > most else "")


@transaction.atomic
def return_assessment(*, assessment: Assessment, reason: str, by: User) -> Assessment:
    """Open a handed-in assessment again, with a reason; its digest stays in the trail."""
    if not reason.strip():
        raise AssessmentRefused(_("退回要写理由，填写的人才知道改哪里。"))
    before = {"digest": assessment.digest}
    returned = Assessment.objects.filter(
        pk=assessment.pk, handed_in_at__isnull=False, closed_at__isnull=True
    ).update(handed_in_at=None, handed_in_by=None, digest="", score=None)
    if not returned:
        raise AssessmentRefused(_("这份测评没有交卷或已经结束，不能退回。"))
    assessment.refresh_from_db()
    audit.record(
        by=by,
        action="assessment.returned",
        target=assessment,
        territory=assessment.campaign.region_id,
        before=before,
        reason=reason.strip(),
    )
    return assessment


@transaction.atomic
def close_assessment(*, assessment: Assessment, by: User) -> Assessment:
    """End an assessment that was handed in; it stays as it is."""
    closed = Assessment.objects.filter(
        pk=assessment.pk, handed_in_at__isnull=False, closed_at__isnull=True
    ).update(closed_at=timezone.now())
    if not closed:
        raise AssessmentRefused(_("交卷之后才能结束测评；没有交卷的请先催交。"))
    assessment.refresh_from_db()
    audit.record(
        by=by, action="assessment.closed", target=assessment, territory=assessment.campaign.region_id
    )
    return assessment
