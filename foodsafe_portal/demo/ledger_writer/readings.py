"""A ledger of readings for the clauses of the rulebook in use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from campaigns.models import Campaign
from campaigns.rules.entry import ANSWERS, asked
from campaigns.rules.sheet import rows_of
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, Fault, Typed, new_draft
from foodsafe_portal.demo.ledger_writer.faults import Recipe, Row, Take, bad_date, blank, soil, twins, typed
from foodsafe_portal.demo.rulebook import FILE

_NOTES: Final = ("会议纪要", "现场记录", "第三方测评报告", "统计报表", "抽检通报")
_REASONS: Final = ("资料不全", "经费未单列", "制度未更新", "现场与台账不一致")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A clause that somebody must read, and what it asks for."""

    no: str
    title: str
    question: str
    params: dict[str, Any]


def write_readings(desk: Desk, share: float) -> Draft:
    """``desk.size`` readings, each clause on as many days as it takes."""
    random = desk.random("readings")
    document = _document(desk)
    clauses = _clauses(document)
    rows = [
        _row(random, clauses[at % len(clauses)]) | {"on": desk.on - timedelta(days=at // len(clauses))}
        for at in range(desk.size)
    ]
    draft = new_draft(desk, "readings", rows, optional=("note",), always=(*ANSWERS, "title"))
    soil(draft, _recipes(document), desk.random("faults"), share)
    return draft


def _document(desk: Desk) -> dict[str, Any]:
    """The rulebook of the county's campaign, or the demonstration's where there is none."""
    campaign = (
        Campaign.objects.nearest_to(desk.county).exclude(rulebook=None).select_related("rulebook").first()
    )
    if campaign is not None and campaign.rulebook is not None:
        return dict(campaign.rulebook.document)
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def _clauses(document: dict[str, Any]) -> list[_Asked]:
    cells = list(rows_of(document))
    return [
        _Asked(row["no"], row["title"], asked(row["method"], params), params)
        for row in cells
        if row["method"] and not row["measure"]
        for params in [{key: row[key] for key in ("target", "combine") if row[key] is not None}]
    ]


def _row(random: Random, clause: _Asked) -> Row:
    answer: dict[str, Any]
    match clause.question:
        case "met" | "happened" as question:
            answer = {question: random.random() < 0.7 and question == "met"}
        case "occurrences":
            answer = {"occurrences": random.randint(0, 9)}
        case "deducted":
            answer = {"deducted": Decimal(random.randint(0, 4)) / 4, "reason": random.choice(_REASONS)}
        case "sites":
            whole = clause.params.get("combine") == "sum_deductions"
            sites = [random.randint(0, 3) if whole else Decimal(random.randint(8, 20)) / 4 for _ in range(4)]
            answer = {"sites": random.choice("、，,").join(map(str, sites))}
        case _:
            answer = {"value": Decimal(random.randint(100, 9_900)) / 100}
    titled = clause.title if random.random() < 0.8 else None
    return {
        "no": clause.no,
        "title": titled,
        "note": random.choice(_NOTES),
        "_question": clause.question,
    } | answer


def _unanswered(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    """Nothing in any of the columns for results."""
    row = draft.rows[at]
    row.update(dict.fromkeys((*ANSWERS, "reason")))
    return [Fault(at, row["_question"], "answer_missing")]


def _wrong_column(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    """The result of a counting clause in the column for yes and no, or the other way round."""
    row = draft.rows[at]
    if row["_question"] == "occurrences":
        row.update({"occurrences": None, "met": True})
        return [Fault(at, "met", "answer_wrong")]
    if row["_question"] == "met":
        row.update({"met": None, "occurrences": 3})
        return [Fault(at, "occurrences", "answer_wrong")]
    return []


def _without_reason(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    if draft.rows[at]["_question"] != "deducted":
        return []
    draft.rows[at]["reason"] = None
    return [Fault(at, "reason", "required")]


def _below_zero(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    question = draft.rows[at]["_question"]
    if question not in ("deducted", "occurrences") or not draft.has(question):
        return []
    draft.rows[at][question] = Typed(-1)
    return [Fault(at, question, "out_of_range")]


def _another_title(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    if not draft.rows[at]["title"]:
        return []
    draft.rows[at]["title"] = f"{draft.rows[at]['title']}(旧版)"
    return [Fault(at, "title", "clause_title_differs")]


def _other_clause(code: str, numbers: Sequence[str]) -> Recipe:
    """A clause that takes no reading, on a day of its own, so that no two rows speak of the same."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        row = draft.rows[at]
        row.update({"no": Typed(random.choice(numbers)), "on": row["on"] - timedelta(days=100 + at)})
        return [Fault(at, "no", code)]

    return spoil


def _another_note(row: Row, random: Random) -> Row:
    return {"note": f"{row['note']}(第二份)", "title": f"{row['title'] or ''}(另一份)"}


def _recipes(document: dict[str, Any]) -> list[Recipe]:
    cells = list(rows_of(document))
    chapters = [row["no"] for row in cells if not row["method"]]
    counted = [row["no"] for row in cells if row["measure"]]
    return [
        blank("no"),
        blank("on"),
        bad_date("on"),
        typed("on", "future_date", "2062-10-15"),
        _other_clause("clause_unknown", ["99.9", "0.1"]),
        *([_other_clause("clause_has_children", chapters)] if chapters else []),
        *([_other_clause("clause_counted", counted)] if counted else []),
        _unanswered,
        _wrong_column,
        _without_reason,
        _below_zero,
        _another_title,
        typed("met", "not_yes_or_no", "大概", "基本"),
        typed("value", "not_a_number", "八十", "88%"),
        typed("occurrences", "not_an_integer", "两次", "1.5"),
        twins("duplicate_conflict", _another_note),
    ]
