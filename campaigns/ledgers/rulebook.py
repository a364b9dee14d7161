"""The ledger of a rulebook: its clauses row by row become a draft edition, checked by the scoring engine as a whole.

An edition is taken whole or not at all: with one row at fault, the others of the edition wait (designed here; a rulebook without
some of its clauses is another rulebook). What is published never changes, publishing stays an act of a person, and a clause
the file leaves out is not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.choices import EditionState
from campaigns.editions import document_digest, store_edition
from campaigns.errors import RulebookRefused
from campaigns.ledgers.common import Bodies, clause_number
from campaigns.ledgers.rulebook_columns import COLUMNS, KINDS, METHODS
from campaigns.models import Clause, Rulebook
from campaigns.rules import passing
from campaigns.rules.drafting import faults_of
from campaigns.rules.rulebook import ScoringRefused
from campaigns.rules.sheet import CELLS, PARAMS, BandsUnclear, clause_of, parent_of, read_bands, rows_of
from foodsafe_portal.lib.intake import columns as intake
from foodsafe_portal.lib.intake.columns import Parsed
from foodsafe_portal.lib.ledger import Column
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow
from records.services.written import last_written

HEADERS = {column.key: column.header for column in COLUMNS}
FACTS = ("book", "edition", "source", "passing")
_READ = ("code", *FACTS, *CELLS)


@dataclass(slots=True)
class Edition:
    """One edition of the file: its rows, what they say of the whole, and where each clause stands."""

    code: str
    rows: list[int] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    document: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    editions: list[Edition] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)


@register
class RulebookKind(LedgerKind):
    """评价细则."""

    key = "rulebook"
    title = _("评价细则台账")
    columns = COLUMNS
    match_note = "按细则代码和条款编号对应；导入成为草稿，核对后由创建办发布；已发布的不能再改"
    example = {
        "code": "city-2026", "book": "食品安全示范城市评价细则", "edition": "2026 版", "source": "食安办〔2026〕1号",
        "passing": "无否决项；总分≥90；关键项≥60%", "no": "1.2", "title": "每年研究食品安全工作不少于 4 次", "kind": "关键项",
        "points": "3", "method": "按缺额扣分", "each": "0.75", "required": "4", "lead_unit": "市食品安全委员会办公室",
    }  # fmt: skip

    def parse(self, column: Column, column_cells: Sequence[Any], *, epoch_1904: bool) -> Parsed:
        """See ``LedgerKind.parse``; a clause's number may stand in the file as a number."""
        if column.key in ("no", "parent"):
            return intake.parse(column_cells, clause_number)
        return super().parse(column, column_cells, epoch_1904=epoch_1904)

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Codes, bands and pass rules that can be understood by themselves."""
        for index, (code, bands, rule) in enumerate(rows.tuples(("code", "bands", "passing"))):
            if code and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", code):
                said = "细则代码只能用字母、数字、点和短横，如 city-2026；请改正"
                rows.error(index, "code", "not_a_code", said)
            if bands:
                try:
                    read_bands(bands)
                except BandsUnclear as unclear:
                    rows.error(index, "bands", "bands_unclear", str(unclear))
            if rule:
                try:
                    passing.read_pass(rule)
                except passing.PassRuleUnclear as unclear:
                    rows.error(index, "passing", "pass_rule_unclear", str(unclear))

    def identity(self, rows: Rows) -> list[str]:
        """One clause of one edition."""
        keys, code = [], ""
        for said, no in rows.tuples(("code", "no")):
            code = said or code
            keys.append(f"{code}|{no}" if no else "")
        return keys

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        plan.data = _Planner(rows, plan, context).intents()
        return plan

    def lock(self, context: LedgerContext) -> None:
        """One writer at a time among the editions."""
        list(Rulebook.objects.select_for_update(of=("self",)).values_list("pk"))

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        for edition in intents.editions:
            known = Rulebook.objects.filter(code=edition.code).first()
            try:
                store_edition(
                    code=edition.code,
                    title=edition.facts["book"],
                    edition=edition.facts["edition"],
                    source=edition.facts["source"],
                    document=edition.document,
                    is_demo=known.is_demo if known else False,
                    units=intents.units,
                )
            except RulebookRefused as refusal:
                raise RegisterChanged(str(refusal)) from refusal

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Take out drafts that nobody has published, changed or used since, put the earlier text of others back."""
        result = UndoResult()
        for row in staged:
            if row.before and "_edition" in row.before:
                _undo_edition(row, row.before["_edition"], staged, result)
        return result

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: units count too, because clauses name them."""
        return last_written(nouns=("rulebook", "clause", "unit"), kinds=(self.key, "units"))

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``: editions, of which each row is a clause."""
        return Rulebook.objects.visible_to(user).order_by("code")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        number = 0
        for rulebook in queryset.iterator(chunk_size=50):
            facts = {"code": rulebook.code, **_facts_of(rulebook)}
            for cells in rows_of(rulebook.document):
                number += 1
                both: dict[str, Any] = facts | cells
                yield [
                    number,
                    *(_exported(column, both.get(column.key)) for column in COLUMNS if column.key != "seq"),
                ]


