"""A new installation: from an empty database to the first frozen week, without the demonstration city."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import date, datetime, time

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Post, Region, Unit, User
from accounts.rules.regions import prefix_of
from accounts.rules.rights import Role
from accounts.services.people import give_post
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, Rulebook, WeeklyFigure
from campaigns.services.founding import found_city
from campaigns.services.rulebooks import pin_rulebook, publish_rulebook
from campaigns.services.weeks import close_week, publish_week
from entities.models import Business
from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.weeks import Week
from inspections.services.duties import materialise_duties
from records.models import AuditEvent
from tests.factories.ledgers import business_row, counts, found, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

STARTED = date(2026, 1, 1)


def found_by_command(*arguments):
    out = io.StringIO()
    code = 0
    try:
        with redirect_stdout(out):
            call_command("found_city", *arguments, "--json", stdout=out)
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def imported(user, kind, rows):
    batch = take_in(send(User.objects.get(pk=user.pk), kind, rows))
    assert found(batch, "error") == []
    return counts(batch)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("990100", "9901"),
        ("9901", "9901"),
        ("990000", "99"),
        ("990102", "990102"),
        (" 990100 ", "9901"),
        ("99010", None),
        ("990102001", None),
        ("abcdef", None),
        ("", None),
        ("９９０１００", None),
    ],
)
def test_a_citys_code_may_be_written_with_its_zeros(typed, kept):
    assert prefix_of(typed) == kept


def test_the_command_founds_a_city_that_three_administrators_and_nobody_else_can_enter():
    code, document = found_by_command("--code", "990100", "--name", "示例市", "--admin", "wang", "li")
    assert code == 0
    assert [(a["username"], a["role"]) for a in document["accounts"]] == [
        ("wang", "系统管理员"),
        ("li", "安全管理员"),
        ("auditor", "审计管理员"),
    ]
    for account in document["accounts"]:
        user = User.objects.get(username=account["username"])
        assert user.check_password(account["password"])
        assert user.must_change_password
    assert set(Post.objects.values_list("user__username", "role", "region_id")) == {
        ("wang", Role.SYSTEM_ADMIN, "9901"),
        ("li", Role.SECURITY_ADMIN, "9901"),
        ("auditor", Role.AUDITOR, "9901"),
    }
    assert list(Region.objects.values_list("code", flat=True)) == ["99", "9901"]
    campaign = Campaign.objects.get()
    assert (campaign.code, campaign.region_id, campaign.review_label) == (
        "main",
        "9901",
        "迎检日期待定（暂按一年）",
    )
    assert AuditEvent.objects.filter(action="city.founded", actor=None).count() == 1


def test_a_city_is_founded_once():
    assert found_by_command("--code", "990100", "--name", "示例市")[0] == 0
    code, document = found_by_command("--code", "990200", "--name", "另一市")
    assert code == 2
    assert "不能再次初始化" in document["reason"]
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--code", "99010", "--name", "示例市"), "99010"),
        (("--code", "990100", "--name", " "), "城市名称不能为空"),
        (("--code", "990100", "--name", "示例市", "--admin", "a", "a"), "三个不同的用户名"),
        (("--code", "990100", "--name", "示例市", "--review-day", "明年"), "“明年”"),
        (
            ("--code", "990100", "--name", "示例市", "--started", "2026-10-01", "--review-day", "2026-09-01"),
            "2026-09-01",
        ),
    ],
)
def test_what_cannot_be_founded_is_refused_and_leaves_nothing(arguments, said):
    code, document = found_by_command(*arguments)
    assert code == 2
    assert said in document["reason"]
    assert not (User.objects.exists() or Region.objects.exists() or Campaign.objects.exists())


def test_a_county_can_be_founded_under_its_own_code():
    founded = found_city(code="990102", name="南湖区", started_on=STARTED)
    assert (founded.region.level, founded.campaign.region_id) == ("county", "990102")
    with pytest.raises(CampaignRefused):
        found_city(code="990103", name="富源市", started_on=STARTED)


def test_from_nothing_to_the_first_frozen_week():
    """A business owes visits from the day it is registered, so the first week with figures is the one of the first ledger."""
    today = timezone.localdate()
    founded = found_city(
        code="990100",
        name="示例市",
        started_on=STARTED,
        review_on=date(2027, 3, 16),
        administrators=["xt", "aq", "sj"],
    )
    system, security = User.objects.get(username="xt"), User.objects.get(username="aq")

    regions = [("990102", "南湖区"), ("990102001", "人民街道"), ("990102001001", "幸福社区")]
    assert imported(system, "regions", [{"code": c, "name": n} for c, n in regions]) == {
        "read": 3,
        "accepted": 3,
        "created": 3,
    }
    unit = {"name": "示例市食品安全委员会办公室", "kind": "部门", "region": "示例市", "is_member": "是"}
    assert imported(system, "units", [unit])["created"] == 1
    people = [
        {"username": "ban", "name": "创建办", "role": "乡镇联络员", "region": "南湖区人民街道"},
        {"username": "nanhu", "name": "南湖区联络员", "role": "县区联络员", "region": "南湖区"},
    ]
    assert imported(system, "accounts", people)["created"] == 2
    office = User.objects.get(username="ban")
    give_post(user=office, role=Role.CAMPAIGN_OFFICE, region=founded.region, unit=None, by=security)

    clauses = [
        {"code": "city-2026", "book": "评价细则", "edition": "1", "source": "本市", "passing": "总分≥60",
         "no": "1", "title": "按时督导", "kind": "关键项", "points": 10, "method": "酌情扣分"},
    ]  # fmt: skip
    assert imported(office, "rulebook", clauses)["created"] == 1
    office = User.objects.get(pk=office.pk)
    rulebook = publish_rulebook(rulebook=Rulebook.objects.get(), by=office)
    campaign = pin_rulebook(campaign=founded.campaign, rulebook=rulebook, by=office)

    liaison = User.objects.get(username="nanhu")
    one, other = business_row(), business_row()
    assert imported(liaison, "businesses", [one, other])["created"] == 2
    bond = {
        "officer_name": "李四", "officer_title": "副主任", "officer_level": "乡镇级", "officer_phone": "13900000000",
        "county": "南湖区", "township": "人民街道", "pledge_signed_on": "2026-01-05", "valid_from": "2026-01-01",
    }  # fmt: skip
    named = [
        {
            "business_name": b["name"],
            "business_credit_code": b["credit_code"],
            "business_licence_no": b["licence_no"],
        }
        for b in (one, other)
    ]
    imported(liaison, "officers", [bond | name for name in named])
    visit = {
        "township": "人民街道",
        "officer_name": "李四",
        "officer_level": "乡镇级",
        "visited_on": today.isoformat(),
        "mode": "现场",
    }
    assert imported(liaison, "visits", [visit | named[0]])["created"] == 1

    week = Week.of(today)
    monday = timezone.make_aware(datetime.combine(week.next().monday, time(0, 30)))
    materialise_duties(region_code="9901", on=week.sunday, at=monday)

    report = publish_week(report=close_week(campaign=campaign, week=week, at=monday), by=office)
    city = WeeklyFigure.objects.get(report=report, measure="visits", level="city", region_id="9901", grade="")
    same_quarter = today in Period.containing(week.sunday, "quarter")
    assert (city.expected, city.done) == (2, 1 if same_quarter else 0)
    assert Unit.objects.get().is_member
    assert Business.objects.count() == 2
