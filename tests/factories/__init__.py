"""Small makers of rows for tests: each gives a valid row and takes what the test is about."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone

from accounts.models import Post, Region, Unit, User
from accounts.rules.rights import Role
from campaigns.models import Campaign
from entities.choices import OfficerLevel
from entities.models import Assignment, Business, Officer
from foodsafe_portal.lib.periods import Period
from inspections.models import FrequencyPolicy, Problem, RectificationDuty, VisitDuty

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
numbers = itertools.count(1)
PASSWORD = "一个很长的测试口令2026"


def make_region(code: str, name: str | None = None, **fields: Any) -> Region:
    """A region and everything above it that is missing."""
    for digits in (2, 4, 6, 9):
        if digits < len(code):
            Region.objects.get_or_create(
                code=code[:digits], defaults={"name": f"地区{code[:digits]}", "level": LEVELS[digits]}
            )
    region, _ = Region.objects.update_or_create(
        code=code, defaults={"name": name or f"地区{code}", "level": LEVELS[len(code)], **fields}
    )
    return region


def make_unit(name: str | None = None, *, region: Region | str = "9901", **fields: Any) -> Unit:
    """A government body."""
    place = (
        make_region(region)
        if isinstance(region, str) and not Region.objects.filter(pk=region).exists()
        else region
    )
    key = place if isinstance(place, str) else place.pk
    return Unit.objects.create(name=name or f"单位{next(numbers)}", region_id=key, **fields)


def make_user(
    username: str | None = None,
    *,
    role: Role | str | None = None,
    region: str | None = None,
    unit: Unit | None = None,
    **fields: Any,
) -> User:
    """An account, with one post when a role is given."""
    user = User(username=username or f"user{next(numbers)}", name=fields.pop("name", "测试人员"), **fields)
    user.set_password(PASSWORD)
    user.save()
    if role is not None:
        if region:
            make_region(region) if not Region.objects.filter(pk=region).exists() else None
        Post.objects.create(
            user=user, role=str(role), region_id=region, unit=unit, valid_from=date(2020, 1, 1)
        )
    return user


def make_business(name: str | None = None, *, region: str = "990102001", **fields: Any) -> Business:
    """A graded, operating business."""
    number = next(numbers)
    if not Region.objects.filter(pk=region).exists():
        make_region(region)
    now = timezone.now()
    values: dict[str, Any] = {
        "name": name or f"测试饭店{number}",
        "licence_no": f"JY2990102{number:07d}",
        "business_type": "catering",
        "premises_address": f"测试路 {number} 号",
        "region_id": region,
        "responsibility_grade": "C",
        "registered_on": date(2024, 1, 1),
        "recorded_at": now,
        "updated_at": now,
    } | fields
    values.setdefault("match_key", values["licence_no"] or f"K{number}")
    return Business.objects.create(**values)


def make_officer(
    name: str | None = None, *, region: str = "990102001", user: User | None = None, **fields: Any
) -> Officer:
    """An officer at township level."""
    number = next(numbers)
    if not Region.objects.filter(pk=region).exists():
        make_region(region)
    values: dict[str, Any] = {
        "name": name or f"干部{number}",
        "title": "副镇长",
        "level": OfficerLevel.TOWNSHIP,
        "phone": f"138{number:08d}",
        "region_id": region,
        "user": user,
        "recorded_at": timezone.now(),
    } | fields
    values.setdefault("match_key", f"{values['name']}|{values['phone']}")
    return Officer.objects.create(**values)


def make_assignment(officer: Officer, business: Business, **fields: Any) -> Assignment:
    """An active assignment since 2024."""
    values: dict[str, Any] = {
        "level": officer.level,
        "valid_from": date(2024, 1, 1),
        "recorded_at": timezone.now(),
    } | fields
    return Assignment.objects.create(officer=officer, business=business, **values)


def make_policy(grade: str = "C", **fields: Any) -> FrequencyPolicy:
    """A frequency policy; the seeded ones of the same grade and day are replaced."""
    values: dict[str, Any] = {
        "effective_from": date(2022, 11, 1),
        "times": 1,
        "per": "quarter",
        "source": "测试",
    } | fields
    policy, _ = FrequencyPolicy.objects.update_or_create(
        grade=grade, effective_from=values.pop("effective_from"), defaults=values
    )
    return policy


def make_campaign(code: str = "demo", *, region: str = "9901", **fields: Any) -> Campaign:
    """A running campaign."""
    if not Region.objects.filter(pk=region).exists():
        make_region(region)
    values: dict[str, Any] = {
        "name": "测试市创建国家食品安全示范城市",
        "region_id": region,
        "started_on": date(2026, 1, 1),
        "review_on": date(2027, 3, 16),
    } | fields
    return Campaign.objects.create(code=code, **values)


def make_duty(business: Business | None = None, *, period: str = "2026Q4", **fields: Any) -> VisitDuty:
    """A live duty of a business for a quarter, known since long ago."""
    business = business or make_business()
    quarter = Period.parse(period)
    values: dict[str, Any] = {
        "business": business,
        "region_id": business.region_id,
        "grade": business.responsibility_grade,
        "period": period,
        "period_start": quarter.start,
        "period_end": quarter.end,
        "arises_on": quarter.start,
        "due_on": quarter.end,
        "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    } | fields
    return VisitDuty.objects.create(**values)


def make_problem(*, region: str = "990102001", due_on: date = date(2026, 11, 13), **fields: Any) -> Problem:
    """A problem with its live rectification duty."""
    number = next(numbers)
    if not Region.objects.filter(pk=region).exists():
        make_region(region)
    duty = {name: fields.pop(name) for name in ("fulfilled_on", "delivered_on") if name in fields}
    known = datetime(2026, 1, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "code": f"WT-2611-{number:04d}",
        "source": "visit",
        "description": "台账记录不全",
        "region_id": region,
        "grade": "C",
        "found_on": date(2026, 11, 2),
        "original_due_on": due_on,
        "due_on": due_on,
        "recorded_at": known,
    } | fields
    problem = Problem.objects.create(**values)
    RectificationDuty.objects.create(
        problem=problem,
        region_id=region,
        unit=problem.unit,
        grade=problem.grade,
        arises_on=problem.found_on,
        original_due_on=due_on,
        due_on=due_on,
        recorded_at=known,
        **duty,
    )
    return problem