def _exported(column: Column, value: Any) -> Any:
    return column.choices.get(value, value) if column.choices and value else value


def _facts_of(rulebook: Rulebook) -> dict[str, str]:
    """What an edition says of itself."""
    return {
        "book": rulebook.title,
        "edition": rulebook.edition,
        "source": rulebook.source,
        "passing": passing.written(rulebook.document.get("pass")),
    }


# --- what each row would do ---------------------------------------------------------------------------


class _Planner:
    """Puts the rows of each edition together, has the whole checked, and compares it with the register."""

    def __init__(self, rows: Rows, plan: Plan, context: LedgerContext) -> None:
        self.rows, self.plan = rows, plan
        self.bodies = Bodies(context.territory)
        self.cells = [dict(zip(_READ, values, strict=True)) for values in rows.tuples(_READ)]
        self.result = Intents()

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        editions = self._editions()
        stored = {one.code: one for one in Rulebook.objects.filter(code__in=[one.code for one in editions])}
        for edition in editions:
            known = stored.get(edition.code)
            self._facts(edition, known)
            self._leads(edition)
            self._build(edition, known)
            self._check(edition)
            if not self.rows.rejected.intersection(edition.rows):
                self._compare(edition, known)
            if self.rows.rejected.intersection(edition.rows):
                self._leave_out(edition)
        return self.result

    def _editions(self) -> list[Edition]:
        """The rows of each edition in their order; a blank code is that of the row above."""
        found: dict[str, Edition] = {}
        code = ""
        for index, cells in enumerate(self.cells):
            code = cells["code"] or code
            if index in self.rows.skipped:
                continue
            if not code:
                said = "第一行要填细则代码，如 city-2026；其余各行可以空着"
                self.rows.error(index, "code", "edition_unnamed", said)
                continue
            edition = found.setdefault(code, Edition(code))
            edition.rows.append(index)
            no = cells["no"]
            if not no or no in edition.places:
                edition.complete = False
            edition.places.setdefault(no or f"?{index}", index)
        return list(found.values())

    def _facts(self, edition: Edition, known: Rulebook | None) -> None:
        """Title, version, source and pass rule: the first that is told, else what the register has."""
        stored = _facts_of(known) if known else {}
        for key in FACTS:
            told = {
                index: said
                for index in edition.rows
                if (said := _rule(self.cells[index][key]) if key == "passing" else self.cells[index][key])
            }
            first = next(iter(told.values()), stored.get(key, ""))
            for index, said in told.items():
                if said != first:
                    words = f"同一版细则前面写的是“{first}”；请统一{HEADERS[key]}"
                    self.rows.error(index, key, "edition_differs", words)
            edition.facts[key] = first
            if key in ("book", "edition") and not edition.facts[key] and edition.complete:
                self.rows.error(
                    edition.rows[0], key, "required", f"新的一版要有{HEADERS[key]}；填在第一行即可"
                )

    def _leads(self, edition: Edition) -> None:
        for index in edition.rows:
            name = self.cells[index]["lead_unit"]
            unit = self.bodies.meant(self.rows, index, "lead_unit", name) if name else None
            if unit is not None:
                full = self.bodies.full_name(unit)
                self.cells[index]["lead_unit"] = full
                self.result.units[full] = unit

    def _build(self, edition: Edition, known: Rulebook | None) -> None:
        """The document of the edition; what a sheet does not carry stays as the register has it."""
        stored = dict(_raws(known.document.get("clauses") or [])) if known else {}
        raws: dict[str, dict[str, Any]] = {}
        top: list[dict[str, Any]] = []
        parents = {no: self._parent(edition, no, index) for no, index in edition.places.items()}
        for no, index in edition.places.items():
            cells = self.cells[index]
            if not cells["no"]:
                continue
            if index in self.rows.rejected and cells["bands"]:
                cells = cells | {"bands": None}
            raws[no] = clause_of(cells, stored.get(no))
        for no, raw in raws.items():
            above = raws.get(parents[no])
            (top if above is None else above.setdefault("children", [])).append(raw)
        document = dict(known.document) if known else {}
        document |= {"title": edition.facts["book"], "clauses": top}
        document |= {key: edition.facts[key] for key in ("edition", "source") if key in document}
        rule = passing.read_pass(edition.facts["passing"])
        if rule or "pass" in document:
            document["pass"] = rule
        edition.document = document

    def _parent(self, edition: Edition, no: str, index: int) -> str:
        """The number of the clause a row lies under; an unknown one, or one below itself, is refused."""
        said = self.cells[index]["parent"]
        if not said:
            return parent_of(no, edition.places)
        seen, above = {no}, said
        while above and above not in seen and above in edition.places:
            seen.add(above)
            above = self.cells[edition.places[above]]["parent"] or parent_of(above, edition.places)
        if said in edition.places and not above:
            return str(said)
        if edition.complete or said in edition.places:
            words = f"没有编号为“{said}”的条款" if said not in edition.places else "上级条款又在它自己下面"
            self.rows.error(index, "parent", "clause_parent", f"{words}；请核对上级编号")
        edition.complete = False
        return ""

    def _check(self, edition: Edition) -> None:
        """Everything the scoring engine would refuse, each fault on the row of its clause."""
        broken = {no for no, index in edition.places.items() if index in self.rows.rejected}
        if not edition.document["clauses"]:
            return
        for refusal in faults_of(edition.document, broken=broken, incomplete=not edition.complete):
            index = edition.places.get(refusal.clause or "", edition.rows[0])
            is_chapter = self.cells[index]["method"] is None
            if index in self.rows.rejected or (is_chapter and not edition.complete):
                continue
            key, code = _place(refusal)
            self.rows.error(index, key, code, in_words(refusal.sentence))

    def _leave_out(self, edition: Edition) -> None:
        """One row at fault keeps the whole edition out."""
        for index in edition.rows:
            self.plan.verbs[index], self.plan.befores[index] = RowVerb.NONE, None
            if index not in self.rows.rejected:
                self.rows.skipped.add(index)
                said = f"细则“{edition.code}”还有错误，整版不导入；请改正列出的行后重新上传"
                self.rows.note(index, "", "edition_incomplete", said)

    def _compare(self, edition: Edition, known: Rulebook | None) -> None:
        """What each row does; a published edition can only be confirmed."""
        new = {cells["no"]: cells for cells in rows_of(edition.document)}
        old = {cells["no"]: cells for cells in rows_of(known.document)} if known else {}
        facts = _facts_of(known) if known else {}
        changed = {no: _changes(old[no], cells) for no, cells in new.items() if no in old}
        same = (
            known is not None
            and list(old) == list(new)
            and not any(changed.values())
            and facts == edition.facts
        )
        first = edition.rows[0]
        if known is not None and known.state == EditionState.PUBLISHED and not same:
            said = f"评价细则“{known}”已发布，不能再改；请换一个新的细则代码和版本"
            self.rows.error(first, "code", "edition_published", said)
            return
        missing = [no for no in old if no not in new]
        if missing:
            named = "、".join(missing[:10]) + (f" 等 {len(missing)} 条" if len(missing) > 10 else "")
            said = f"草稿中的条款 {named} 不在文件里；台账不删除条款，请补上这些行，或先在管理后台删去"
            self.rows.error(first, "no", "clauses_missing", said)
            return
        self._say(edition, known, changed, facts, same=same)
        if not same:
            self.result.editions.append(edition)

    def _say(
        self,
        edition: Edition,
        known: Rulebook | None,
        changed: Mapping[str, Mapping[str, Any]],
        facts: Mapping[str, str],
        *,
        same: bool,
    ) -> None:
        """Verbs and earlier values; the first row that changes carries the whole earlier edition for an undo."""
        keys = dict(Clause.objects.filter(rulebook=known).values_list("no", "pk")) if known else {}
        marked = same
        for no, index in edition.places.items():
            self.plan.targets[index] = keys.get(no)
            before = dict(changed.get(no, {}))
            if no not in changed:
                self.plan.verbs[index] = RowVerb.CREATED
            else:
                self.plan.verbs[index] = RowVerb.UPDATED if before else RowVerb.UNCHANGED
            if index == edition.rows[0] and known is not None and facts != edition.facts:
                before |= {key: facts[key] for key in FACTS if facts[key] != edition.facts[key]}
                self.plan.verbs[index] = RowVerb.UPDATED
            if not marked and self.plan.verbs[index] != RowVerb.UNCHANGED:
                before["_edition"] = _memory(edition, known)
                marked = True
            self.plan.befores[index] = before or None
        if not marked:  # only the order of the clauses is another one
            first = edition.rows[0]
            self.plan.verbs[first] = RowVerb.UPDATED
            self.plan.befores[first] = {"_edition": _memory(edition, known)}


