"""Storing an edition of a rulebook: its document, and the rows that mirror the clauses for pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.choices import ClauseKind, EditionState
from campaigns.errors import RulebookRefused
from campaigns.models import Clause, Reading, Rulebook
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook


def document_digest(document: dict[str, Any]) -> str:
    """SHA-256 of an edition's canonical text."""
    return hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def store_edition(
    *,
    code: str,
    title: str,
    edition: str,
    document: dict[str, Any],
    source: str,
    is_demo: bool = False,
    units: Mapping[str, int] | None = None,
) -> Rulebook:
    """Write a draft edition over the one of the same code; a clause that keeps its number stays the same row.

    To be called inside the transaction that records who did it. ``units`` (name → key) tells units of the same name apart.
    Raises ``RulebookRefused`` for a published edition, a bad document, and one that leaves out a clause already read.
    """
    try:
        parse_rulebook(document)
    except ScoringRefused as refusal:
        raise RulebookRefused(str(refusal)) from None
    existing = Rulebook.objects.select_for_update(of=("self",)).filter(code=code).first()
    if existing and existing.state == EditionState.PUBLISHED:
        raise RulebookRefused(
            _("评价细则“%(existing)s”已发布，不能再改；请用新的代码和版本。") % {"existing": existing}
        )
    rulebook = existing or Rulebook(code=code)
    rulebook.title, rulebook.edition, rulebook.source, rulebook.is_demo = title, edition, source, is_demo
    rulebook.document, rulebook.digest = document, document_digest(document)
    rulebook.save()
    before = {clause.no: clause for clause in rulebook.clauses.all()}
    _write_clauses(rulebook, document["clauses"], None, iter(range(1, 100_000)), before, units or {})
    try:
        with transaction.atomic():
            Clause.objects.filter(pk__in=[clause.pk for clause in before.values()]).delete()
    except ProtectedError as error:
        used = next(row.clause for row in error.protected_objects if isinstance(row, Reading))
        raise RulebookRefused(_("“%(row)s”已被使用，不能删除。") % {"row": used}) from error
    return rulebook


def _write_clauses(
    rulebook: Rulebook,
    raws: list[dict[str, Any]],
    parent: Clause | None,
    order: Iterator[int],
    before: dict[str, Clause],
    units: Mapping[str, int],
) -> None:
    """Write the clauses of a document over those of the same number; what is left in ``before`` is no longer there."""
    for raw in raws:
        clause = before.pop(raw["no"], None) or Clause(rulebook=rulebook, no=raw["no"])
        clause.parent = parent
        clause.title = raw.get("title") or raw["no"]
        clause.kind = raw.get("kind") or (parent.kind if parent else "basic")
        clause.points = raw.get("points")
        clause.method = raw.get("method") or _method_of(clause.kind, raw)
        clause.params = raw.get("params", {})
        clause.measure = raw.get("measure", {})
        clause.lead_unit_id = _unit(raw.get("lead_unit"), units)
        clause.order = next(order)
        clause.save()
        _write_clauses(rulebook, raw.get("children", []), clause, order, before, units)


def _method_of(kind: str, raw: Mapping[str, Any]) -> str:
    """The method of a clause that names none: a chapter has none, and a veto has only one."""
    return "veto" if kind == ClauseKind.VETO and not raw.get("children") else ""


def _unit(name: str | None, units: Mapping[str, int]) -> int | None:
    if not name:
        return None
    found = Unit.objects.filter(name=name).values_list("pk", flat=True)
    return units[name] if name in units else found.first()
