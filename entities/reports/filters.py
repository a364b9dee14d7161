"""The filters of the business list: one reading of the address for page, counts and export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, Self

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from entities.choices import BusinessStatus, BusinessType, ResponsibilityGrade, RiskGrade
from entities.hooks import supervision
from entities.models import Assignment, GradeChange, StatusChange
from entities.search import Found, search_businesses

NONE: Final = "none"

DUTY_WORDS: Final = {
    "overdue": _("本季逾期"),
    "unvisited": _("本季未督导"),
    "done": _("本季已督导"),
    "excluded": _("本季剔除"),
}
GRADE_WORDS: Final = {**{grade.value: grade.value for grade in ResponsibilityGrade}, NONE: _("未定级")}
RISK_WORDS: Final = {**{grade.value: grade.value for grade in RiskGrade}, NONE: _("未评")}
HIGH_WORDS: Final = {"1": _("须现场督导")}
BOUND_WORDS: Final = {"yes": _("已包保"), NONE: _("未包保")}
WAITING_WORDS: Final = {"1": _("待审核")}


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of filter: its name in the address, its label, and code → word of its choices."""

    key: str
    label: Any
    words: Mapping[str, Any]


FACETS: Final = (
    Facet("grade", _("包保等级"), GRADE_WORDS),
    Facet("duty", _("督导"), DUTY_WORDS),
    Facet("risk", _("风险等级"), RISK_WORDS),
    Facet("type", _("业态"), dict(BusinessType.choices)),
    Facet("status", _("经营状态"), dict(BusinessStatus.choices)),
    Facet("bound", _("包保关系"), BOUND_WORDS),
    Facet("high", _("高风险"), HIGH_WORDS),
    Facet("waiting", _("状态变更"), WAITING_WORDS),
)


@dataclass(frozen=True, slots=True)
class BusinessFilter:
    """What the address asks for; a value it cannot mean counts as not given."""

    q: str = ""
    region: str = ""
    grade: str = ""
    duty: str = ""
    risk: str = ""
    type: str = ""
    status: str = ""
    bound: str = ""
    high: str = ""
    waiting: str = ""
    code: str = ""

    @classmethod
    def of(cls, params: Mapping[str, Any] | QueryDict) -> Self:
        """Read an address."""
        asked = {facet.key: str(params.get(facet.key, "")) for facet in FACETS}
        known = {facet.key: asked[facet.key] for facet in FACETS if asked[facet.key] in facet.words}
        region = str(params.get("region", ""))
        if not (region.isascii() and region.isdigit() and len(region) in (2, 4, 6, 9, 12)):
            region = ""
        return cls(
            q=str(params.get("q", "")).strip(),
            region=region,
            code=str(params.get("code", "")).strip()[:30],
            **known,
        )

    def as_params(self) -> dict[str, str]:
        """The filter as it stands in an address."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def apply(self, businesses: QuerySet, day: date) -> Found:
        """The rows of ``businesses`` that this filter keeps on ``day``."""
        if self.region:
            businesses = businesses.in_territory(self.region)  # type: ignore[attr-defined]
        if self.grade:
            businesses = businesses.filter(responsibility_grade="" if self.grade == NONE else self.grade)
        if self.risk:
            businesses = businesses.filter(risk_grade="" if self.risk == NONE else self.risk)
        if self.type:
            businesses = businesses.filter(business_type=self.type)
        if self.status:
            businesses = businesses.filter(status=self.status)
        if self.high:
            businesses = businesses.filter(high_risk=True)
        if self.code:
            businesses = businesses.filter(credit_code=self.code)
        if self.bound:
            bound = Exists(Assignment.objects.active().filter(business_id=OuterRef("pk")))
            businesses = businesses.filter(~bound if self.bound == NONE else bound)
        if self.waiting:
            statuses = StatusChange.objects.waiting().order_by().values("business_id")
            waiting = statuses.union(GradeChange.objects.waiting().order_by().values("business_id"))
            businesses = businesses.filter(pk__in=waiting)
        if self.duty:
            businesses = businesses.filter(supervision().having(self.duty, day))
        return search_businesses(businesses, self.q)

    def described(self, region_name: str = "") -> list[tuple[str, str]]:
        """Label and value of every condition, for the cover of an export."""
        said = [(str(_("搜索")), self.q)] if self.q else []
        if self.region:
            said.append((str(_("地区")), region_name or self.region))
        if self.code:
            said.append((str(_("统一社会信用代码")), self.code))
        return said + [
            (str(facet.label), str(facet.words[value]))
            for facet in FACETS
            if (value := getattr(self, facet.key))
        ]
