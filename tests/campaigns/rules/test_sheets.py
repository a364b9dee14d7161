"""A rulebook as rows and back, and every fault of a document at once."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from campaigns.rules.drafting import faults_of
from campaigns.rules.entry import CellRefused, reading_of_cells
from campaigns.rules.passing import PassRuleUnclear, read_pass
from campaigns.rules.responsibility import own_body
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.sheet import BandsUnclear, clause_of, parent_of, read_bands, rows_of, written_bands

DOCUMENT: dict[str, Any] = {
    "title": "细则",
    "clauses": [
        {"no": "1", "title": "基础", "kind": "basic", "points": "6", "children": [
            {"no": "1.1", "title": "机构", "kind": "key", "points": "2", "method": "all_or_nothing"},
            {"no": "1.2", "title": "学校", "points": "4", "children": [
                {"no": "1.2.1", "title": "食堂", "points": "4", "method": "per_occurrence", "params": {"each": "0.5"}, "unit": "处"},
            ]},
        ]},
        {"no": "2", "title": "加分", "kind": "bonus", "method": "bonus", "params": {"each": "2", "cap": "4"}},
        {"no": "3", "title": "事故", "kind": "veto"},
    ],
}  # fmt: skip


def spoiled(**fields: Any) -> dict[str, Any]:
    """The document with some fields of clauses changed: ``_1_1={"points": "9"}``."""
    document = deepcopy(DOCUMENT)

    def walk(clauses: list[dict[str, Any]]) -> None:
        for raw in clauses:
            raw.update(fields.get("_" + raw["no"].replace(".", "_"), {}))
            walk(raw.get("children", []))

    walk(document["clauses"])
    return document


def test_a_sound_document_has_no_faults_and_is_left_as_it_is() -> None:
    document = deepcopy(DOCUMENT)
    assert faults_of(document) == [] and document == DOCUMENT


@pytest.mark.parametrize(
    ("document", "clauses"),
    [
        pytest.param(spoiled(_1={"points": "9"}), ["1"], id="a chapter worth something else than its clauses"),
        pytest.param(spoiled(_1_2={"points": "9"}), ["1.2"], id="a wrong sum is told where it is, not above it"),
        pytest.param(spoiled(_1_1={"method": None}, _2={"params": {}}), ["1.1", "2"], id="two clauses at fault"),
        pytest.param(spoiled(_1_2_1={"params": {}}), ["1.2.1"], id="nothing follows from a clause at fault"),
        pytest.param(spoiled(_1_1={"kind": "gold"}), ["1.1"], id="an unknown kind"),
        pytest.param(spoiled(_1_2={"method": "veto"}), ["1.2"], id="a chapter with a method"),
        pytest.param(spoiled(_3={"points": "2"}, _1_1={"points": "two"}), ["1.1", "3"], id="points that are none"),
    ],
)  # fmt: skip
def test_every_fault_is_told_once_at_its_clause(document: dict[str, Any], clauses: list[str]) -> None:
    assert [fault.clause for fault in faults_of(document)] == clauses


def test_known_faults_and_missing_clauses_draw_no_others_after_them() -> None:
    document = spoiled(_1_1={"points": "9"}, _2={"params": {}})
    assert [fault.clause for fault in faults_of(document, broken={"1.1"})] == ["2"]
    del document["clauses"][0]["children"][0]
    assert [fault.clause for fault in faults_of(document, incomplete=True)] == ["2"]


def test_rows_carry_all_that_is_scored() -> None:
    rows = list(rows_of(DOCUMENT))
    assert [(row["no"], row["parent"], row["kind"], row["points"], row["method"]) for row in rows] == [
        ("1", None, "basic", Decimal(6), None),
        ("1.1", "1", "key", Decimal(2), "all_or_nothing"),
        ("1.2", "1", "basic", Decimal(4), None),
        ("1.2.1", "1.2", "basic", Decimal(4), "per_occurrence"),
        ("2", None, "bonus", None, "bonus"),
        ("3", None, "veto", None, "veto"),
    ]
    raws = {row["no"]: clause_of(row) for row in rows}
    tops = []
    for row in rows:
        above = raws.get(row["parent"] or "")
        (tops if above is None else above.setdefault("children", [])).append(raws[row["no"]])
    assert parse_rulebook({"title": "细则", "clauses": tops}) == parse_rulebook(DOCUMENT)


def test_what_a_sheet_does_not_carry_stays_with_its_clause() -> None:
    known = {
        "no": "1.1",
        "method": "sites",
        "params": {"combine": "mean"},
        "evidence": ["现场"],
        "points": "2",
    }
    cells = {"no": "1.1", "title": "机构", "method": "judgement", "points": Decimal("2.50")}
    assert clause_of(cells, known) == {
        "no": "1.1", "title": "机构", "method": "judgement", "points": "2.5", "evidence": ["现场"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("no", "known", "above"),
    [
        ("3.4.1", {"3", "3.4"}, "3.4"),
        ("3.4.1", {"3"}, "3"),
        ("3.4.1", {"4"}, ""),
        ("3", {"3"}, ""),
        ("(四)", {"3"}, ""),
    ],
)
def test_a_number_lies_under_the_nearest_one_above_it(no: str, known: set[str], above: str) -> None:
    assert parent_of(no, dict.fromkeys(known)) == above


@pytest.mark.parametrize("text", ["≥0得2分；≥30得3分", "30:3;0:2", "≥30%得3分\n≥0%得2分", "0＝2、30＝3"])
def test_bands_are_understood_in_any_order_and_spelling(text: str) -> None:
    bands = read_bands(text)
    assert bands == [{"min": "0", "points": "2"}, {"min": "30", "points": "3"}]
    assert read_bands(written_bands(bands)) == bands


@pytest.mark.parametrize("text", ["优秀3分", "≥得3分", "80以上"])
def test_bands_nobody_understands_are_refused(text: str) -> None:
    with pytest.raises(BandsUnclear, match="看不懂"):
        read_bands(text)


@pytest.mark.parametrize("text", ["总分90", "关键项≥160%", "及格就行"])
def test_a_pass_rule_nobody_understands_is_refused(text: str) -> None:
    with pytest.raises(PassRuleUnclear, match="看不懂"):
        read_pass(text)


@pytest.mark.parametrize(
    ("cells", "key", "code"),
    [
        pytest.param({}, "value", "answer_missing", id="nothing is told"),
        pytest.param({"not_applicable": False}, "value", "answer_missing", id="applicable, but no answer"),
        pytest.param({"met": True}, "met", "answer_wrong", id="the answer to another question"),
        pytest.param({"value": Decimal(3), "sites": "1"}, "sites", "answer_wrong", id="two answers"),
        pytest.param({"value": Decimal(-3)}, "value", "out_of_range", id="less than nothing"),
    ],
)
def test_cells_that_do_not_answer_a_counted_clause_are_refused(
    cells: dict[str, Any], key: str, code: str
) -> None:
    with pytest.raises(CellRefused) as refused:
        reading_of_cells("per_shortfall", {"required": "4", "each": "1"}, cells)
    assert (refused.value.key, refused.value.code) == (key, code)


def test_a_body_answers_for_what_lies_in_its_reach_the_lead_first() -> None:
    bodies = [(1, "/a/b/"), (2, "/c/"), (3, "/c/d/")]
    assert own_body(bodies, ["/c/"]) == 2
    assert own_body(bodies, ["/c/", "/a/"]) == 1
    assert own_body(bodies, ["/c/d/"]) == 3
    assert own_body(bodies, ["/e/"]) is None
    assert own_body(bodies, [""]) is None
