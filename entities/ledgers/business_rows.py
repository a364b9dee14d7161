"""What each row of a ledger of businesses would do: the facts it changes, and whether its grade and status may be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_noop

from entities.choices import BusinessStatus
from entities.fields import BLANKS, IDENTITY, LEDGER_FIELDS, STATUSES, Facts
from entities.ledgers.matching import Matches, Stored, without_former
from entities.rules.matching import key_of
from entities.services.changes import grades_standing, statuses_reviewed
from entities.services.former_identities import Identity
from entities.services.likeness import Alike
from entities.services.register import Correction, Entry
from foodsafe_portal.lib.mergers import home_of
from foodsafe_portal.lib.scope import standing_mergers
from records.choices import RowVerb
from records.ledgers import Plan, Rows
from records.ledgers.codes import name_code

NORMAL = BusinessStatus.NORMAL.value

name_code("before_registration", gettext_noop("填报日期早于入册日期"))


@dataclass(slots=True)
class Intent(Entry):
    """What is to be written for one row: the facts the business will have, and where status and grade go."""

    index: int = 0
    stored: Stored | None = None
    to_status: str = ""
    from_grade: str | None = None
    rewrites: bool = False

    @property
    def from_status(self) -> str:
        """The status the business has now, a new one 正常."""
        return self.stored.status if self.stored else NORMAL

    def correction(self) -> Correction:
        """What is written over the business that was read."""
        stored = self.stored
        assert stored is not None
        was = Identity(stored.pk, stored.match_key, *(getattr(stored.values, name) for name in IDENTITY))
        return Correction(stored.pk, stored.version, was, stored.region_id, self)


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[Intent] = field(default_factory=list)
    changed: list[Intent] = field(default_factory=list)
    similar: dict[int, list[Alike]] = field(default_factory=dict)


def intents_of(rows: Rows, plan: Plan, regions: Sequence[str], matches: Matches) -> dict[int, Intent]:
    """Values to write for every live row; ``befores`` get what changes besides status and grade."""
    merged = standing_mergers()
    intents: dict[int, Intent] = {}
    offered = list(rows.tuples(LEDGER_FIELDS))
    columns = (_filled(rows, name) for name in LEDGER_FIELDS)
    filled = list(map(Facts._make, zip(*columns, strict=True)))
    grades = rows.column("responsibility_grade")
    for index, former in matches.former.items():
        offered[index] = without_former(offered[index], former, matches.stored[index])
    for index in rows.live():
        if index in matches.merged:
            continue
        stored = matches.stored.get(index)
        if stored is None:
            key = rows.identities[index]
            intents[index] = Intent(filled[index], regions[index], key, grades[index] or "", index)
            plan.verbs[index] = RowVerb.CREATED
            continue
        plan.targets[index], plan.versions[index] = stored.pk, stored.version
        values = stored.values
        before: dict[str, Any] = {}
        if filled[index] != values:
            values, before = _differences(offered[index], stored)
        region, key = regions[index], stored.match_key
        # A business of a merged region, too, lies where the row says: its facts stay where they were.
        if home_of(stored.region_id, merged).startswith(region):
            region = stored.region_id
        if region != stored.region_id:
            before["region_id"] = stored.region_id
        if before and rows.identities[index] != key:
            key = key_of(values)
            if key != stored.match_key:
                before["match_key"] = stored.match_key
        intents[index] = Intent(values, region, key, stored.grade, index, stored, rewrites=bool(before))
        plan.befores[index] = before or None
        plan.verbs[index] = RowVerb.UPDATED if before else RowVerb.UNCHANGED
    return intents


def registered(stored: Stored, key: str) -> Any:
    """What the register has in a column of the ledger."""
    if key == "status":
        return stored.status
    return stored.grade if key == "responsibility_grade" else getattr(stored.values, key)


def _filled(rows: Rows, name: str) -> list[Any]:
    """A column with its blanks as the register stores them."""
    column, blank = rows.column(name), BLANKS.get(name, "")
    return [blank if value is None else value for value in column] if None in column else column


def _differences(offered: tuple[Any, ...], stored: Stored) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The values a business will have, and those it had where they differ; a blank cell changes nothing."""
    was: Sequence[Any] = stored.values
    said: Sequence[Any] = offered
    kept: list[Any] = [old if new is None else new for new, old in zip(said, was, strict=True)]
    values = Facts._make(kept)
    names: Sequence[str] = LEDGER_FIELDS
    before: dict[str, Any] = {
        name: old.isoformat() if isinstance(old, date) else old
        for name, new, old in zip(names, kept, was, strict=True)
        if new != old
    }
    return values, before


