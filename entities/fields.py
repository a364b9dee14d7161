"""What is written down of a business and of an officer, each field said once.

The columns of the ledgers are the declaration: form, API, page, export, matching, mergers and undo take the fields of a business
from ``BUSINESS_COLUMNS``. One more field is one more column here, its field in the model and a migration.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import override

from entities.choices import (
    BusinessStatus,
    BusinessType,
    OfficerLevel,
    ResponsibilityGrade,
    RiskGrade,
    Scale,
)
from foodsafe_portal.lib.intake import vocabulary
from foodsafe_portal.lib.ledger import Column


def words(choices: Any) -> dict[str, str]:
    """Code → Chinese word, as ledgers write it whatever the language of the page."""
    with override(None):
        return {member.value: str(member.label) for member in choices}


GRADES = {grade.value: grade.value for grade in ResponsibilityGrade}
RISKS = {grade.value: grade.value for grade in RiskGrade}


def _letters(grades: Mapping[str, str], *marks: str) -> dict[str, str]:
    return {
        f"{mark}{letter}{end}": letter
        for letter in grades
        for mark in ("", *marks)
        for end in ("级", "类", "")
    }


def _spelt(words_of: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every word → its code."""
    return {word: code for code, several in words_of.items() for word in several}


BUSINESS_TYPES = words(BusinessType)
SCALES = words(Scale)
STATUSES = words(BusinessStatus)
LEVELS = words(OfficerLevel)

BUSINESS_COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column(
        "name", "企业名称", required=True, aliases=("主体名称", "经营者名称", "单位名称", "市场主体名称"), width=30,
        max_length=150, any_word=True,
    ),
    Column(
        "credit_code", "统一社会信用代码", "code", aliases=("信用代码", "社会信用代码", "社会信用代码(身份证号码)", "税号"),
        width=22, max_length=30, note="18 位；没有许可证号时必须填写",
    ),
    Column(
        "licence_no", "许可证号", "code",
        aliases=("许可证编号", "食品经营许可证编号", "生产许可证编号", "备案编号", "登记证号"), width=20, max_length=60,
        note="JY 或 SC 加 14 位数字；小作坊等填登记证号或备案编号",
    ),
    Column("licence_valid_to", "有效期至", "date", aliases=("许可证有效期",), width=12, note="例如 2028-03-16"),
    Column(
        "business_type", "主体业态", "enum", required=True, aliases=("业态", "经营业态", "主体类型"),
        choices=BUSINESS_TYPES,
        synonyms=_spelt(vocabulary.LICENSED_TYPES),
        width=12,
    ),
    Column(
        "scale", "规模", "enum", aliases=("企业规模",), choices=SCALES,
        synonyms=_spelt(vocabulary.SCALES), width=8,
    ),
    Column(
        "legal_person", "法定代表人(负责人)", "person", several=True, aliases=("法定代表人", "负责人", "经营者"), width=14, max_length=60,
    ),
    Column("contact_phone", "联系电话", "phone", aliases=("手机号", "电话"), width=14, max_length=40),
    Column(
        "premises_address", "经营场所", required=True, aliases=("经营地址", "地址", "生产地址"), width=36, max_length=200,
    ),
    Column("county", "县(市、区)", "region", required=True, aliases=("区县", "所属区县"), width=12),
    Column("township", "乡镇(街道)", "region", required=True, aliases=("镇街", "所属街道"), width=14),
    Column("village", "村(社区)", "region", aliases=("社区", "网格"), width=14),
    Column("supervision_office", "监管所", aliases=("市场监管所", "监管机构"), width=18, max_length=60),
    Column(
        "responsibility_grade", "包保等级", "enum", aliases=("分级", "主体分级", "包保分级"), choices=GRADES,
        synonyms=_letters(GRADES, "包保"), width=10, note="A、B、C、D；空着 = 尚未分级。不是监管风险等级",
    ),
    Column(
        "risk_grade", "监管风险等级", "enum", aliases=("风险等级",), choices=RISKS, synonyms=_letters(RISKS, "风险"), width=14,
        note="A 风险最低,D 风险最高",
    ),
    Column("high_risk", "高风险(须现场督导)", "bool", width=12),
    Column(
        "status", "经营状态", "enum", aliases=("主体状态", "状态"), choices=STATUSES,
        synonyms=_spelt(
            {
                "normal": vocabulary.IN_BUSINESS,
                "suspended": vocabulary.SUSPENDED,
                "dormant": vocabulary.DORMANT,
                "not_found": vocabulary.NOT_FOUND,
                "deregistered": vocabulary.DEREGISTERED,
                "moved_out": vocabulary.MOVED_OUT,
            }
        ),
        width=12, note="与登记不同的状态先提请审核，审核后才生效",
    ),
    Column("safety_director", "食品安全总监", "person", several=True, width=14, max_length=60),
    Column("safety_officer", "食品安全员", "person", several=True, width=14, max_length=60),
)  # fmt: skip