def _rule(said: str | None) -> str:
    """A pass rule as the portal spells it; '' for one that was refused already."""
    try:
        return passing.written(passing.read_pass(said or ""))
    except passing.PassRuleUnclear:
        return ""


def _raws(clauses: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for raw in clauses:
        yield str(raw["no"]).strip(), raw
        yield from _raws(raw.get("children") or [])


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The cells in which two clauses differ, with their earlier values ready for JSON."""
    return {
        key: str(old[key]) if isinstance(old[key], Decimal) else old[key]
        for key in CELLS
        if old[key] != new[key]
    }


def _memory(edition: Edition, known: Rulebook | None) -> dict[str, Any]:
    """What an undo needs: the edition's code, what was written, and what was there before."""
    before = None
    if known is not None:
        before = {
            "title": known.title,
            "edition": known.edition,
            "source": known.source,
            "document": known.document,
        }
    return {
        "code": edition.code,
        "digest": document_digest(edition.document),
        "facts": [edition.facts[key] for key in ("book", "edition", "source")],
        "before": before,
    }


# --- the engine's sentences ---------------------------------------------------------------------------

_WORDS = {
    **{key: f"“{HEADERS[key]}”" for key in PARAMS},
    **{name: f"“{word}”" for name, word in METHODS.items()},
}
_KIND_WORDS = {name: f"“{word}”" for name, word in KINDS.items()}
_CODES = re.compile(
    r"(?<![A-Za-z_])(" + "|".join(sorted(_WORDS | _KIND_WORDS, key=len, reverse=True)) + r")(?![A-Za-z_])"
)


def in_words(sentence: str) -> str:
    """A sentence of the scoring engine with the headers of columns and the words of methods in place of their codes."""
    plain = re.sub(r"（[a-z]+）", "", sentence).replace("填的是 None", "现在空着")
    words = _WORDS | _KIND_WORDS if plain.startswith("类别") else _WORDS
    return _CODES.sub(lambda match: words.get(match[1], match[1]), plain) + "；请改正"


def _place(refusal: ScoringRefused) -> tuple[str, str]:
    """The column a refusal is about, and its code."""
    said = refusal.sentence
    if "分值之和" in said:
        return "points", "points_differ"
    for key in PARAMS:
        if re.search(rf"参数(?:缺少|中有不认识的)? {key}\b", said):
            return key, "clause_refused"
    if said.startswith("分值") or "缺少分值" in said or "不计分" in said:
        return "points", "clause_refused"
    if "评分方法" in said:
        return "method", "clause_refused"
    if "类别" in said or "不能放在" in said:
        return "kind", "clause_refused"
    return "no", "clause_refused"


# --- taking back --------------------------------------------------------------------------------------


def _undo_edition(
    row: LedgerRow, memory: Mapping[str, Any], staged: Sequence[LedgerRow], result: UndoResult
) -> None:
    rulebook = Rulebook.objects.select_for_update(of=("self",)).filter(code=memory["code"]).first()
    if rulebook is None:
        return
    now = [rulebook.title, rulebook.edition, rulebook.source]
    if rulebook.state != EditionState.DRAFT:
        result.conflict(row, str(rulebook), "导入之后已经发布，不能撤销")
        return
    if rulebook.digest != memory["digest"] or now != memory["facts"]:
        result.conflict(row, str(rulebook), "导入之后又被修改过，没有还原")
        return
    before = memory["before"]
    try:
        with transaction.atomic():
            if before is None:
                size = rulebook.clauses.count()
                rulebook.delete()
                result.removed += size
            else:
                store_edition(code=rulebook.code, is_demo=rulebook.is_demo, **before)
                of_edition = [one for one in staged if one.key.startswith(f"{rulebook.code}|")]
                result.restored += len(of_edition)
    except (ProtectedError, RulebookRefused):
        result.conflict(row, str(rulebook), "导入之后已有指标结果用到这一版，没有还原")