def decide_grades(rows: Rows, plan: Plan, intents: Mapping[int, Intent], on: date) -> None:
    """A ledger of the day ``on`` changes 包保等级, except where a person's word or a later change stands; the row says so."""
    offered = rows.column("responsibility_grade")
    asked = [
        intent
        for index, intent in intents.items()
        if intent.stored and offered[index] and offered[index] != intent.grade
    ]
    standing = grades_standing(intent.stored.pk for intent in asked if intent.stored)
    for intent in asked:
        stored = intent.stored
        assert stored is not None
        last = standing.get(stored.pk)
        if last and (last.manual or last.effective_on > on):
            grade = stored.grade or "未分级"
            why = f"人工复核过的包保等级({grade})不会被台账覆盖"
            if not last.manual:
                why = f"登记的包保等级({grade})自 {last.effective_on} 起，晚于本台账的填报日期，不改"
            keep(rows, plan, intent.index, "responsibility_grade", "grade_kept", why)
            continue
        intent.from_grade, intent.grade, intent.rewrites = stored.grade, offered[intent.index], True
        plan.befores[intent.index] = {
            **(plan.befores[intent.index] or {}),
            "responsibility_grade": stored.grade,
        }
        plan.verbs[intent.index] = RowVerb.UPDATED


def keep(rows: Rows, plan: Plan, index: int, column: str, code: str, said: str) -> None:
    """Leave what the register has and say so on the row."""
    rows.note(index, column, code, said)
    if plan.verbs[index] == RowVerb.UNCHANGED:
        plan.verbs[index] = RowVerb.CONFLICT


def decide_statuses(rows: Rows, plan: Plan, intents: Mapping[int, Intent], on: date) -> None:
    """Another status than the register's is proposed for review, never written; a review is not asked for twice."""
    offered = rows.column("status")
    asked = [
        intent for index, intent in intents.items() if offered[index] and offered[index] != intent.from_status
    ]
    reviews = statuses_reviewed(intent.stored.pk for intent in asked if intent.stored)
    for intent in asked:
        index, stored, to_status = intent.index, intent.stored, offered[intent.index]
        word, now = STATUSES[to_status], STATUSES[intent.from_status]
        waiting = reviews.waiting.get(stored.pk) if stored else None
        if waiting == to_status:
            continue
        if waiting:
            said = f"已有变更为“{STATUSES[waiting]}”的申请待审核，审核后才能再报“{word}”"
            keep(rows, plan, index, "status", "status_waiting", said)
        elif stored and reviews.refused.get(stored.pk) == to_status:
            said = f"变更为“{word}”的申请审核未通过，台账不能改；如情况有变，请在主体页面重新提出并附依据"
            keep(rows, plan, index, "status", "status_rejected", said)
        elif stored and on < stored.registered_on:
            said = f"主体 {stored.registered_on} 才入册，晚于本台账的填报日期，状态“{word}”不提请"
            keep(rows, plan, index, "status", "before_registration", said)
        else:
            intent.to_status = to_status
            said = f"经营状态“{word}”提请审核，审核通过前仍按“{now}”统计"
            rows.note(index, "status", "status_proposed", said)
            _note_proposal(plan, intent)


def _note_proposal(plan: Plan, intent: Intent) -> None:
    """What a proposed status makes of a row of a registered business."""
    if intent.stored is None:
        return
    index, old = intent.index, intent.from_status
    plan.befores[index] = {**(plan.befores[index] or {}), "status": old}
    if old == NORMAL:
        plan.verbs[index] = RowVerb.CLOSED
    else:
        plan.verbs[index] = RowVerb.REACTIVATED if intent.to_status == NORMAL else RowVerb.UPDATED


def settle(intents: Mapping[int, Intent]) -> Intents:
    settled = Intents()
    for intent in intents.values():
        if intent.stored is None:
            settled.created.append(intent)
        elif intent.rewrites or intent.to_status:
            settled.changed.append(intent)
    return settled
