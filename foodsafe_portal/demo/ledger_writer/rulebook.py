"""A ledger of a rulebook's edition: chapters with clauses of every method, a chapter of bonuses and vetoes at the end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final

from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, Fault, Typed, new_draft
from foodsafe_portal.demo.ledger_writer.faults import Recipe, Row, Take, blank, soil, twins, typed
from foodsafe_portal.demo.places import BUREAUS

_IN_A_CHAPTER: Final = 8
_TOPICS: Final = (
    "领导小组实体运行", "经费人员保障", "日常监督检查", "学校食堂管理", "农贸市场快检", "小餐饮整治", "抽检监测", "宣传教育",
    "投诉举报办理", "信用监管",
)  # fmt: skip
# Method → its parameters, as points of the clause allow.
_METHODS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("all_or_nothing", {}),
    ("judgement", {}),
    ("per_occurrence", {"each": Decimal("0.5")}),
    ("per_shortfall", {"each": Decimal("0.25"), "required": Decimal(4)}),
    ("threshold", {"op": ">=", "target": Decimal(80)}),
    ("tiered", {"bands": "≥0得1分；≥80得2分"}),
    ("proportional", {"target": Decimal(100)}),
    ("sites", {"combine": "mean"}),
    ("sites", {"combine": "sum_deductions", "each": Decimal("0.25")}),
)


def write_rulebook(desk: Desk, share: float) -> Draft:
    """``desk.size`` clauses of one edition nobody has drafted yet."""
    random = desk.random("rulebook")
    facts = {
        "code": f"city-{desk.on.year}-{desk.seed}",
        "book": "食品安全示范城市评价细则(征求意见稿)",
        "edition": f"{desk.on.year} 第 {desk.seed} 稿",
        "source": "工作底稿",
        "passing": "无否决项；总分≥90；关键项≥60%",
    }
    rows = [facts | clause for clause in _clauses(random, desk.size)]
    draft = new_draft(desk, "rulebook", rows, always=("lead_unit", "op", "measure", "bands"))
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _clauses(random: Random, size: int) -> list[Row]:
    """Chapters of up to eight rows each; what is left over stands at the top by itself."""
    rows: list[Row] = []
    chapter = 0
    while len(rows) < size:
        chapter += 1
        below = min(_IN_A_CHAPTER, size - len(rows)) - 1
        kind = ("basic", "key", "basic", "bonus", "veto")[chapter % 5] if chapter > 2 else "basic"
        clauses = [
            {"no": f"{chapter}.{at}", "parent": str(chapter), **_clause(random, kind)}
            for at in range(1, below + 1)
        ]
        if not clauses:
            rows.append({"no": str(chapter), **_clause(random, "basic")})
            continue
        whole = None if kind == "veto" else sum((clause["points"] for clause in clauses), Decimal(0))
        head = {"no": str(chapter), "title": f"第{chapter}部分", "kind": kind, "points": whole}
        rows += [head, *clauses]
    for row in rows:
        row.pop("parent", None)
    return rows


def _clause(random: Random, kind: str) -> dict[str, Any]:
    common = {"title": random.choice(_TOPICS), "lead_unit": random.choice(BUREAUS)[0]}
    if kind == "veto":
        params: dict[str, Any] = {"op": ">=", "target": Decimal(70)} if random.random() < 0.5 else {}
        return common | {"kind": "veto", "points": None, "method": "veto"} | params
    if kind == "bonus":
        return common | {
            "kind": "bonus",
            "points": Decimal(4),
            "method": "bonus",
            "each": Decimal(2),
            "cap": Decimal(4),
        }
    method, params = random.choice(_METHODS)
    own = random.choice(("key", "basic")) if kind == "basic" else kind
    return common | {"kind": own, "points": Decimal(random.randint(4, 20)) / 4, "method": method} | params


def _missing(key: str, *methods: str) -> Recipe:
    """A method without one of its parameters."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        row = draft.rows[at]
        if row.get("method") not in methods or row.get(key) is None:
            return []
        row[key] = None
        return [Fault(at, key, "clause_refused")]

    return spoil


def _superfluous(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    """A parameter that the method does not know."""
    if draft.rows[at].get("method") not in ("all_or_nothing", "judgement"):
        return []
    draft.rows[at]["target"] = Decimal(80)
    return [Fault(at, "target", "clause_refused")]


def _points_of_a_veto(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    if draft.rows[at].get("method") != "veto":
        return []
    draft.rows[at]["points"] = Decimal(3)
    return [Fault(at, "points", "clause_refused")]


def _without_points(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    if draft.rows[at].get("method") not in {method for method, _params in _METHODS}:
        return []
    draft.rows[at]["points"] = None
    return [Fault(at, "points", "clause_refused")]


def _another_edition(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    if at == 0:
        return []
    draft.rows[at]["edition"] = Typed("旧稿")
    return [Fault(at, "edition", "edition_differs")]


def _another_wording(row: Row, random: Random) -> Row:
    return {"title": f"{row['title']}(修改)"}


def _recipes(desk: Desk) -> list[Recipe]:
    return [
        blank("no"),
        blank("title"),
        typed("kind", "unknown_choice", "重要", "一类"),
        typed("points", "not_a_number", "五分", "约3"),
        typed("method", "unknown_choice", "看着办", "酌情"),
        typed("op", "unknown_choice", "约等于"),
        typed("measure", "unknown_choice", "心情指数"),
        typed("lead_unit", "unit_unknown", "火星管理局", "没有的办公室"),
        typed("bands", "bands_unclear", "八十分以上两分", "优2良1"),
        typed("passing", "pass_rule_unclear", "差不多就行"),
        typed("title", "too_long", "长" * 301),
        _missing("each", "per_occurrence", "per_shortfall"),
        _missing("required", "per_shortfall"),
        _missing("target", "proportional"),
        _missing("combine", "sites"),
        _superfluous,
        _points_of_a_veto,
        _without_points,
        _another_edition,
        twins("duplicate_conflict", _another_wording),
    ]
