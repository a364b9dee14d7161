"""A rulebook or a reading that contradicts itself is refused with the clause named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from campaigns.rules.rulebook import Kind, ReadingRefused, RulebookRefused, parse_rulebook
from campaigns.rules.scoring import score


def leaf(**changes):
    return {"no": "1", "kind": "basic", "points": "10", "method": "all_or_nothing"} | changes


def chapter(points, *children, **changes):
    return {"no": "A", "kind": "basic", "points": points, "children": list(children)} | changes


def judged(method, **params):
    return leaf(method=method, params=params)


@pytest.mark.parametrize(
    ("clauses", "clause", "sentence"),
    [
        pytest.param(
            [chapter("4", leaf(points="3"), leaf(no="2", points="0.75"))],
            "A",
            "条款 A：下级条款分值之和是 3.75，本条分值是 4，两者应相等",
            id="children that do not sum to their parent",
        ),
        pytest.param(
            [chapter("10", chapter("10", leaf(points="9"), no="A1"))],
            "A1",
            "条款 A1：下级条款分值之和是 9，本条分值是 10，两者应相等",
            id="the innermost wrong sum is named",
        ),
        pytest.param([leaf(), leaf()], "1", "条款 1：编号重复", id="a number used twice"),
        pytest.param(
            [chapter("10", leaf(no="A"))], "A", "条款 A：编号重复", id="a child with its parent's number"
        ),
        pytest.param([leaf(no="")], None, "有条款缺少编号（no）", id="no number"),
        pytest.param([leaf(no=True)], None, "有条款缺少编号（no）", id="a number that is none"),
        pytest.param(["1"], None, "条款应为一组键值，填的是 1", id="a clause that is none"),
        pytest.param(
            [leaf(kind="main")],
            "1",
            "条款 1：类别应为 key、basic、bonus、veto 之一，填的是 main",
            id="a kind",
        ),
        pytest.param([leaf(kind=None)], "1", "条款 1：类别应为", id="no kind at the top"),
        pytest.param(
            [leaf(method="guess")],
            "1",
            "条款 1：没有“guess”这种评分方法，可用 all_or_nothing、",
            id="a method",
        ),
        pytest.param([leaf(method=None)], "1", "条款 1：没有评分方法，可用", id="no method"),
        pytest.param(
            [leaf(method=["veto"])], "1", "条款 1：没有“['veto']”这种评分方法", id="a method that is a list"
        ),
        pytest.param([leaf(points=None)], "1", "条款 1：缺少分值（points）", id="no points"),
        pytest.param([leaf(points="-1")], "1", "条款 1：分值不能是负数，填的是 -1", id="negative points"),
        pytest.param([leaf(points="四")], "1", "条款 1：分值应为数字，填的是 四", id="points in words"),
        pytest.param([leaf(points="１０")], "1", "条款 1：分值应为数字，填的是 １０", id="full-width points"),
        pytest.param([leaf(points=True)], "1", "条款 1：分值应为数字，填的是 True", id="true is no number"),
        pytest.param([leaf(points=float("nan"))], "1", "条款 1：分值应为数字，填的是 nan", id="not a number"),
        pytest.param(
            [leaf(points=float("inf"))], "1", "条款 1：分值应为数字，填的是 inf", id="infinite points"
        ),
        pytest.param(
            [leaf(points=Decimal("1e999999"))], "1", "条款 1：分值应为数字", id="points beyond reason"
        ),
        pytest.param(
            [leaf(points="9" * 40)], "1", f"条款 1：分值应为数字，填的是 {'9' * 30}…", id="points without end"
        ),
        pytest.param(
            [leaf(children="x")], "1", "条款 1：下级条款应为列表，填的是 x", id="children that are no list"
        ),
        pytest.param(
            [chapter("10", leaf(), method="judgement")],
            "A",
            "条款 A：有下级条款的条款不能再写评分方法",
            id="a chapter with a method",
        ),
        pytest.param(
            [chapter("10", leaf(), kind="bonus")],
            "1",
            "条款 1：基本项不能放在鼓励项下面",
            id="a base clause in a bonus",
        ),
        pytest.param(
            [leaf(kind="veto", points=None)],
            "1",
            "条款 1：否决项不能用评分方法 all_or_nothing",
            id="a veto by method",
        ),
        pytest.param(
            [leaf(method="veto")], "1", "条款 1：基本项不能用评分方法 veto", id="a method veto in the base"
        ),
        pytest.param(
            [leaf(kind="veto", method="veto")],
            "1",
            "条款 1：否决项不计分，填的分值是 10",
            id="a veto with points",
        ),
        pytest.param([leaf(params=[1])], "1", "条款 1：参数应为一组键值", id="params that are a list"),
        pytest.param([judged("per_occurrence")], "1", "条款 1：参数缺少 each", id="a parameter missing"),
        pytest.param(
            [judged("per_occurrence", each="-0.5")],
            "1",
            "条款 1：参数 each 不能是负数，填的是 -0.5",
            id="negative",
        ),
        pytest.param(
            [judged("per_occurrence", each="0.5", capp="2")],
            "1",
            "条款 1：参数中有不认识的 capp",
            id="a typing error",
        ),
        pytest.param(
            [judged("per_shortfall", each="1")], "1", "条款 1：参数缺少 required", id="nothing required"
        ),
        pytest.param(
            [judged("threshold", op="≥", target="80")],
            "1",
            "条款 1：参数 op 应为 >=、>、<=、<、= 之一，填的是 ≥",
            id="an operator that is none",
        ),
        pytest.param(
            [judged("threshold", op=">=")], "1", "条款 1：参数缺少 target", id="a threshold without target"
        ),
        pytest.param([judged("tiered", bands=[])], "1", "条款 1：参数 bands 不能是空列表", id="no bands"),
        pytest.param(
            [judged("tiered", bands=[{"min": "1", "points": "1"}, {"min": "1.0", "points": "2"}])],
            "1",
            "条款 1：参数 bands 中有两档的 min 相同",
            id="two bands with one threshold",
        ),
        pytest.param(
            [judged("tiered", bands=[{"min": "1"}])],
            "1",
            "条款 1：bands 的一档缺少 points",
            id="a band without points",
        ),
        pytest.param(
            [judged("proportional", target="0")],
            "1",
            "条款 1：参数 target 必须大于 0",
            id="a target of nothing",
        ),
        pytest.param(
            [judged("sites", combine="median")],
            "1",
            "条款 1：参数 combine 应为 mean、worst、sum_deductions 之一，填的是 median",
            id="an unknown combination",
        ),
        pytest.param(
            [judged("sites", combine="sum_deductions")],
            "1",
            "条款 1：参数缺少 each",
            id="deductions without a size",
        ),
        pytest.param(
            [leaf(kind="bonus", method="bonus", params={"each": "1"})],
            "1",
            "条款 1：参数缺少 cap",
            id="a bonus without cap",
        ),
        pytest.param(
            [leaf(kind="veto", points=None, method="veto", params={"op": ">="})],
            "1",
            "条款 1：参数缺少 target",
            id="a veto with half a target",
        ),
    ],
)
def test_a_rulebook_at_odds_with_itself_is_refused(clauses, clause, sentence):
    with pytest.raises(RulebookRefused) as refused:
        parse_rulebook({"clauses": clauses})
    assert refused.value.clause == clause
    assert str(refused.value).startswith(sentence)
    assert refused.value.as_document() == {"reason": str(refused.value), "clause": clause}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        pytest.param([], "评价细则应为一组键值", id="a list"),
        pytest.param({}, "评价细则缺少条款（clauses）", id="no clauses"),
        pytest.param({"clauses": []}, "评价细则缺少条款（clauses）", id="empty clauses"),
        pytest.param(
            {"clauses": [leaf()], "pass": "90"}, "通过条件应为一组键值", id="a pass rule that is a text"
        ),
        pytest.param(
            {"clauses": [leaf()], "pass": {"min_totl": "90"}},
            "通过条件中有不认识的 min_totl",
            id="a typing error",
        ),
        pytest.param(
            {"clauses": [leaf()], "pass": {"no_veto": "yes"}},
            "通过条件 no_veto 应为 true 或 false",
            id="a flag in words",
        ),
        pytest.param(
            {"clauses": [leaf()], "pass": {"key_min_rate": "60"}},
            "通过条件 key_min_rate 应在 0 到 1 之间",
            id="a percentage",
        ),
    ],
)
def test_a_document_that_is_no_rulebook_is_refused(document, sentence):
    with pytest.raises(RulebookRefused) as refused:
        parse_rulebook(document)
    assert refused.value.clause is None
    assert str(refused.value).startswith(sentence)


def test_a_tree_too_deep_is_refused_before_it_hurts():
    clause = leaf()
    for depth in range(200):
        clause = {"no": f"d{depth}", "kind": "basic", "children": [clause]}
    with pytest.raises(RulebookRefused, match="条款最多 12 层"):
        parse_rulebook({"clauses": [clause]})


def test_kinds_are_inherited_chapters_summed_and_bonus_and_veto_stand_outside():
    rulebook = parse_rulebook({
        "clauses": [
            {"no": 1, "kind": "basic", "title": "第一章", "children": [
                {"no": "1.1", "points": 2, "method": "judgement", "measure": {"bound": "elsewhere"}},
                {"no": "1.2", "kind": "key", "points": 0.25, "method": "all_or_nothing"},
                {"no": "1.3", "kind": "bonus", "method": "bonus", "params": {"each": "1", "cap": "3"}},
                {"no": "1.4", "kind": "veto"},
            ]},
            {"no": "2", "kind": "bonus", "points": "5", "children": [
                {"no": "2.1", "points": "5", "method": "bonus", "params": {"each": "1", "cap": "5"}},
            ]},
        ]
    })  # fmt: skip
    assert [(clause.no, clause.kind, clause.points) for clause in rulebook.by_no.values()] == [
        ("1", Kind.BASIC, Decimal("2.25")),
        ("1.1", Kind.BASIC, 2),
        ("1.2", Kind.KEY, Decimal("0.25")),
        ("1.3", Kind.BONUS, 3),
        ("1.4", Kind.VETO, 0),
        ("2", Kind.BONUS, 5),
        ("2.1", Kind.BONUS, 5),
    ]
    assert [clause.no for clause in rulebook.key_clauses()] == ["1.2"]
    assert rulebook.base_points == Decimal("2.25")
    unassessed = score(rulebook, {})
    assert unassessed.chapter("1").high == Decimal("2.25")
    assert unassessed.chapter("2").high == 5


BOOK = parse_rulebook(
    {
        "clauses": [
            chapter("20", leaf(no="A1"), leaf(no="A2")),
            leaf(no="J", method="judgement"),
            leaf(no="O", method="per_occurrence", params={"each": "1"}),
            leaf(no="T", method="threshold", params={"op": ">=", "target": "80"}),
            leaf(no="M", method="sites", params={"combine": "mean"}),
            leaf(no="D", method="sites", params={"combine": "sum_deductions", "each": "1"}),
            leaf(no="V", kind="veto", points=None, method="veto"),
        ]
    }
)


@pytest.mark.parametrize(
    ("no", "reading", "sentence"),
    [
        pytest.param("9", {"met": True}, "条款 9：评价细则中没有这一条", id="an unknown clause"),
        pytest.param(
            "A", {"met": True}, "条款 A：有下级条款，读数应填在下级条款上", id="a reading of a chapter"
        ),
        pytest.param("A1", None, "条款 A1：读数缺少 met", id="null is no reading"),
        pytest.param("A1", {}, "条款 A1：读数缺少 met", id="an empty reading"),
        pytest.param("A1", [True], "条款 A1：读数应为一组键值，填的是 [True]", id="a list"),
        pytest.param("A1", "true", "条款 A1：读数应为一组键值，填的是 true", id="a text"),
        pytest.param(
            "A1", {"met": 1}, "条款 A1：读数 met 应为 true 或 false，填的是 1", id="one is not true"
        ),
        pytest.param(
            "A1", {"met": "true"}, "条款 A1：读数 met 应为 true 或 false，填的是 true", id="true in words"
        ),
        pytest.param("A1", {"value": "1"}, "条款 A1：读数缺少 met", id="another method's reading"),
        pytest.param(
            "A1", {"met": True, "value": "1"}, "条款 A1：读数中有不认识的 value", id="two readings at once"
        ),
        pytest.param(
            "A1", {"not_applicable": False}, "条款 A1：读数缺少 met", id="applicable says nothing yet"
        ),
        pytest.param(
            "A1", {"not_applicable": "yes"}, "条款 A1：读数 not_applicable 应为", id="not applicable in words"
        ),
        pytest.param(
            "A1",
            {"not_applicable": True, "met": True},
            "条款 A1：读数中有不认识的 met",
            id="both out and met",
        ),
        pytest.param("J", {"deducted": "1"}, "条款 J：读数缺少 reason", id="a judgement without a reason"),
        pytest.param(
            "J", {"deducted": "1", "reason": " "}, "条款 J：读数 reason 应为文字", id="a blank reason"
        ),
        pytest.param(
            "J",
            {"deducted": "-1", "reason": "x"},
            "条款 J：读数 deducted 不能是负数",
            id="a negative deduction",
        ),
        pytest.param(
            "O", {"occurrences": -1}, "条款 O：读数 occurrences 不能是负数，填的是 -1", id="negative cases"
        ),
        pytest.param(
            "O", {"occurrences": 1.5}, "条款 O：读数 occurrences 应为整数，填的是 1.5", id="half a case"
        ),
        pytest.param(
            "O",
            {"occurrences": True},
            "条款 O：读数 occurrences 应为数字，填的是 True",
            id="true is no count",
        ),
        pytest.param(
            "T", {"value": "80%"}, "条款 T：读数 value 应为数字，填的是 80%", id="a percentage sign"
        ),
        pytest.param(
            "T", {"value": "-80"}, "条款 T：读数 value 不能是负数，填的是 -80", id="a negative value"
        ),
        pytest.param("T", {"value": "1e3"}, "条款 T：读数 value 应为数字，填的是 1e3", id="an exponent"),
        pytest.param("M", {"sites": []}, "条款 M：读数 sites 不能是空列表", id="no sites"),
        pytest.param(
            "M", {"sites": "9"}, "条款 M：读数 sites 应为列表，填的是 9", id="one site not in a list"
        ),
        pytest.param(
            "M",
            {"sites": ["9", None]},
            "条款 M：读数 sites 应为数字，填的是 None",
            id="a site without points",
        ),
        pytest.param(
            "D", {"sites": ["0.5"]}, "条款 D：读数 sites 应为整数，填的是 0.5", id="half a deduction"
        ),
        pytest.param(
            "V", {"value": "1"}, "条款 V：读数缺少 happened", id="a value for a veto without target"
        ),
    ],
)
def test_a_reading_of_the_wrong_shape_is_refused(no, reading, sentence):
    with pytest.raises(ReadingRefused) as refused:
        score(BOOK, {no: reading})
    assert refused.value.clause == no
    assert str(refused.value).startswith(sentence)


def test_a_clause_below_a_chapter_that_is_out_has_no_reading():
    with pytest.raises(ReadingRefused, match="条款 A2：上级条款 A 已填不适用") as refused:
        score(BOOK, {"A": {"not_applicable": True}, "A2": {"met": True}})
    assert refused.value.clause == "A2"


def test_readings_that_are_no_mapping_are_refused():
    with pytest.raises(ReadingRefused, match="读数应为一组键值"):
        score(BOOK, [])


@pytest.mark.parametrize("spelling", ["3", " 3 ", 3, 3.0, Decimal("3.00"), "3.0"])
def test_a_whole_number_may_be_spelt_several_ways(spelling):
    assert score(BOOK, {"O": {"occurrences": spelling, "reason": "", "note": "见台账"}}).clauses[3].low == 7
