"""Taking a ledger of visits back: what it wrote is voided, what it voided stands again as a later row, words are put back.

A visit is a fact: what was known of it at any instant stays askable. So nothing is deleted, and a visit that was voided stays so;
that it holds after all is a row of its own, known from the undo on.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

from foodsafe_portal.lib.bulk import Same, Values, among, update
from inspections.fulfilment import refresh_duties
from inspections.ledgers.visit_words import COLUMNS, TEXTS, rows_told
from inspections.models import Problem, Visit
from records.choices import BatchState, RowVerb
from records.ledgers import LedgerContext, Rows, UndoResult
from records.models import LedgerBatch, LedgerRow
from records.services.kept import stand_again

BUSINESS: Final = "_business"
"""Under this name a staged row keeps to which business its visit was made; rows staged long ago do not."""


def undo_visits(staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    """See ``LedgerKind.undo``; a fixed number of statements whatever the size of the batch."""
    result = UndoResult()
    _tell_moved_on(staged, batch, result)
    concerned, numbers_kept = _void_made(staged, batch, context, result)
    # What took a visit's place and stays, as has been told, keeps it from coming back.
    back = {
        row.before["_voided"]: row
        for row in staged
        if row.before and "_voided" in row.before and row.values.get("national_record_no") not in numbers_kept
    }
    concerned |= _stand_again(back, batch, context, result)
    worded = [
        row for row in staged if row.before and "_voided" not in row.before and row.verb != RowVerb.CREATED
    ]
    _put_words_back(worded, result)
    refresh_duties(concerned, context.now)
    return result


def _tell_moved_on(staged: list[LedgerRow], batch: LedgerBatch, result: UndoResult) -> None:
    """List the rows whose national record a later batch has taken over: its visit is that batch's to take back."""
    numbers = {
        row.values["national_record_no"]: row
        for row in staged
        if row.verb == RowVerb.CREATED and row.values.get("national_record_no")
    }
    if not numbers:
        return
    fields = ("national_record_no", "business__name", "visited_on", "batch_id")
    standing = among(Visit.objects.valid(), "national_record_no", numbers).order_by("pk")
    for number, name, day, owner in standing.values_list(*fields):
        if owner != batch.pk:
            result.conflict(numbers[number], f"{name} {day}", "导入之后又由别的台账更正或重新登记，没有作废")


def _void_made(
    staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext, result: UndoResult
) -> tuple[set[int], set[str]]:
    """Void what the batch wrote, except where a problem hangs on it; the businesses concerned, the record numbers that stay."""
    fields = ("pk", "business_id", "business__name", "officer_name", "visited_on", "national_record_no")
    made = list(Visit.objects.valid().filter(batch_id=batch.pk).order_by("pk").values_list(*fields))
    kept = set(
        among(Problem.objects.valid(), "visit_id", [visit[0] for visit in made]).values_list(
            "visit_id", flat=True
        )
        if made
        else ()
    )
    row_of = {_told(row): row for row in reversed(staged)}
    gone: list[int] = []
    numbers_kept: set[str] = set()
    for pk, business, name, officer, day, number in made:
        if pk not in kept:
            gone.append(pk)
            continue
        told = (officer, day.isoformat())
        row = row_of.get((business, *told)) or row_of.get((None, *told), staged[0])
        result.conflict(row, f"{name} {day}", "这次督导下已有问题在整改，没有作废")
        if number:
            numbers_kept.add(number)
    void = {
        "voided_at": Same(context.now),
        "void_reason": Same(f"撤销台账批次 {context.batch_number}"),
        "national_record_no": Same(None),
    }
    result.removed = update(Visit, gone, void)
    return {business for _pk, business, *_rest in made}, numbers_kept


def _told(row: LedgerRow) -> tuple[Any, ...]:
    """Whose visit a row tells of, where and when; the business is none where the row does not keep it."""
    return (row.before or {}).get(BUSINESS), row.values.get("officer_name"), row.values.get("visited_on")


