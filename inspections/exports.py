"""What this room exports: visits and problems as their ledgers, the duties as a table for the desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rules.rights import Permission
from foodsafe_portal.lib.exports import ExportKind, register_export
from inspections.ledgers.problems import ProblemsKind
from inspections.ledgers.visits import VisitsKind
from inspections.reports.filters import Address
from inspections.reports.problems import Asked, views_for
from inspections.reports.visits import visits_shown
from records.ledgers import kind_of


def _described(address: Address) -> list[tuple[str, str]]:
    said = [(str(chip.label), str(chip.value)) for chip in address.chips if chip.remove_url]
    return [*said, *([(str(_("搜索")), address.get("q"))] if address.get("q") else [])]


def _visits(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    shown, _address, _places = visits_shown(user, params, timezone.localdate())
    return kind_of(VisitsKind.key).export_rows(shown.order_by("-visited_on", "-pk"))


register_export(
    ExportKind(
        key=VisitsKind.key,
        title=_("督导记录"),
        columns=VisitsKind.columns,
        rows=_visits,
        permission=Permission.VIEW_VISITS,
        described=lambda user, params: _described(visits_shown(user, params, timezone.localdate())[1]),
    )
)


def _problems(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    today = timezone.localdate()
    asked = Asked(user, params, today)
    shown, order = asked.chosen(asked.view(views_for(user, today)))
    return kind_of(ProblemsKind.key).export_rows(shown.order_by(*order))


register_export(
    ExportKind(
        key=ProblemsKind.key,
        title=_("问题整改台账"),
        columns=ProblemsKind.columns,
        rows=_problems,
        permission=Permission.VIEW_PROBLEMS,
        described=lambda user, params: _described(Asked(user, params, timezone.localdate()).address),
    )
)
