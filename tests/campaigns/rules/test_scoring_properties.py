"""Whatever a rulebook asks and whatever is found: scores stay in their band, never punish more, and add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.scoring import parse_rulebook, score

BASE_METHODS = [
    *(
        "all_or_nothing",
        "judgement",
        "per_occurrence",
        "per_shortfall",
        "threshold",
        "tiered",
        "proportional",
    ),
    *("mean", "worst", "sum_deductions"),
]
quarters = st.integers(0, 40).map(lambda n: str(n / 4))
some_quarters = st.integers(1, 40).map(lambda n: str(n / 4))
small = st.integers(0, 12)


def twice(values):
    """Two readings of one thing, the lesser first."""
    return st.tuples(values, values).map(sorted)


@st.composite
def methods(draw, kind):
    """A method with parameters, and a pair of readings for it: one that meets less, one that meets at least as much."""
    if kind == "bonus":
        less, more = draw(twice(small))
        params = {"each": draw(quarters), "cap": draw(quarters)}
        return "bonus", params, {"occurrences": less}, {"occurrences": more}
    if kind == "veto":
        return "veto", {}, {"happened": True}, {"happened": draw(st.booleans())}
    name = draw(st.sampled_from(BASE_METHODS))
    less, more = draw(twice(small))
    rising = {"value": less}, {"value": more}
    match name:
        case "all_or_nothing":
            return name, {}, {"met": False}, {"met": draw(st.booleans())}
        case "judgement":
            return name, {}, {"deducted": more, "reason": "x"}, {"deducted": less, "reason": "x"}
        case "per_occurrence":
            params = {"each": draw(quarters)} | ({"cap": draw(quarters)} if draw(st.booleans()) else {})
            return name, params, {"occurrences": more}, {"occurrences": less}
        case "per_shortfall":
            return name, {"required": draw(small), "each": draw(quarters)}, *rising
        case "threshold":
            op = draw(st.sampled_from([">=", ">", "<=", "<"]))
            pair = rising if op in (">=", ">") else rising[::-1]
            return name, {"op": op, "target": draw(small)}, *pair
        case "tiered":
            steps = draw(st.lists(small, min_size=1, max_size=4, unique=True).map(sorted))
            worth = sorted(draw(st.lists(small, min_size=len(steps), max_size=len(steps))))
            bands = [{"min": least, "points": points} for least, points in zip(steps, worth, strict=True)]
            return name, {"bands": bands}, *rising
        case "proportional":
            return name, {"target": draw(some_quarters)}, *rising
    pairs = draw(st.lists(twice(small), min_size=1, max_size=4))
    lesser, greater = ({"sites": [pair[which] for pair in pairs]} for which in (0, 1))
    if name == "sum_deductions":
        return "sites", {"combine": name, "each": draw(quarters)}, greater, lesser
    return "sites", {"combine": name}, lesser, greater


@st.composite
def cities(draw):
    """A rulebook document with, for each leaf, a worse and a better reading."""
    clauses, worse, better = [], {}, {}
    for chapter in range(draw(st.integers(1, 4))):
        leaves = []
        for place in range(draw(st.integers(1, 3))):
            no, kind = f"{chapter}.{place}", draw(st.sampled_from(["key", "basic", "basic", "bonus", "veto"]))
            name, params, worse[no], better[no] = draw(methods(kind))
            leaves.append({"no": no, "kind": kind, "method": name, "params": params})
            if kind in ("key", "basic"):
                leaves[-1]["points"] = draw(quarters)
        kind = draw(st.sampled_from(["key", "basic"]))
        clauses.append({"no": str(chapter), "kind": kind, "children": leaves})
    passing = {
        "no_veto": True,
        "min_total": draw(quarters),
        "min_base": draw(quarters),
        "key_min_rate": draw(st.sampled_from(["0", "0.5", "0.60", "1"])),
    }
    return parse_rulebook({"clauses": clauses, "pass": passing}), worse, better


NOT_APPLICABLE = {"not_applicable": True}


@st.composite
def assessments(draw, with_not_applicable=True):
    """A city part of which is assessed, and one more reading for a clause that is not."""
    rulebook, worse, better = draw(cities())
    readings, unassessed = {}, []
    choices = ["worse", "better", "none"] + (["out"] if with_not_applicable else [])
    for leaf in rulebook.leaves():
        choice = draw(st.sampled_from(choices))
        if choice == "none":
            unassessed.append(leaf.no)
        else:
            readings[leaf.no] = {"worse": worse, "better": better}.get(choice, {}).get(
                leaf.no, NOT_APPLICABLE
            )
    following = {}
    if unassessed:
        no = draw(st.sampled_from(unassessed))
        answers = [worse[no], better[no]] + ([NOT_APPLICABLE] if with_not_applicable else [])
        following = {no: draw(st.sampled_from(answers))}
    return rulebook, readings, following


@given(assessments())
def test_the_score_stays_in_its_band_whatever_is_assessed_next(assessment):
    rulebook, readings, following = assessment
    before, after = score(rulebook, readings), score(rulebook, readings | following)
    for part in ("base", "bonus", "total"):
        low, high = f"{part}_low", f"{part}_high"
        assert getattr(before, low) <= getattr(after, low) <= getattr(after, high) <= getattr(before, high)
    if before.result != "open":
        assert after.result == before.result
    assert set(before.vetoes) <= set(after.vetoes)


@given(cities(), st.data())
def test_more_met_never_lowers_the_score(city, data):
    rulebook, worse, better = city
    assessed = data.draw(st.sets(st.sampled_from(sorted(worse))))
    less = score(rulebook, {no: worse[no] for no in assessed})
    more = score(rulebook, {no: better[no] for no in assessed})
    assert less.total_low <= more.total_low
    assert less.total_high <= more.total_high
    assert less.base_low <= more.base_low
    assert set(more.vetoes) <= set(less.vetoes)
    assert {key.no for key in more.key_below_floor} <= {key.no for key in less.key_below_floor}
    order = ["fail", "open", "pass"]
    assert order.index(less.result) <= order.index(more.result)


@given(assessments(with_not_applicable=False))
def test_parts_add_up(assessment):
    rulebook, readings, _following = assessment
    scored = score(rulebook, readings)
    base = [clause for clause in scored.clauses if clause.clause.in_base]
    bonus = [clause for clause in scored.clauses if clause.clause.kind == "bonus"]
    assert scored.base_low == sum(clause.low for clause in base)
    assert scored.base_high == sum(clause.high for clause in base)
    assert scored.bonus_low == sum(clause.low for clause in bonus)
    assert scored.base_high == scored.base_points - sum(clause.lost for clause in scored.clauses)
    assert scored.base_points == sum(clause.points for clause in rulebook.clauses)
    assert scored.base_low == sum(scored.chapter(clause.no).low for clause in rulebook.clauses)
    for clause in base:
        assert clause.state == "unassessed" or clause.low + clause.lost == clause.clause.points


@given(assessments())
def test_every_clause_ends_between_zero_and_its_points(assessment):
    rulebook, readings, _following = assessment
    scored = score(rulebook, readings)
    assert [clause.no for clause in scored.clauses] == [leaf.no for leaf in rulebook.leaves()]
    for clause in scored.clauses:
        assert 0 <= clause.low <= clause.high <= clause.clause.points
        assert clause.state == "unassessed" or clause.low == clause.high
        assert clause.why
    assert scored.reasons
    assert 0 <= scored.base_low <= scored.base_high <= scored.base_points


@given(assessments())
def test_a_result_is_final_exactly_when_worst_and_best_agree(assessment):
    """The engine's verdict equals the one of the two extreme completions, each scored on its own."""
    rulebook, readings, _following = assessment
    scored = score(rulebook, readings)
    rule, floor = rulebook.passing, rulebook.passing.key_min_rate

    def passes(end: str) -> bool:
        vetoed = any(
            clause.vetoed or (end == "low" and clause.state == "unassessed")
            for clause in scored.clauses
            if clause.clause.kind == "veto"
        )
        bands = (scored.chapter(key.no) for key in rulebook.key_clauses())
        keys = all(getattr(band, end) >= floor * band.applicable for band in bands)
        totals = (
            getattr(scored, f"total_{end}") >= rule.min_total
            and getattr(scored, f"base_{end}") >= rule.min_base
        )
        return keys and totals and not vetoed

    expected = "pass" if passes("low") else "open" if passes("high") else "fail"
    assert scored.result == expected