def _stand_again(
    rows: Mapping[int, LedgerRow], batch: LedgerBatch, context: LedgerContext, result: UndoResult
) -> set[int]:
    """Write the visits that the batch voided (``rows``: key → the row that replaced it) anew; returns their businesses."""
    if not rows:
        return set()
    ours = Visit.objects.filter(voided_at__range=(batch.confirmed_at, batch.committed_at))
    voided = list(among(ours, "id", list(rows)).order_by("pk").values())
    numbers = {key: row.values.get("national_record_no") for key, row in rows.items()}
    owners = {visit["batch_id"] for visit in voided if visit["batch_id"]}
    undone = set(
        LedgerBatch.objects.filter(pk__in=owners, state=BatchState.UNDONE).values_list("pk", flat=True)
    )
    taken = _taken(
        {visit["business_id"] for visit in voided}, {number for number in numbers.values() if number}
    )
    back: list[dict[str, Any]] = []
    for visit in voided:
        name = f"{visit['officer_name']} {visit['visited_on']}"
        if visit["batch_id"] in undone:
            result.conflict(rows[visit["id"]], name, "导入这次督导的批次已经撤销，没有还原")
        elif _facts(visit) in taken or numbers[visit["id"]] in taken:
            result.conflict(rows[visit["id"]], name, "导入之后又登记了同一次督导，没有还原")
        else:
            back.append(visit)
    own: dict[str, Values] = {
        "client_uuid": [uuid.uuid4() for _ in back],
        "national_record_no": [numbers[visit["id"]] for visit in back],
        "recorded_at": Same(context.now),
        "voided_at": Same(None),
        "void_reason": Same(""),
    }
    result.restored += stand_again(Visit, back, own)
    _hang_problems_over({visit["id"]: _facts(visit) for visit in back})
    return {visit["business_id"] for visit in back}


def _facts(visit: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whose visit it was, where and when; one standing visit has them."""
    return visit["business_id"], visit["officer_name"], visit["visited_on"]


def _taken(businesses: Collection[int], numbers: Collection[str]) -> set[Any]:
    """What stands at these businesses, and which of the record numbers another visit has."""
    fields = ("business_id", "officer_name", "visited_on")
    standing = among(Visit.objects.valid(), "business_id", businesses).values_list(*fields)
    named = among(Visit.objects.all(), "national_record_no", numbers).values_list(
        "national_record_no", flat=True
    )
    return {*standing, *named}


def _hang_problems_over(back: Mapping[int, tuple[Any, ...]]) -> None:
    """Let the problems found at a voided visit (key → its facts) hang on the one that stands for it now."""
    problems = dict(among(Problem.objects.all(), "visit_id", list(back)).values_list("pk", "visit_id"))
    if not problems:
        return
    businesses = {facts[0] for facts in back.values()}
    fields = ("business_id", "officer_name", "visited_on", "pk")
    standing = {
        tuple(facts): pk
        for *facts, pk in among(Visit.objects.valid(), "business_id", businesses).values_list(*fields)
    }
    update(Problem, list(problems), {"visit_id": [standing[back[visit]] for visit in problems.values()]})


def _put_words_back(rows: list[LedgerRow], result: UndoResult) -> None:
    """Give corrected visits their words back, where nobody has worded them anew since."""
    if not rows:
        return
    columns = {key: [row.values.get(key) for row in rows] for key in COLUMNS}
    told_by_rows = list(rows_told(Rows([row.row_no for row in rows], columns, {})))
    found = among(Visit.objects.valid(), "id", [row.target_id for row in rows if row.target_id])
    visits = {visit["pk"]: visit for visit in found.values("pk", "business__name", "visited_on", *TEXTS)}
    back: list[tuple[int, Mapping[str, Any]]] = []
    for row, told in zip(rows, told_by_rows, strict=True):
        visit, before = visits.get(row.target_id or 0), row.before or {}
        if visit is None or any(visit[name] != told.get(name) for name in before):
            name = f"{visit['business__name']} {visit['visited_on']}" if visit else row.key
            result.conflict(row, name, "导入之后又被修改过，没有还原")
        else:
            back.append((visit["pk"], {name: before.get(name, visit[name]) for name in TEXTS}))
    result.restored += update(
        Visit, [pk for pk, _ in back], {name: [words[name] for _, words in back] for name in TEXTS}
    )
