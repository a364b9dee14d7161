"""Taking a ledger of officers back: new assignments are voided, ended ones go on, new officers nobody speaks of go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import SET_NULL

from entities.choices import Source
from entities.hooks import business_changed, businesses_forgotten
from entities.models import Assignment, Business, Officer, Pledge
from foodsafe_portal.lib.bulk import Same, among, update
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import LedgerContext, UndoResult
from records.ledgers.held import drop_fallen, holders
from records.models import LedgerBatch, LedgerRow

_CHANGED_SINCE = "导入之后又被修改过，没有还原"
_FIELDS = {
    "officer_title": "title",
    "officer_level": "level",
    "officer_unit": "unit_name",
    "officer_phone": "phone",
}


def undo_officers(staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    """Put officers, assignments and pledges back to what they were before a batch; see ``LedgerKind.undo``."""
    result = UndoResult()
    concerned: set[int] = set()
    _void_new(staged, batch, context, result, concerned)
    _go_on(staged, batch, result, concerned)
    Pledge.objects.filter(batch_id=batch.pk).delete()
    _put_people_back(staged, result)
    _remove_people(staged, batch, concerned, result)
    if concerned:
        business_changed.send(
            sender=Business, business_ids=sorted(concerned), on=context.today, at=context.now, by=context.user
        )
    return result


def _void_new(
    staged: list[LedgerRow],
    batch: LedgerBatch,
    context: LedgerContext,
    result: UndoResult,
    concerned: set[int],
) -> None:
    """Void the assignments the batch made, unless somebody has ended them since."""
    made = Assignment.objects.filter(batch_id=batch.pk, voided_at__isnull=True).select_related(
        "officer", "business"
    )
    void: list[int] = []
    for one in made:
        if one.ended_at is not None and batch.committed_at is not None and one.ended_at > batch.committed_at:
            row = _row_of(staged, one)
            if row is not None:
                result.conflict(row, str(one), "包保关系在导入之后又被终止，没有还原")
            continue
        void.append(one.pk)
        concerned.add(one.business_id)
    result.removed += update(
        Assignment, void, {"voided_at": Same(context.now)}, guard={"voided_at": Same(None)}
    )


def _row_of(staged: list[LedgerRow], one: Assignment) -> LedgerRow | None:
    numbers = {one.business.licence_no, one.business.credit_code, one.business.name} - {""}
    names = ("business_licence_no", "business_credit_code", "business_name")
    return next(
        (
            row
            for row in staged
            if row.values.get("officer_name") == one.officer.name
            and numbers & {row.values.get(name) for name in names}
        ),
        None,
    )


def _go_on(staged: list[LedgerRow], batch: LedgerBatch, result: UndoResult, concerned: set[int]) -> None:
    """Let assignments go on that the batch ended or voided, unless another one has taken the place.

    Their own rows say so again: nobody asks a bond what was known of it earlier. That it was taken to be over meanwhile stays
    told by the batch, its rows and the trail; what duties said of an officer in that time is versioned in the duties.
    """
    rows = {
        row.before[mark]: row
        for row in staged
        for mark in ("_ended", "_voided")
        if row.before and mark in row.before
    }
    if not rows:
        return
    before = {
        one.pk: one
        for one in among(Assignment.objects.select_related("officer", "business"), "id", list(rows))
    }
    taken = set(
        among(
            Assignment.objects.active(), "business_id", {one.business_id for one in before.values()}
        ).values_list("business_id", "level")
    )
    again: list[int] = []
    for pk, one in before.items():
        moment = one.voided_at or one.ended_at
        ours = moment is not None and batch.confirmed_at <= moment <= batch.committed_at
        if not ours or (one.business_id, one.level) in taken:
            result.conflict(rows[pk], str(one), _CHANGED_SINCE)
            continue
        again.append(pk)
        concerned.add(one.business_id)
    result.restored += update(
        Assignment, again, {"valid_to": Same(None), "ended_at": Same(None), "voided_at": Same(None)}
    )


def _put_people_back(staged: list[LedgerRow], result: UndoResult) -> None:
    rows = {row.before["_officer"]: row for row in staged if row.before and "_officer" in row.before}
    if not rows:
        return
    groups: dict[tuple[str, ...], list[tuple[Officer, dict[str, Any]]]] = defaultdict(list)
    for officer in among(Officer.objects.all(), "id", list(rows)):
        row = rows[officer.pk]
        old = {_FIELDS[key]: value for key, value in (row.before or {}).items() if key in _FIELDS}
        if "_match_key" in (row.before or {}):
            old["match_key"] = row.before["_match_key"]  # type: ignore[index]
        now = {_FIELDS[key]: row.values.get(key, "") for key in _FIELDS if _FIELDS[key] in old}
        if any(getattr(officer, name) != value for name, value in now.items()):
            result.conflict(row, officer.name, _CHANGED_SINCE)
        else:
            groups[tuple(sorted(old))].append((officer, old))
    for names, group in groups.items():
        columns: dict[str, Any] = {name: [old[name] for _, old in group] for name in names}
        columns["version"] = [officer.version + 1 for officer, _ in group]
        result.restored += update(
            Officer,
            [officer.pk for officer, _ in group],
            columns,
            guard={"version": [officer.version for officer, _ in group]},
        )


def _remove_people(
    staged: list[LedgerRow], batch: LedgerBatch, concerned: set[int], result: UndoResult
) -> None:
    """Remove the officers the batch brought in, unless other facts speak of them; their voided assignments go along."""
    new = Officer.objects.filter(
        source=Source.LEDGER,
        recorded_at__gte=batch.confirmed_at,
        recorded_at__lte=batch.committed_at,
        version=1,
    )
    # Other ledgers are imported while one waits for its approval: only people this one names can be its own.
    named = {row.values["officer_name"] for row in staged if row.values.get("officer_name")}
    people = dict(among(new.filter(in_territory(batch.territory)), "name", named).values_list("pk", "name"))
    own = Assignment.objects.filter(batch_id=batch.pk, voided_at__isnull=False)
    if not people or any(
        kept
        for _receiver, kept in businesses_forgotten.send(
            sender=Officer,
            business_ids=sorted(concerned | set(own.values_list("business_id", flat=True))),
            since=batch.committed_at,
        )
    ):
        return  # a frozen week names them
    speaking = [
        (relation.related_model, relation.field.attname)  # type: ignore[union-attr]
        for relation in Officer._meta.get_fields(include_hidden=True)
        if relation.auto_created
        and not relation.concrete
        and relation.related_model
        and getattr(relation, "on_delete", None) is not SET_NULL  # duties name one as long as there is one
    ]
    kept: dict[int, tuple[str, str]] = {}
    for model, name in speaking:
        users: Any = among(model._base_manager.all(), name, people)
        if model is Assignment:
            users = users.exclude(pk__in=own.values("pk"))
        why = f"已有{model._meta.verbose_name}，没有删除"
        kept |= {key: (why, by) for key, by in holders(users, name).items()}
    _tell_kept({people[key]: told for key, told in kept.items()}, staged, result)
    gone = sorted(set(people) - set(kept))
    among(own, "officer_id", gone).delete()
    drop_fallen(speaking, gone)
    result.removed += len(gone)
    among(Officer.objects.all(), "id", gone).delete()


def _tell_kept(kept: Mapping[str, tuple[str, str]], staged: Sequence[LedgerRow], result: UndoResult) -> None:
    """List the officers that stay (name → why, and who holds them) once each, unless their row says something already."""
    told = {one["row"] for one in result.conflicts}
    rows = {row.values.get("officer_name"): row for row in reversed(staged)}
    said = {row.values.get("officer_name") for row in staged if row.row_no in told}
    for name, (why, by) in kept.items():
        if name not in said:
            result.conflict(rows[name], name, why, by)
