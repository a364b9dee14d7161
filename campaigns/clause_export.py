"""Readings and editions of the rulebook as exports: their ledgers, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.ledgers.readings import ReadingsKind
from campaigns.ledgers.rulebook import RulebookKind
from campaigns.reports.places import campaign_of
from foodsafe_portal.lib.exports import ExportKind, register_export
from records.ledgers import kind_of

READINGS, RULEBOOK = ReadingsKind.key, RulebookKind.key


def _readings(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    """The readings of the campaign this person works in, narrowed by words of the clause (``q``)."""
    kind = kind_of(READINGS)
    readings = kind.export_queryset(user).filter(campaign=campaign_of(user))
    if words := params.get("q", "").strip():
        readings = readings.filter(Q(clause__no__contains=words) | Q(clause__title__contains=words))
    return kind.export_rows(readings)


def _rulebooks(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    """The clauses of every edition this person may see, or of the one with the ``code`` asked for."""
    kind = kind_of(RULEBOOK)
    rulebooks = kind.export_queryset(user)
    if code := params.get("code", "").strip():
        rulebooks = rulebooks.filter(code=code)
    return kind.export_rows(rulebooks)


def _named(name: str, label: str, params: QueryDict) -> list[tuple[str, str]]:
    said = params.get(name, "")
    return [(label, str(said))] if said else []


register_export(
    ExportKind(
        key=READINGS,
        title=gettext_lazy("指标结果"),
        columns=ReadingsKind.columns,
        rows=_readings,
        permission=Permission.VIEW_RULEBOOK,
        described=lambda user, params: _named("q", _("查找"), params),
    )
)
register_export(
    ExportKind(
        key=RULEBOOK,
        title=gettext_lazy("评价细则"),
        columns=RulebookKind.columns,
        rows=_rulebooks,
        permission=Permission.VIEW_RULEBOOK,
        described=lambda user, params: _named("code", _("代码"), params),
    )
)
