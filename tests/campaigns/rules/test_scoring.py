"""Each scoring method at its edges, bands, re-basing, vetoes, key floors and the pass rule."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from campaigns.rules.scoring import parse_rulebook, score

CONTRACT = {
    "title": "示例",
    "clauses": [
        {
            "no": "1",
            "title": "两个责任",
            "kind": "key",
            "points": "4",
            "children": [
                {"no": "1.1", "kind": "key", "points": "3", "method": "all_or_nothing"},
                {
                    "no": "1.2",
                    "kind": "key",
                    "points": "1",
                    "method": "per_shortfall",
                    "params": {"required": "2", "each": "0.25"},
                },
            ],
        }
    ],
    "pass": {"no_veto": True, "min_total": "90", "key_min_rate": "0.60"},
}


def leaf(no="1", kind="basic", points="10", method="all_or_nothing", **params):
    clause = {"no": no, "kind": kind, "method": method, "params": params}
    return clause if points is None else clause | {"points": points}


def book(*clauses, **passing):
    return parse_rulebook({"title": "t", "clauses": list(clauses), "pass": passing})


def only(scored):
    (clause,) = scored.clauses
    return clause.as_document()


@pytest.mark.parametrize(
    ("method", "params", "reading", "points", "why"),
    [
        pytest.param("all_or_nothing", {}, {"met": True}, "10.00", "不扣分:已达到要求", id="met brings all"),
        pytest.param(
            "all_or_nothing", {}, {"met": False}, "0.00", "扣10分:未达到要求", id="not met brings nothing"
        ),
        pytest.param(
            "judgement",
            {},
            {"deducted": "0.5", "reason": "记录不全"},
            "9.50",
            "扣0.5分:记录不全",
            id="a judgement deducts what it says",
        ),
        pytest.param(
            "judgement",
            {},
            {"deducted": "10.25", "reason": "缺失"},
            "0.00",
            "扣10分:缺失,应扣10.25分,扣完为止",
            id="a judgement beyond the points floors",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5"},
            {"occurrences": 3},
            "8.50",
            "扣1.5分:发现3次,每次扣0.5分",
            id="three occurrences",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5"},
            {"occurrences": 0},
            "10.00",
            "不扣分:发现0次,每次扣0.5分",
            id="no occurrence",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5"},
            {"occurrences": 20},
            "0.00",
            "扣10分:发现20次,每次扣0.5分",
            id="exactly used up",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5"},
            {"occurrences": 21},
            "0.00",
            "扣10分:发现21次,每次扣0.5分,应扣10.5分,扣完为止",
            id="more occurrences than points floor",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5", "cap": "2"},
            {"occurrences": 5},
            "8.00",
            "扣2分:发现5次,每次扣0.5分,最多扣2分",
            id="a cap holds the deduction",
        ),
        pytest.param(
            "per_occurrence",
            {"each": "0.5", "cap": "2"},
            {"occurrences": 4},
            "8.00",
            "扣2分:发现4次,每次扣0.5分",
            id="exactly at the cap",
        ),
        pytest.param(
            "per_shortfall",
            {"required": "2", "each": "0.25"},
            {"value": "1"},
            "9.75",
            "扣0.25分:要求2次,实际1次",
            id="one short",
        ),
        pytest.param(
            "per_shortfall",
            {"required": "2", "each": "0.25"},
            {"value": 2},
            "10.00",
            "不扣分:要求2次,实际2次",
            id="exactly enough",
        ),
        pytest.param(
            "per_shortfall",
            {"required": "2", "each": "0.25"},
            {"value": "5"},
            "10.00",
            "不扣分:要求2次,实际5次",
            id="more than enough brings no more",
        ),
        pytest.param(
            "per_shortfall",
            {"required": "50", "each": "0.25"},
            {"value": "0"},
            "0.00",
            "扣10分:要求50次,实际0次,应扣12.5分,扣完为止",
            id="far too few floors",
        ),
        pytest.param(
            "threshold",
            {"op": ">=", "target": "80"},
            {"value": "79.9"},
            "0.00",
            "扣10分:要求≥80,实际79.9",
            id="just below a least value",
        ),
        pytest.param(
            "threshold",
            {"op": ">=", "target": "80"},
            {"value": "80.0"},
            "10.00",
            "不扣分:要求≥80,实际80",
            id="a least value reached",
        ),
        pytest.param(
            "threshold",
            {"op": ">", "target": "80"},
            {"value": "80"},
            "0.00",
            "扣10分:要求>80,实际80",
            id="a value to exceed is only reached",
        ),
        pytest.param(
            "threshold",
            {"op": "<=", "target": "5"},
            {"value": "5"},
            "10.00",
            "不扣分:要求≤5,实际5",
            id="a most value kept",
        ),
        pytest.param(
            "threshold",
            {"op": "<", "target": "5"},
            {"value": "5"},
            "0.00",
            "扣10分:要求<5,实际5",
            id="a value to stay under is reached",
        ),
        pytest.param(
            "threshold",
            {"op": "=", "target": "100"},
            {"value": 100.0},
            "10.00",
            "不扣分:要求=100,实际100",
            id="an exact value met",
        ),
        pytest.param(
            "tiered",
            {"bands": [{"min": "90", "points": "10"}, {"min": "60", "points": "6"}]},
            {"value": "89.99"},
            "6.00",
            "扣4分:达到≥60档,实际89.99",
            id="just below the best band",
        ),
        pytest.param(
            "tiered",
            {"bands": [{"min": "60", "points": "6"}, {"min": "90", "points": "10"}]},
            {"value": "90"},
            "10.00",
            "不扣分:达到≥90档,实际90",
            id="the best band, bands in any order",
        ),
        pytest.param(
            "tiered",
            {"bands": [{"min": "60", "points": "6"}]},
            {"value": "59"},
            "0.00",
            "扣10分:最低一档要求≥60,实际59",
            id="below every band",
        ),
        pytest.param(
            "tiered",
            {"bands": [{"min": "60", "points": "12"}]},
            {"value": "60"},
            "10.00",
            "不扣分:达到≥60档,实际60",
            id="a band never brings more than the clause",
        ),
        pytest.param(
            "proportional", {"target": "98"}, {"value": "49"}, "5.00", "扣5分:目标98,实际49", id="half way"
        ),
        pytest.param(
            "proportional",
            {"target": "98"},
            {"value": "99"},
            "10.00",
            "不扣分:目标98,实际99",
            id="beyond the target brings no more",
        ),
        pytest.param(
            "proportional",
            {"target": "3"},
            {"value": "2"},
            "6.67",
            "扣3.33分:目标3,实际2",
            id="a value that never ends is rounded half up in print",
        ),
        pytest.param(
            "sites",
            {"combine": "mean"},
            {"sites": ["9", "7.5"]},
            "8.25",
            "扣1.75分:2个点位平均8.25分",
            id="the mean of sites",
        ),
        pytest.param(
            "sites",
            {"combine": "worst"},
            {"sites": ["9", "7.5"]},
            "7.50",
            "扣2.5分:2个点位最低7.5分",
            id="the worst of sites",
        ),
        pytest.param(
            "sites",
            {"combine": "sum_deductions", "each": "0.5"},
            {"sites": ["3", 2]},
            "7.50",
            "扣2.5分:2个点位共5次,每次扣0.5分",
            id="the deductions of all sites",
        ),
        pytest.param(
            "sites",
            {"combine": "sum_deductions", "each": "5"},
            {"sites": [1, 2]},
            "0.00",
            "扣10分:2个点位共3次,每次扣5分,应扣15分,扣完为止",
            id="the deductions of all sites floor",
        ),
    ],
)
def test_a_method_gives_points_and_says_why(method, params, reading, points, why):
    clause = only(score(book(leaf(method=method, **params)), {"1": reading}))
    lost = f"{Decimal(10) - Decimal(points):.2f}"
    assert clause == {"no": "1", "low": points, "high": points, "lost": lost, "state": "scored", "why": why}


@pytest.mark.parametrize(
    ("points", "params", "reading", "low", "high", "why"),
    [
        pytest.param(
            None,
            {"each": "0.5", "cap": "2"},
            {"occurrences": 3},
            "1.50",
            "1.50",
            "加1.5分:3次,每次加0.5分,最多加2分",
            id="three cases",
        ),
        pytest.param(
            None,
            {"each": "0.5", "cap": "2"},
            {"occurrences": 9},
            "2.00",
            "2.00",
            "加2分:9次,每次加0.5分,最多加2分",
            id="the cap holds",
        ),
        pytest.param(
            None,
            {"each": "0.5", "cap": "2"},
            {"occurrences": 0},
            "0.00",
            "0.00",
            "不加分:0次,每次加0.5分,最多加2分",
            id="no case",
        ),
        pytest.param(
            None, {"each": "0.5", "cap": "2"}, None, "0.00", "2.00", "未评", id="unassessed up to its cap"
        ),
        pytest.param(
            "3",
            {"each": "1", "cap": "2"},
            None,
            "0.00",
            "2.00",
            "未评",
            id="points above the cap never count",
        ),
        pytest.param(
            "1",
            {"each": "1", "cap": "2"},
            {"occurrences": 2},
            "1.00",
            "1.00",
            "加1分:2次,每次加1分,最多加2分",
            id="a cap above the points never counts",
        ),
    ],
)
def test_a_bonus_stands_outside_the_base_and_is_never_lost(points, params, reading, low, high, why):
    rulebook = book(leaf("B", "bonus", points, "bonus", **params), leaf("1"))
    scored = score(rulebook, {"1": {"met": True}} | ({"B": reading} if reading else {}))
    answer = scored.as_document()
    assert answer["clauses"][0] == {
        "no": "B",
        "low": low,
        "high": high,
        "lost": "0.00",
        "state": "scored" if reading else "unassessed",
        "why": why,
    }
    assert (answer["base_points"], answer["base_low"]) == ("10.00", "10.00")
    assert (answer["bonus_low"], answer["bonus_high"]) == (low, high)
    assert Decimal(answer["total_high"]) == 10 + Decimal(high)


@pytest.mark.parametrize(
    ("params", "reading", "vetoes", "result", "why"),
    [
        pytest.param({}, {"happened": True}, ["V"], "fail", "否决:已发生", id="it happened"),
        pytest.param({}, {"happened": False}, [], "pass", "未触发否决:未发生", id="it did not happen"),
        pytest.param({}, None, [], "open", "未评", id="nobody has said"),
        pytest.param(
            {"op": ">=", "target": "70"},
            {"value": "69.9"},
            ["V"],
            "fail",
            "否决:要求≥70,实际69.9",
            id="the target is missed",
        ),
        pytest.param(
            {"op": ">=", "target": "70"},
            {"value": "70"},
            [],
            "pass",
            "未触发否决:要求≥70,实际70",
            id="the target is reached",
        ),
        pytest.param(
            {"target": "70"},
            {"value": "69"},
            ["V"],
            "fail",
            "否决:要求≥70,实际69",
            id="a target alone is a least value",
        ),
        pytest.param(
            {"op": "=", "target": "100"},
            {"happened": True, "value": 100},
            ["V"],
            "fail",
            "否决:已发生,要求=100,实际100",
            id="it happened though the target is reached",
        ),
        pytest.param(
            {},
            {"not_applicable": True, "reason": "无此业态"},
            [],
            "pass",
            "不适用:无此业态",
            id="a veto that does not apply is out",
        ),
    ],
)
def test_a_veto_brings_no_points_and_fails_the_campaign(params, reading, vetoes, result, why):
    rulebook = book(leaf(), leaf("V", "veto", None, "veto", **params), no_veto=True, min_total="10")
    answer = score(rulebook, {"1": {"met": True}} | ({"V": reading} if reading else {})).as_document()
    assert (answer["vetoes"], answer["result"], answer["clauses"][1]["why"]) == (vetoes, result, why)
    assert (answer["clauses"][1]["low"], answer["clauses"][1]["high"]) == ("0.00", "0.00")
    assert answer["total_low"] == "10.00"


def test_the_example_of_the_contract_scores_as_printed():
    readings = {"1.1": {"met": True}, "1.2": {"value": "1"}}
    answer = score(parse_rulebook(CONTRACT), readings).as_document()
    assert answer == {
        "base_points": "4.00",
        "base_low": "3.75",
        "base_high": "3.75",
        "bonus_low": "0.00",
        "bonus_high": "0.00",
        "total_low": "3.75",
        "total_high": "3.75",
        "vetoes": [],
        "key_below_floor": [],
        "result": "fail",
        "reasons": ["总分为 3.75 分，达不到 90 分"],
        "clauses": [
            {
                "no": "1.1",
                "low": "3.00",
                "high": "3.00",
                "lost": "0.00",
                "state": "scored",
                "why": "不扣分:已达到要求",
            },
            {
                "no": "1.2",
                "low": "0.75",
                "high": "0.75",
                "lost": "0.25",
                "state": "scored",
                "why": "扣0.25分:要求2次,实际1次",
            },
        ],
    }
    assert json.loads(json.dumps(answer)) == answer


def test_a_clause_counts_its_cases_in_its_own_unit():
    clause = leaf(method="per_shortfall", required="3", each="1") | {"unit": "份"}
    assert only(score(book(clause), {"1": {"value": "1"}}))["why"] == "扣2分:要求3份,实际1份"


def test_unassessed_is_a_band_and_neither_zero_nor_lost():
    scored = score(book(leaf("1"), leaf("2", points="5")), {"1": {"met": True}})
    assert (scored.base_low, scored.base_high) == (10, 15)
    assert scored.clauses[1].as_document() == {
        "no": "2",
        "low": "0.00",
        "high": "5.00",
        "lost": "0.00",
        "state": "unassessed",
        "why": "未评",
    }


@pytest.mark.parametrize(
    ("readings", "low", "high"),
    [
        pytest.param(
            {"2": {"not_applicable": True}, "1": {"met": True}},
            "20.00",
            "30.00",
            id="two thirds of what applies",
        ),
        pytest.param(
            {"2": {"not_applicable": True}}, "0.00", "30.00", id="the rest unassessed is the full band"
        ),
        pytest.param(
            {"2": {"not_applicable": True}, "3": {"met": True}},
            "10.00",
            "30.00",
            id="a third of what applies",
        ),
        pytest.param(
            {"A": {"not_applicable": True}, "3": {"met": True}}, "30.00", "30.00", id="a whole chapter is out"
        ),
        pytest.param(
            {"A": {"not_applicable": True}, "3": {"not_applicable": True}},
            "0.00",
            "0.00",
            id="nothing applies, nothing is earned",
        ),
    ],
)
def test_what_does_not_apply_leaves_and_the_base_keeps_its_scale(readings, low, high):
    chapter = {"no": "A", "kind": "basic", "points": "25", "children": [leaf("1"), leaf("2", points="15")]}
    answer = score(book(chapter, leaf("3", points="5")), readings).as_document()
    assert (answer["base_points"], answer["base_low"], answer["base_high"]) == ("30.00", low, high)


def test_a_bonus_that_does_not_apply_moves_nothing():
    rulebook = book(leaf(), leaf("B", "bonus", None, "bonus", each="1", cap="4"))
    answer = score(rulebook, {"1": {"met": True}, "B": {"not_applicable": True}}).as_document()
    assert (answer["base_low"], answer["bonus_high"], answer["total_high"]) == ("10.00", "0.00", "10.00")


KEYS = (
    {
        "no": "A",
        "kind": "basic",
        "points": "14",
        "children": [
            {"no": "A1", "kind": "key", "children": [leaf("A1a", "key", "6"), leaf("A1b", "basic", "4")]},
            leaf("A2", "basic", "4"),
        ],
    },
    leaf("K", "key", "5", "proportional", target="100"),
)


@pytest.mark.parametrize(
    ("readings", "below", "result"),
    [
        pytest.param(
            {"A1a": {"met": True}, "A1b": {"met": False}, "K": {"value": "60"}},
            [],
            "pass",
            id="exactly the floor is enough, and a basic clause below a key clause counts in it",
        ),
        pytest.param(
            {"A1a": {"met": False}, "A1b": {"met": True}, "K": {"value": "60"}},
            [{"no": "A1", "rate": "0.40"}],
            "fail",
            id="the topmost key clause is named, not its child",
        ),
        pytest.param(
            {"A1a": {"met": True}, "A1b": {"met": True}, "K": {"value": "59.999"}},
            [{"no": "K", "rate": "0.60"}],
            "fail",
            id="a hair below is below, whatever print says",
        ),
        pytest.param(
            {"A1a": {"met": False}, "K": {"value": "60"}},
            [{"no": "A1", "rate": "0.40"}],
            "fail",
            id="below even at best while something is unassessed",
        ),
        pytest.param({"A1b": {"met": False}, "K": {"value": "60"}}, [], "open", id="still within reach"),
        pytest.param(
            {"A1a": {"not_applicable": True}, "A1b": {"met": True}, "K": {"value": "60"}},
            [],
            "pass",
            id="the rate is over what applies",
        ),
        pytest.param(
            {"A1": {"not_applicable": True}, "K": {"value": "60"}},
            [],
            "pass",
            id="a key clause that does not apply has no floor",
        ),
    ],
)
def test_the_key_floor_holds_for_topmost_key_clauses(readings, below, result):
    answer = score(book(*KEYS, key_min_rate="0.60"), readings | {"A2": {"met": True}}).as_document()
    assert (answer["key_below_floor"], answer["result"]) == (below, result)


@pytest.mark.parametrize(
    ("passing", "readings", "result", "reasons"),
    [
        pytest.param(
            {"min_total": "13"},
            {"1": {"met": True}, "B": {"occurrences": 3}},
            "pass",
            ["总分为 13.00 分，达到 13 分"],
            id="the total counts the bonus",
        ),
        pytest.param(
            {"min_base": "13"},
            {"1": {"met": True}, "B": {"occurrences": 3}},
            "fail",
            ["基础分为 10.00 分，达不到 13 分"],
            id="the base does not",
        ),
        pytest.param(
            {"min_total": "13"},
            {"1": {"met": True}},
            "open",
            ["总分在 10.00 到 14.00 分之间，能否达到 13 分未定"],
            id="open while it may go either way",
        ),
        pytest.param(
            {"min_total": "10"},
            {"1": {"met": True}},
            "pass",
            ["总分最低 10.00 分，达到 10 分"],
            id="passed even at worst",
        ),
        pytest.param(
            {"min_total": "5"},
            {"1": {"met": False}},
            "fail",
            ["总分最高 4.00 分，达不到 5 分"],
            id="failed even at best",
        ),
        pytest.param({}, {}, "pass", ["评价细则没有写明通过条件"], id="no condition, nothing to fail"),
        pytest.param(
            {"min_total": None, "min_base": None, "key_min_rate": None},
            {},
            "pass",
            ["评价细则没有写明通过条件"],
            id="null is no condition",
        ),
    ],
)
def test_passing_is_decided_only_when_nothing_can_change_it(passing, readings, result, reasons):
    rulebook = book(leaf(), leaf("B", "bonus", None, "bonus", each="1", cap="4"), **passing)
    answer = score(rulebook, readings).as_document()
    assert (answer["result"], answer["reasons"]) == (result, reasons)


def test_a_failure_beats_everything_open_and_all_failures_are_named():
    rulebook = book(
        leaf("K", "key"),
        leaf("2"),
        leaf("V", "veto", None, "veto"),
        leaf("W", "veto", None, "veto"),
        min_total="15",
        key_min_rate="0.6",
    )
    answer = score(rulebook, {"K": {"met": False}, "V": {"happened": True}}).as_document()
    assert answer["result"] == "fail"
    assert answer["reasons"] == [
        "触发否决项 V：已发生",
        "关键项 K 得分率为 0.00%，低于 60%",
        "总分最高 10.00 分，达不到 15 分",
    ]


def test_a_veto_that_a_rulebook_does_not_count_is_listed_but_fails_nothing():
    rulebook = book(leaf(), leaf("V", "veto", None, "veto"), no_veto=False, min_total="10")
    answer = score(rulebook, {"1": {"met": True}, "V": {"happened": True}}).as_document()
    assert (answer["vetoes"], answer["result"]) == (["V"], "pass")


def test_a_comparison_uses_the_exact_value_and_the_sentence_shows_the_difference():
    rulebook = book(leaf(points="100", method="proportional", target="100"), min_total="90")
    answer = score(rulebook, {"1": {"value": "89.999"}}).as_document()
    assert (answer["total_high"], answer["result"]) == ("90.00", "fail")
    assert answer["reasons"] == ["总分为 89.999 分，达不到 90 分"]


def test_three_thirds_are_a_whole():
    clauses = [leaf(str(n), points="1", method="proportional", target="3") for n in range(3)]
    scored = score(book(*clauses, min_total="1"), {str(n): {"value": "1"} for n in range(3)})
    assert (scored.total_low, scored.result) == (1, "pass")


# --- 江苏 ----------------------------------------------------------------------------------------

JIANGSU = {
    "title": "江苏省评价细则（分值结构）",
    "clauses": [
        *(
            {
                "no": f"K{n}",
                "title": f"关键 {n}",
                "kind": "key",
                "points": "4" if n == 1 else "3",
                "method": "proportional",
                "params": {"target": "100"},
            }
            for n in range(1, 20)
        ),
        *(
            {
                "no": f"J{n}",
                "kind": "basic",
                "points": "1" if n < 3 else "2",
                "method": "proportional",
                "params": {"target": "100"},
            }
            for n in range(1, 23)
        ),
        *(
            {
                "no": f"G{n}",
                "kind": "bonus",
                "method": "bonus",
                "params": {"each": "0.5", "cap": "1" if n < 3 else "2"},
            }
            for n in range(1, 10)
        ),
        {"no": "F1", "title": "重大食品安全事故", "kind": "veto", "method": "veto"},
    ],
    "pass": {"no_veto": True, "min_total": "90", "key_min_rate": "0.60"},
}


def jiangsu(**changes):
    readings = {f"K{n}": {"value": "100"} for n in range(1, 20)}
    readings |= {f"J{n}": {"value": "100"} for n in range(1, 23)}
    readings |= {f"G{n}": {"occurrences": 0} for n in range(1, 10)}
    readings |= {"F1": {"happened": False}} | changes
    return score(parse_rulebook(JIANGSU), {no: reading for no, reading in readings.items() if reading})


def test_the_jiangsu_table_has_its_published_points():
    rulebook = parse_rulebook(JIANGSU)
    groups = {
        kind: [leaf for leaf in rulebook.leaves() if leaf.kind == kind] for kind in ("key", "basic", "bonus")
    }
    assert {kind: (len(found), sum(leaf.points for leaf in found)) for kind, found in groups.items()} == {
        "key": (19, 58),
        "basic": (22, 42),
        "bonus": (9, 16),
    }
    assert rulebook.base_points == 100


NO_BASIC = {f"J{n}": {"value": "0"} for n in range(1, 23)}
ALL_BONUS = {f"G{n}": {"occurrences": 4} for n in range(1, 10)}


@pytest.mark.parametrize(
    ("changes", "total", "result", "reasons"),
    [
        pytest.param(
            {},
            "100.00",
            "pass",
            ["没有触发否决项", "各关键项得分率均不低于 60%", "总分为 100.00 分，达到 90 分"],
            id="everything met",
        ),
        pytest.param(
            {"K1": {"value": "50"}, "K2": {"value": "0"}},
            "95.00",
            "fail",
            ["关键项 K1“关键 1” 得分率为 50.00%，低于 60%", "关键项 K2“关键 2” 得分率为 0.00%，低于 60%"],
            id="95 points fail when key clauses are below 60 %",
        ),
        pytest.param(
            {"K1": {"value": "59"}, "J3": {"value": "0"}, "J1": {"value": "0"}, "J4": {"value": "82"}},
            "95.00",
            "fail",
            ["关键项 K1“关键 1” 得分率为 59.00%，低于 60%"],
            id="95 points fail when one key clause has 59 %",
        ),
        pytest.param(
            {"K1": {"value": "60"}}, "98.40", "pass", None, id="exactly 60 % of a key clause is enough"
        ),
        pytest.param(
            {f"J{n}": {"value": "0"} for n in range(3, 8)}, "90.00", "pass", None, id="exactly 90 is enough"
        ),
        pytest.param(
            {f"J{n}": {"value": "0"} for n in range(3, 9)},
            "88.00",
            "fail",
            ["总分为 88.00 分，达不到 90 分"],
            id="88 fails",
        ),
        pytest.param(
            {f"J{n}": {"value": "0"} for n in range(3, 9)} | {"G9": {"occurrences": 4}},
            "90.00",
            "pass",
            None,
            id="the bonus lifts 88 to 90",
        ),
        pytest.param(
            NO_BASIC | ALL_BONUS, "74.00", "fail", ["总分为 74.00 分，达不到 90 分"], id="all bonus is 16"
        ),
        pytest.param(
            {"F1": {"happened": True}} | ALL_BONUS,
            "116.00",
            "fail",
            ["触发否决项 F1“重大食品安全事故”：已发生"],
            id="a veto fails even 116 points",
        ),
        pytest.param(
            {"F1": None},
            "100.00",
            "open",
            ["否决项 F1“重大食品安全事故” 未评"],
            id="an unasked veto stays open",
        ),
    ],
)
def test_the_jiangsu_rule(changes, total, result, reasons):
    answer = jiangsu(**changes).as_document()
    assert (answer["total_low"], answer["result"]) == (total, result)
    assert reasons is None or answer["reasons"] == reasons
