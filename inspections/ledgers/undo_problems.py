"""Taking a ledger of problems back: new ones nobody has touched are voided, bettered words are put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foodsafe_portal.lib.bulk import Same, update
from inspections.ledgers.problem_rows import WORDS
from inspections.models import Problem, ProblemEvent
from inspections.rectification import withdraw_duties
from inspections.services.problems import VOIDED
from inspections.services.steps import new_event
from inspections.services.words import UPDATED
from records.ledgers import LedgerContext, UndoResult
from records.models import LedgerBatch, LedgerRow


def undo_problems(staged: Sequence[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    """See ``LedgerKind.undo``."""
    result = UndoResult()
    made = list(Problem.objects.filter(batch_id=batch.pk, voided_at__isnull=True))
    untouched = [problem for problem in made if problem.version == 1]
    why = f"撤销台账批次 {context.batch_number}"
    result.removed = update(
        Problem,
        [problem.pk for problem in untouched],
        {"voided_at": Same(context.now), "void_reason": Same(why), "version": Same(2)},
        guard={"version": Same(1), "voided_at": Same(None)},
    )
    withdraw_duties(untouched, at=context.now)
    by_words = {row.values.get("description"): row for row in staged}
    for problem in made:
        if problem.version != 1 and staged:
            row = by_words.get(problem.description, staged[0])
            result.conflict(row, problem.code, "导入之后已有人办理，没有撤销")
    events = [_event(one, VOIDED, why, context) for one in untouched]
    for row in staged:
        if row.before and row.target_id:
            events += _words_back(row, row.before, why, context, result)
    ProblemEvent.objects.bulk_create(events, batch_size=1_000)
    return result


def _words_back(
    row: LedgerRow, before: Mapping[str, Any], why: str, context: LedgerContext, result: UndoResult
) -> list[ProblemEvent]:
    problem = Problem.objects.filter(pk=row.target_id or 0, voided_at__isnull=True).first()
    if problem is None or any(getattr(problem, WORDS[key]) != row.values.get(key) for key in before):
        result.conflict(row, str(problem or row.key), "导入之后又被修改过，没有还原")
        return []
    words = {WORDS[key]: old for key, old in before.items()}
    back = Problem.objects.filter(pk=problem.pk, version=problem.version).update(
        **words, version=problem.version + 1
    )
    result.restored += back
    return [_event(problem, UPDATED, why, context)] if back else []


def _event(problem: Problem, action: str, why: str, context: LedgerContext) -> ProblemEvent:
    state = problem.state
    return new_event(
        problem, action, state, state, on=context.today, note=why, by=context.user, at=context.now
    )
