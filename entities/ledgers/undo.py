"""Taking a ledger of businesses back: what it brought in goes, what it changed is put back, what was used since stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from django.db.models import CASCADE

from entities.choices import ReviewState, Source
from entities.hooks import business_changed, businesses_forgotten
from entities.models import (
    Assignment,
    Business,
    DuplicatePair,
    FormerIdentity,
    GradeChange,
    Pledge,
    StatusChange,
)
from foodsafe_portal.lib.bulk import Same, among, update
from foodsafe_portal.lib.pinyin import initials
from records.choices import RowVerb
from records.ledgers import LedgerContext, UndoResult
from records.ledgers.held import drop_fallen, holders
from records.models import LedgerBatch, LedgerRow

_AT_ONCE = 2_000
_CHANGED_SINCE = "导入之后又被修改过，没有还原"


def undo_businesses(staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    """Put businesses back to what they were before a batch; see ``LedgerKind.undo``."""
    result = UndoResult()
    reviewed = set(
        StatusChange.objects.filter(batch_id=batch.pk)
        .exclude(state=ReviewState.PROPOSED)
        .values_list("business_id", flat=True)
    )
    _take_out([row for row in staged if row.verb == RowVerb.CREATED], batch, reviewed, result)
    changed = [row for row in staged if row.verb != RowVerb.CREATED and row.before and row.target_id]
    restored = _put_back(changed, batch, context, reviewed, result)
    if restored:
        business_changed.send(
            sender=Business, business_ids=restored, on=context.today, at=context.now, by=context.user
        )
    return result


def _take_out(rows: list[LedgerRow], batch: LedgerBatch, reviewed: set[int], result: UndoResult) -> None:
    by_key = {row.key: row for row in rows}
    locked = Business.objects.select_for_update().order_by("pk")  # nobody writes what is looked at here
    found = among(locked.filter(source=Source.LEDGER), "match_key", list(by_key))
    found = found.filter(recorded_at__gte=batch.confirmed_at, recorded_at__lte=batch.committed_at)
    businesses = list(found.values_list("pk", "match_key", "name", "version"))
    reasons: dict[int, str] = dict.fromkeys(reviewed, "状态变更已经审核，没有删除")
    reasons |= dict.fromkeys((pk for pk, _, _, version in businesses if version != 1), _CHANGED_SINCE)
    used, held_by = _in_use([pk for pk, *_ in businesses], batch)
    reasons |= used
    decided = DuplicatePair.objects.decided()
    for side in ("first_id", "second_id"):
        keys = among(decided, side, [pk for pk, *_ in businesses]).values_list(side, flat=True)
        reasons |= dict.fromkeys(keys, "疑似重复已有核对结论，没有删除")
    here = {key for _, key, _, _ in businesses}
    renamed = FormerIdentity.objects.filter(
        business__recorded_at__gte=batch.confirmed_at, business__recorded_at__lte=batch.committed_at
    )
    lost = among(renamed, "match_key", set(by_key) - here).values_list("match_key", "business__name")
    for key, name in dict(lost).items():
        result.conflict(by_key[key], name, _CHANGED_SINCE)
    gone = []
    for pk, key, name, _version in businesses:
        if pk in reasons:
            result.conflict(by_key[key], name, reasons[pk], held_by.get(pk, ""))
        else:
            gone.append(pk)
    drop_fallen([(relation.related_model, relation.field.attname) for relation in _speaking()], gone)
    for start in range(0, len(gone), _AT_ONCE):
        Business.objects.filter(pk__in=gone[start : start + _AT_ONCE]).delete()
    result.removed += len(gone)


def _speaking() -> list[Any]:
    """The relations to businesses that keep one from going: not what is derived from it, nor its own history."""
    return [
        relation
        for relation in Business._meta.get_fields(include_hidden=True)
        if relation.auto_created
        and not relation.concrete
        and relation.related_model
        and (
            getattr(relation, "on_delete", CASCADE) is not CASCADE
            or relation.related_model in (Assignment, Pledge)
        )
    ]


def _in_use(business_ids: list[int], batch: LedgerBatch) -> tuple[dict[int, str], dict[int, str]]:
    """Businesses that other facts speak of, with the reason why they must stay, and by whom they are held.

    What an undone batch has voided speaks of nothing any more.
    """
    reasons: dict[int, str] = {}
    held_by: dict[int, str] = {}
    if not business_ids:
        return reasons, held_by
    for relation in _speaking():
        model, name = relation.related_model, relation.field.attname
        users = holders(among(model._base_manager.all(), name, business_ids), name)
        reasons |= dict.fromkeys(users, f"已有{model._meta.verbose_name}，没有删除")
        held_by |= users
    for _receiver, kept in businesses_forgotten.send(
        sender=Business, business_ids=business_ids, since=batch.committed_at
    ):
        reasons |= cast(dict[int, str], kept or {})
    return reasons, held_by


def _put_back(
    rows: list[LedgerRow], batch: LedgerBatch, context: LedgerContext, reviewed: set[int], result: UndoResult
) -> list[int]:
    """Restore the values of changed businesses; returns the keys of those put back."""
    if not rows:
        return []
    locked = Business.objects.select_for_update(no_key=True).order_by("pk")
    businesses = {b.pk: b for b in among(locked, "id", [row.target_id for row in rows])}
    groups: dict[tuple[str, ...], list[tuple[Business, Mapping[str, Any]]]] = defaultdict(list)
    restored: list[int] = []
    for row in rows:
        business = businesses.get(row.target_id or 0)
        before = row.before or {}
        names = tuple(sorted(name for name in before if name != "status"))
        version = (row.base_version or 0) + bool(names)
        if business is None or business.version != version:
            result.conflict(row, business.name if business else row.key, _CHANGED_SINCE)
        elif business.pk in reviewed:
            result.conflict(row, business.name, "状态变更已经审核，没有还原")
        else:
            restored.append(business.pk)
            if names:
                groups[names].append((business, before))
    for names, group in groups.items():
        _restore(names, group, context)
    _drop_changes(batch, restored)
    among(FormerIdentity.objects.filter(batch_id=batch.pk), "business_id", restored).delete()
    result.restored += len(restored)
    return restored


def _restore(
    names: Iterable[str], group: list[tuple[Business, Mapping[str, Any]]], context: LedgerContext
) -> None:
    columns: dict[str, Any] = {name: [before[name] for _, before in group] for name in names}
    if "licence_valid_to" in columns:
        columns["licence_valid_to"] = [
            date.fromisoformat(day) if day else None for day in columns["licence_valid_to"]
        ]
    if "name" in columns:
        columns["name_initials"] = [initials(name)[:150] for name in columns["name"]]
    columns["version"] = [business.version + 1 for business, _ in group]
    columns["updated_at"] = Same(context.now)
    update(
        Business,
        [business.pk for business, _ in group],
        columns,
        guard={"version": [business.version for business, _ in group]},
    )


def _drop_changes(batch: LedgerBatch, business_ids: list[int]) -> None:
    """Withdraw the changes the batch proposed and the grades it wrote."""
    among(
        StatusChange.objects.filter(batch_id=batch.pk, state=ReviewState.PROPOSED),
        "business_id",
        business_ids,
    ).delete()
    among(GradeChange.objects.filter(batch_id=batch.pk), "business_id", business_ids).delete()