_OTHERWISE_WRITTEN: Final = {"seq", "county", "township", "village", "responsibility_grade", "status"}
"""Columns that are no plain facts: the place is one region; grade and status are dated and change by acts of their own."""

LEDGER_FIELDS: Final = tuple(
    column.key for column in BUSINESS_COLUMNS if column.key not in _OTHERWISE_WRITTEN
)
"""The facts of a business that a ledger writes."""

_WITHOUT_COLUMN: Final = {
    "premises_address": ("region",),
    "risk_grade": ("credit_grade", "catering_grade"),
    "safety_officer": ("national_no",),
}
"""Facts that no ledger has, by the field they stand behind."""

EDITABLE: Final = tuple(field for name in LEDGER_FIELDS for field in (name, *_WITHOUT_COLUMN.get(name, ())))
"""The facts of a business that people correct on its page and through the API."""

CODES: Final = (*(c.key for c in BUSINESS_COLUMNS if c.type == "code"), "national_no")
"""Facts written in capitals without blanks."""

IDENTITY: Final = ("name", "credit_code", "licence_no", "premises_address")
"""Facts under which a business is known."""

TAKEN_OVER: Final = tuple(
    name for name in EDITABLE
    if name not in {"name", "premises_address", "region", "high_risk", "credit_grade", "catering_grade"}
)  # fmt: skip
"""Facts about the shop itself that the kept one of two merged businesses takes over where it says nothing itself."""

BLANKS: Final[Mapping[str, Any]] = {"licence_valid_to": None, "high_risk": False}
"""How the register stores that a fact is not known, where that is not an empty text."""

Facts: Any = namedtuple("Facts", LEDGER_FIELDS)  # type: ignore[misc] # its names are those of the declaration
"""The facts of a business as a ledger writes them, by name."""

Typed: Any = namedtuple("Typed", [name for name in EDITABLE if name != "region"])  # type: ignore[misc]
"""The facts of a business as people type them, by name; where it lies stands beside them."""

OFFICER_COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column(
        "officer_name", "包保干部姓名", "person", required=True, aliases=("包保干部", "包保领导", "责任人", "姓名"), width=14,
        max_length=60,
    ),
    Column("officer_title", "职务", required=True, aliases=("包保干部职务",), width=18, max_length=80),
    Column(
        "officer_level", "包保层级", "enum", required=True, aliases=("层级",), choices=LEVELS,
        synonyms={
            "市": "city", "县": "county", "县区级": "county", "区级": "county", "区县级": "county", "乡镇": "township",
            "镇街级": "township", "乡级": "township", "镇级": "township", "街道级": "township", "村": "village",
            "村社区级": "village", "社区级": "village",
        },
        width=10,
    ),
    Column("officer_unit", "单位", aliases=("工作单位",), width=24, max_length=100),
    Column("officer_phone", "联系电话", "phone", aliases=("包保干部电话", "手机号"), width=14, max_length=40),
    Column("county", "县(市、区)", "region", required=True, aliases=("区县",), width=12),
    Column("township", "乡镇(街道)", "region", aliases=("镇街",), width=14),
    Column(
        "business_name", "包保主体", aliases=("企业名称", "主体名称"), width=30, max_length=150,
        note="空着 = 这名干部暂无包保主体",
    ),
    Column(
        "business_credit_code", "主体统一社会信用代码", "code", aliases=("统一社会信用代码", "信用代码"), width=22,
        max_length=30,
    ),
    Column(
        "business_licence_no", "主体许可证号", "code", aliases=("许可证号", "许可证编号"), width=20, max_length=60,
    ),
    Column("pledge_signed_on", "承诺书签订日期", "date", aliases=("承诺书签订时间",), width=14),
    Column("valid_from", "包保起始", "date", width=12, note="空着 = 填报日期"),
    Column("valid_to", "包保终止", "date", width=12),
)  # fmt: skip
