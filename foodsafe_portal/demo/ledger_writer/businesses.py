"""A ledger of businesses that nobody has registered yet, with numbers of a space of their own."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.dice import Weighted
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    changed,
    other_check,
    soil,
    twins,
    typed,
)
from foodsafe_portal.lib.identifiers import USCC_ALPHABET

SERIALS: Final = 200_000
_GRADES: Final = Weighted({"A": 1, "B": 8, "C": 40, "D": 41, "": 10})
_RISKS: Final = Weighted({"A": 34, "B": 42, "C": 19, "D": 5})
_SCALES: Final = {"A": "large", "B": "medium", "C": "small", "D": "micro", "": "micro"}
_OPTIONAL: Final = (
    "safety_director",
    "safety_officer",
    "supervision_office",
    "high_risk",
    "risk_grade",
    "scale",
)


def write_businesses(desk: Desk, share: float) -> Draft:
    """``desk.size`` businesses of the county; written again with the same seed they are the same ones."""
    random = desk.random("businesses")
    towns = desk.townships
    first = (desk.seed * 100_003) % 800_000
    rows = [_row(desk, random, random.choice(towns), (first + at) % 800_000) for at in range(desk.size)]
    draft = new_draft(desk, "businesses", rows, optional=_OPTIONAL)
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _row(desk: Desk, random: Random, town: str, serial: int) -> Row:
    grade = _GRADES.draw(random)
    kind = names.TYPES_BY_GRADE[grade].draw(random)
    township = desk.names[town]
    short = township.removesuffix("街道").rstrip("镇乡")
    name = names.shop(random, kind, county=desk.county_name, township=short)
    company = "公司" in name
    villages = desk.villages[town]
    return {
        "name": name,
        "credit_code": numbers.credit_code(
            "91" if company else "92", desk.county, serial, f"L{USCC_ALPHABET[desk.seed % 31]}"
        ),
        "licence_no": numbers.licence(kind, desk.county, SERIALS + serial),
        "licence_valid_to": desk.on + timedelta(days=random.randint(30, 1_700)),
        "business_type": str(kind),
        "scale": _SCALES[grade],
        "legal_person": names.person(random),
        "contact_phone": numbers.phone(int(desk.county[4:]) + 60, serial),
        "premises_address": names.address(random, desk.county_name, township),
        "county": desk.county_name,
        "township": f"{desk.county_name}{township}" if random.random() < 0.03 else township,
        "village": desk.names[random.choice(villages)] if villages and random.random() < 0.9 else None,
        "supervision_office": f"{short}市场监管所",
        "responsibility_grade": grade or None,
        "risk_grade": _RISKS.draw(random),
        "high_risk": random.random() < 0.05,
        "status": None if random.random() < 0.05 else "suspended" if random.random() < 0.02 else "normal",
        "safety_director": names.person(random) if grade in {"A", "B"} else None,
        "safety_officer": names.person(random),
    }


def _another_name(row: Row, random: Random) -> Row:
    return {"name": f"{row['name']}(分店)", "legal_person": names.person(random)}


def _wrong_code(row: Row, random: Random) -> str:
    return other_check(row["credit_code"], USCC_ALPHABET)


def _wrong_licence(row: Row, random: Random) -> str:
    return other_check(row["licence_no"], "0123456789")


def _masked(row: Row, random: Random) -> str:
    return f"{row['credit_code'][:6]}********{row['credit_code'][-4:]}"


def _recipes(desk: Desk) -> list[Recipe]:
    elsewhere = [desk.names[code] for code in desk.elsewhere()]
    return [
        blank("name"),
        blank("premises_address"),
        blank("business_type"),
        blank("township"),
        bad_date("licence_valid_to"),
        typed("business_type", "unknown_choice", "饭馆子", "其他", "网店"),
        typed("responsibility_grade", "unknown_choice", "E", "甲", "B级(风险)"),
        typed("status", "unknown_choice", "不清楚", "老板回老家"),
        typed("contact_phone", "not_a_phone", "见营业执照", "无电话"),
        typed("high_risk", "not_yes_or_no", "大概", "看情况"),
        typed("credit_code", "digits_lost", "9.29901E+17", 929901020000000000.0),
        typed("licence_no", "error_cell", "#N/A", "#REF!"),
        typed("name", "too_long", "南湖食品" * 40),
        typed("township", "unknown_region", "火星镇", "没有的街道"),
        typed("county", "other_territory", *elsewhere),
        typed("village", "unknown_village", "没有的社区", "新村(筹)"),
        changed("credit_code", "credit_code_check_digit", _wrong_code),
        changed("credit_code", "credit_code_form", _masked),
        changed("licence_no", "licence_check_digit", _wrong_licence),
        twins("duplicate_conflict", _another_name),
    ]
