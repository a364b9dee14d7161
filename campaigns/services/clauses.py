"""Correcting one clause of a draft edition: the document and the row that mirrors it change together."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.choices import EditionState
from campaigns.models import Clause, Rulebook
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook
from campaigns.services.rulebooks import RulebookRefused, document_digest
from records.services.rows import save_row

FIELDS = ("title", "points", "method", "params", "measure", "lead_unit")


@transaction.atomic
def edit_clause(*, clause: Clause, values: Mapping[str, Any], by: Any, seen: str = "") -> Clause:
    """Change title, points, method, parameters, figure or lead unit of a draft's clause (the fields of ``FIELDS``).

    The whole edition is checked by the scoring engine. Raises ``RulebookRefused`` for a published edition, or with the clause
    at fault named.
    """
    rulebook = Rulebook.objects.select_for_update().get(pk=clause.rulebook_id)
    if rulebook.state != EditionState.DRAFT:
        raise RulebookRefused(
            _("评价细则“%(rulebook)s”已发布，不能再改；请用新的代码和版本。") % {"rulebook": rulebook}
        )
    fields = {name: values[name] for name in FIELDS if name in values}
    document = copy.deepcopy(rulebook.document)
    raw = _find(document["clauses"], clause.no)
    if raw is None:
        raise RulebookRefused(_("全文里没有条款 %(no)s；请重新保存评价细则的全文。") % {"no": clause.no})
    for name, value in fields.items():
        _put(raw, name, value)
    try:
        parse_rulebook(document)
    except ScoringRefused as refusal:
        raise RulebookRefused(str(refusal)) from None
    saved = save_row(row=clause, values=fields, by=by, noun="clause", seen=seen)
    Rulebook.objects.filter(pk=rulebook.pk).update(document=document, digest=document_digest(document))
    return saved


def _find(clauses: list[dict[str, Any]], no: str) -> dict[str, Any] | None:
    for raw in clauses:
        if raw["no"] == no:
            return raw
        if found := _find(raw.get("children", []), no):
            return found
    return None


def _put(raw: dict[str, Any], name: str, value: Any) -> None:
    """Write one field the way a document spells it; what is empty is left out."""
    if isinstance(value, Decimal):
        value = format(value.normalize(), "f")
    elif isinstance(value, Unit):
        value = value.name
    if value in (None, "", {}, []):
        raw.pop(name, None)
    else:
        raw[name] = value
