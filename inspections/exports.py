"""What this room exports: visits and problems as their ledgers, the duties as a table for the desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Region, User
from accounts.rules.rights import Permission
from foodsafe_portal.lib.exports import ExportKind, register_export
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.ledger import Column
from inspections.choices import Exclusion
from inspections.ledgers.problems import ProblemsKind
from inspections.ledgers.visits import VisitsKind
from inspections.models import VisitDuty
from inspections.reports.duties import PART_WORDS, duties_shown, narrowed
from inspections.reports.filters import Address
from inspections.reports.problems import Asked, views_for
from inspections.reports.visits import visits_shown
from inspections.rules.standing import part_on
from records.ledgers import kind_of

DUTY_COLUMNS = (
    Column("number", gettext_noop("序号"), "int", width=8),
    Column("business", gettext_noop("企业名称"), width=30),
    Column("credit_code", gettext_noop("统一社会信用代码"), "code", width=22),
    Column("licence_no", gettext_noop("许可证号"), "code", width=22),
    Column("county", gettext_noop("县(市、区)")),
    Column("township", gettext_noop("乡镇(街道)")),
    Column("grade", gettext_noop("包保等级"), width=10),
    Column("officer", gettext_noop("包保干部")),
    Column("period", gettext_noop("统计期")),
    Column("times", gettext_noop("应督导次数"), "int", width=12),
    Column("made", gettext_noop("已督导次数"), "int", width=12),
    Column("due_on", gettext_noop("应督导日"), "date", width=12),
    Column("part", gettext_noop("完成情况"), width=12),
    Column("fulfilled_on", gettext_noop("完成日期"), "date", width=12),
    Column("excluded_on", gettext_noop("剔除日期"), "date", width=12),
    Column("exclusion", gettext_noop("剔除原因"), width=12),
)


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


def _duties(user: User, params: QueryDict) -> Iterator[Sequence[Any]]:
    shown, moment, address, _places = duties_shown(user, params, timezone.localdate())
    names = dict(Region.objects.filter(level__in=["county", "township"]).values_list("code", "name"))
    duties = narrowed(shown, address, moment).select_related("business", "officer").order_by("due_on", "pk")
    for number, duty in enumerate(duties.iterator(chunk_size=2_000), 1):
        yield _line(number, duty, part_on(duty, moment.day, running=moment.running), names)


def _line(number: int, duty: VisitDuty, part: str, names: dict[str, str]) -> list[Any]:
    code = duty.region_id
    excluded = part == "excluded"
    return [
        number,
        duty.business.name,
        duty.business.credit_code,
        duty.business.licence_no,
        names.get(code[:6], ""),
        names.get(code[:9], "") if len(code) >= 9 else "",
        duty.grade,
        duty.officer.name if duty.officer else "",
        period_label(duty.period),
        duty.times,
        duty.visits_made,
        duty.due_on,
        str(PART_WORDS[part]),
        duty.fulfilled_on if part == "done" else None,
        duty.excluded_on if excluded else None,
        str(Exclusion(duty.exclusion).label) if excluded else "",
    ]


register_export(
    ExportKind(
        key="duties",
        title=_("督导任务"),
        columns=DUTY_COLUMNS,
        translated=True,
        rows=_duties,
        permission=Permission.VIEW_VISITS,
        described=lambda user, params: _described(duties_shown(user, params, timezone.localdate())[2]),
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
