"""The register of businesses as a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, places_of
from accounts.rules.rights import Permission
from entities.choices import BusinessStatus, BusinessType, ResponsibilityGrade, RiskGrade
from entities.hooks import supervision
from entities.ledgers.businesses import BusinessesKind
from entities.models import Assignment, Business, GradeChange, Officer, StatusChange
from entities.reports.businesses import COLUMNS, BusinessRow, business_lines
from entities.search import search_businesses
from foodsafe_portal.lib.lists import (
    TOLD,
    Asked,
    Choice,
    Column,
    Key,
    ListFilters,
    Listing,
    Search,
    ShownTab,
    Tab,
    Word,
    Yes,
)
from foodsafe_portal.lib.paging import AtLeast
from records.ledgers import kind_of

NONE: Final = "none"
COUNT_INDEXED_TO: Final = 100_000
"""As far as an index counts at once: the register of a whole city is a view of its own."""

OPERATING: Final = BusinessStatus.NORMAL.value
"""What waits for a grade or an officer is in business."""

DUTY_WORDS: Final = (
    ("overdue", _("本季逾期")),
    ("unvisited", _("本季未督导")),
    ("done", _("本季已督导")),
    ("excluded", _("本季剔除")),
)
URGENT: Final = ("overdue", "unvisited")


def _graded(field: str) -> Any:
    return lambda rows, value, asked: rows.filter(**{field: "" if value == NONE else value})


def bound_to(path: str) -> Any:
    """Rows with or without an officer of today."""

    def narrow(rows: QuerySet, value: str, asked: Asked) -> QuerySet:
        bound = Exists(Assignment.objects.active().filter(**{path: OuterRef("pk")}))
        return rows.filter(~bound if value == NONE else bound)

    return narrow


def _with_a_change(rows: QuerySet, waiting: bool, asked: Asked) -> QuerySet:
    statuses = StatusChange.objects.waiting().order_by().values("business_id")
    changes = statuses.union(GradeChange.objects.waiting().order_by().values("business_id"))
    return rows.filter(pk__in=changes) if waiting else rows.exclude(pk__in=changes)


def _of_officer(rows: QuerySet, key: Any, asked: Asked) -> QuerySet:
    bonds = Assignment.objects.visible_to(asked.user).active().filter(officer_id=int(key))
    return rows.filter(pk__in=bonds.values("business_id"))


def _officer_name(user: Any, key: int) -> Any:
    return Officer.objects.visible_to(user).filter(pk=key).values_list("name", flat=True).first()


class Businesses(Listing):
    """Every business in the register that was not merged into another, the newest first."""

    key, url_name, title = BusinessesKind.key, "business-list", _("经营主体")
    permission = Permission.VIEW_BUSINESSES
    model = Business
    unit = _("家")
    search_words = _("名称、代码、证号、拼音首字母")
    nothing = _("您能看到的范围内还没有经营主体。")
    nothing_found = _("没有符合条件的主体。")
    order = ("-id",)
    exported = True
    sheet = BusinessesKind.columns
    tabs_keep_filters = False
    tabs = (
        Tab(_("全部"), {}, count_to=COUNT_INDEXED_TO),
        Tab(_("本季逾期"), {"duty": "overdue"}),
        Tab(_("未定级"), {"grade": NONE, "status": OPERATING}, count_to=COUNT_INDEXED_TO),
        Tab(_("未包保"), {"bound": NONE, "status": OPERATING}),
        Tab(_("高风险"), {"high": "1"}, count_to=COUNT_INDEXED_TO),
        Tab(_("变更待审核"), {"waiting": "1"}),
    )
    columns = (
        Column("name", _("名称 / 统一社会信用代码 · 许可证号"), "name", fixed=True),
        Column("type", _("业态"), "business_type"),
        Column("place", _("乡镇（街道）"), "region_id"),
        Column("grade", _("包保等级"), "responsibility_grade"),
        Column("risk", _("风险等级"), "risk_grade"),
        Column("credit", _("信用等级"), "credit_grade"),
        Column("catering", _("餐饮量化等级"), "catering_grade"),
        Column("officers", _("包保干部")),
        Column("due", _("应督导日"), num=True),
        Column("duty", _("督导状态")),
    )

    class Filters(ListFilters):
        """The register by words, place, grades, type, status, officer, and what is owed."""

        q = Search(narrow=lambda rows, words, asked: search_businesses(rows, words).rows)
        region = Place()
        grade = Choice(
            label=_("包保等级"),
            choices=[*((code, code) for code in ResponsibilityGrade.values), (NONE, _("未定级"))],
            narrow=_graded("responsibility_grade"),
        )
        duty = Choice(
            label=_("督导"),
            choices=DUTY_WORDS,
            narrow=lambda rows, part, asked: rows.filter(supervision().having(part, asked.today)),
        )
        risk = Choice(
            label=_("风险等级"),
            choices=[*((code, code) for code in RiskGrade.values), (NONE, _("未评"))],
            narrow=_graded("risk_grade"),
        )
        type = Choice(label=_("业态"), choices=BusinessType.choices, field_name="business_type")
        status = Choice(label=_("经营状态"), choices=BusinessStatus.choices)
        bound = Choice(
            label=_("包保关系"),
            choices=[("yes", _("已包保")), (NONE, _("未包保"))],
            narrow=bound_to("business_id"),
            chip=TOLD,
        )
        high = Yes(label=_("高风险"), yes=_("须现场督导"), field_name="high_risk", chip=TOLD)
        waiting = Yes(label=_("状态变更"), yes=_("待审核"), narrow=_with_a_change, chip=TOLD)
        code = Word(label=_("信用代码"), field_name="credit_code")
        officer = Key(label=_("包保干部"), named=_officer_name, narrow=_of_officer)
        risk_grade = Choice(label=_("风险等级"), choices=RiskGrade.choices, chip=TOLD)
        high_risk = Yes(label=_("高风险"), yes=_("须现场督导"), chip=TOLD)

    def rows(self, user: Any) -> QuerySet:
        """The businesses this person may see."""
        return Business.objects.visible_to(user)

    def to_count(self, rows: QuerySet, asked: Asked) -> QuerySet:
        """A search counts best in another way than it lists; the other conditions stay."""
        words = asked.get("q")
        return rows if not words else self._counted(rows, words, asked)

    def _counted(self, rows: QuerySet, words: str, asked: Asked) -> QuerySet:
        standing = self.rows(asked.user)
        others = {name: value for name, value in asked.values.items() if name != "q"}
        return search_businesses(self.narrow(standing, others, others, asked), words).counted

    def ordered(self, rows: QuerySet, asked: Asked) -> tuple[QuerySet, tuple[str, ...]]:
        """What is owed by its due day, while the list is short enough to be put in order."""
        if asked.sort is None and asked.get("duty") in URGENT and not isinstance(asked.total, AtLeast):
            return rows.annotate(duty_due=supervision().due_day(asked.today)), ("duty_due", "pk")
        return super().ordered(rows, asked)

    def printed(self, rows: QuerySet) -> QuerySet:
        """Only the columns of the page."""
        return rows.only(*COLUMNS)

    def lines(self, rows: Sequence[Business], asked: Asked) -> tuple[BusinessRow, ...]:
        """Rows with their officers and what they owe."""
        return business_lines(rows, places_of(asked), asked.today)

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Sequence[BusinessRow]) -> dict[str, Any]:
        """The period of the duties and whether a credit code needs a look."""
        own = min(asked.user.scope.regions("business"), key=len, default="")
        return {
            "scope": places_of(asked).path(own) if len(own) >= 6 else places_of(asked).name(own),
            "one_county": len(asked.get("region", "")) >= 6 or len(own) >= 6,
            "period": supervision().period_label(asked.today),
            "has_code_warning": any(row.credit_code_problem for row in rows),
        }

    def file_rows(self, rows: QuerySet, asked: Asked) -> Iterable[Sequence[Any]]:
        """The ledger of businesses."""
        return kind_of(BusinessesKind.key).export_rows(rows)


BUSINESSES = Businesses()
