"""What the campaign's pages give away as xlsx or csv: frozen weeks, figures and the rows behind them, tasks, clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import User
from campaigns.clause_export import READINGS, RULEBOOK
from campaigns.measures import Listing, listings
from campaigns.reports import figure_list, weeks
from campaigns.task_export import KEY as TASKS
from foodsafe_portal.lib.exports import ExportKind, register_export
from foodsafe_portal.lib.formats import week_label
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.permissions import Permission
from records.services.exports import ExportRefused

__all__ = ["FIGURES", "FIGURE_ROWS", "READINGS", "REPORTS", "RULEBOOK", "TASKS"]


def _report_words(user: User, params: QueryDict) -> Sequence[tuple[str, str]]:
    """Which frozen week an export of figures is about."""
    report = weeks.report_for(user, params.get("report", ""))
    if report is None:
        return [(_("周报"), _("没有这份周报"))]
    return [
        (_("周报"), week_label(report.week)),
        (_("版次"), str(report.revision)),
        (_("校验码"), report.digest),
    ]


def _list_words(user: User, params: QueryDict) -> Sequence[tuple[str, str]]:
    """The conditions of the list of frozen weeks."""
    names = (("q", _("查找")), ("state", _("状态")), ("revisions", _("版次")))
    return [(label, str(params[name])) for name, label in names if params.get(name)]


Rows = Callable[[User, QueryDict], Iterator[tuple[Any, ...]]]


def _with_sentences(rows: Rows) -> Rows:
    """The rows behind a figure, with a sentence where the address names none or the viewer sees no rows."""

    def told(user: User, params: QueryDict) -> Iterator[tuple[Any, ...]]:
        try:
            yield from rows(user, params)
        except figure_list.NoSuchFigure:
            raise ExportRefused(_("没有这个数字，或它不在您的辖区。请从周报页面打开。")) from None
        except figure_list.RowsRefused as refusal:
            raise ExportRefused(str(refusal)) from None

    return told


def _figure_words(user: User, params: QueryDict) -> Sequence[tuple[str, str]]:
    """The question of a list; empty where there is none, because its rows say so."""
    try:
        return figure_list.in_words(user, params)
    except (figure_list.NoSuchFigure, figure_list.RowsRefused):
        return ()


REPORTS = register_export(
    ExportKind(
        key="reports",
        title=gettext_lazy("周报"),
        permission=Permission.VIEW_DASHBOARD,
        columns=(
            Column("week", gettext_noop("周"), width=12),
            Column("sunday", gettext_noop("截至(周日)"), "date", width=12),
            Column("revision", gettext_noop("版次"), "int", width=8),
            Column("state", gettext_noop("状态"), width=10),
            Column("known_at", gettext_noop("冻结时间"), width=18),
            Column("closed_by", gettext_noop("冻结人"), width=12),
            Column("published_at", gettext_noop("发布时间"), width=18),
            Column("published_by", gettext_noop("发布人"), width=12),
            Column("score", gettext_noop("得分区间"), width=16),
            Column("digest", gettext_noop("校验码"), width=66),
        ),
        rows=weeks.week_rows,
        described=_list_words,
        translated=True,
    )
)

FIGURES = register_export(
    ExportKind(
        key="figures",
        title=gettext_lazy("周数据"),
        permission=Permission.VIEW_DASHBOARD,
        columns=(
            Column("measure", gettext_noop("指标"), width=16),
            Column("level", gettext_noop("层级"), width=14),
            Column("code", gettext_noop("区划代码"), "code", width=14),
            Column("name", gettext_noop("地区"), width=18),
            Column("grade", gettext_noop("包保等级"), width=10),
            Column("expected", gettext_noop("应完成"), "int", width=10),
            Column("done", gettext_noop("已完成"), "int", width=10),
            Column("on_time", gettext_noop("按时"), "int", width=10),
            Column("overdue", gettext_noop("逾期"), "int", width=10),
            Column("excluded", gettext_noop("剔除"), "int", width=10),
        ),
        rows=weeks.figure_rows,
        described=_report_words,
        translated=True,
    )
)


def _register_listing(listing: Listing) -> ExportKind:
    """Make the rows behind the figures of one listing known as an export."""
    return register_export(
        ExportKind(
            key=listing.key,
            title=listing.title,
            permission=listing.permission,
            columns=listing.columns,
            rows=_with_sentences(partial(figure_list.exported_rows, listing)),
            described=_figure_words,
            translated=True,
        )
    )


FIGURE_ROWS = tuple(_register_listing(listing) for listing in listings())
