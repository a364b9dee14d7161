"""Accounts and posts: given by administrators, felt at once, never by oneself, never without an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import slips
from accounts.errors import AccountRefused
from accounts.models import Post, Region, User
from accounts.rules.rights import EXCLUSIVE_ROLES, Role
from accounts.services import people
from records.models import AuditEvent
from tests.factories import make_business, make_region, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


@pytest.fixture
def security():
    return make_user(role="security_admin")


@pytest.fixture
def system():
    return make_user(role="system_admin")


@pytest.mark.parametrize("name", ["liu", "13800000001"])
def test_people_log_in_by_user_name_or_mobile_and_must_change_the_first_password(system, name):
    user, password = people.create_account(username="liu", name="刘敏", mobile="13800000001", by=system)
    client = Client()
    answer = client.post(reverse("account_login"), {"login": name, "password": password})
    assert answer.status_code == 302
    assert client.get("/").headers["Location"] == reverse("account_change_password")
    new = "换成自己的长口令2026"
    client.post(
        reverse("account_change_password"), {"oldpassword": password, "password1": new, "password2": new}
    )
    user.refresh_from_db()
    assert (user.must_change_password, client.get("/").status_code) == (False, 302)
    assert actions()[-3:] == ["account.created", "login.done", "account.password_changed"]


def test_unknown_people_and_wrong_passwords_read_the_same(system):
    people.create_account(username="liu", name="刘敏", by=system)
    pages = []
    for name in ("liu", "nobody"):
        answer = Client().post(reverse("account_login"), {"login": name, "password": "错的口令"})
        body = answer.content.decode()
        pages.append(body[body.index('class="form"') :].replace(name, "NAME").split("csrfmiddlewaretoken")[0])
    assert pages[0] == pages[1]
    assert AuditEvent.objects.filter(action="login.refused", outcome="refused").count() == 2


def test_a_switched_off_account_is_out_at_its_next_request(login, system):
    office = login(role="campaign_office", region="9901")
    assert office.get("/").status_code == 302
    people.switch_account(user=office.user, active=False, by=system)
    assert reverse("account_login") in office.get("/").headers["Location"]


def test_a_post_that_ends_is_felt_at_the_next_request(login, security):
    client = login(role="auditor")
    assert client.get(reverse("trail")).status_code == 200
    post = client.user.posts.get()
    people.end_post(post=post, on=timezone.localdate() - timedelta(days=1), by=security)
    assert client.get(reverse("trail")).status_code == 403


OTHERS = ("leader", "auditor", "system_admin", "security_admin")


@pytest.mark.parametrize(
    ("first", "second"), [(one, two) for one in sorted(EXCLUSIVE_ROLES) for two in OTHERS if one != two]
)
def test_the_three_administrators_exclude_each_other_and_every_other_post(security, first, second):
    make_region("9901")
    user = make_user(role=first)
    with pytest.raises(AccountRefused, match="互斥"):
        people.give_post(
            user=user, role=Role(second), region=Region.objects.get(pk="9901"), unit=None, by=security
        )
    assert user.posts.count() == 1


def test_nobody_gives_or_ends_their_own_post(security):
    with pytest.raises(AccountRefused, match="不能给自己授予"):
        people.give_post(user=security, role=Role.SECURITY_ADMIN, region=None, unit=None, by=security)
    with pytest.raises(AccountRefused, match="不能终止自己"):
        people.end_post(post=security.posts.get(), on=timezone.localdate(), by=security)


def test_a_territorial_role_without_a_territory_is_refused(security):
    with pytest.raises(AccountRefused, match="要有辖区"):
        people.give_post(user=make_user(), role=Role.COUNTY_LIAISON, region=None, unit=None, by=security)


def test_the_slip_shows_the_password_once_and_the_trail_never(login, system):
    client = login(system)
    page = client.post(
        reverse("account-new"), {"username": "wang", "name": "王芳", "mobile": ""}
    ).content.decode()
    password = page.split('slip-password">')[1].split("<")[0]
    assert User.objects.get(username="wang").check_password(password)
    assert password not in str(list(AuditEvent.objects.values()))


def test_a_taken_user_name_gets_a_sentence_and_loses_nothing(login, system):
    make_user("wang")
    answer = login(system).post(reverse("account-new"), {"username": "wang", "name": "王芳", "mobile": ""})
    assert (answer.status_code, "已有账号" in answer.content.decode(), "王芳" in answer.content.decode()) == (
        422,
        True,
        True,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_the_account_list_costs_the_same_queries_however_long_it_is(login, django_assert_num_queries, count):
    client = login(role="security_admin")
    for _ in range(count):
        make_user(role="leader", region="9901")
    client.get(reverse("account-list"))
    with django_assert_num_queries(6):
        assert client.get(reverse("account-list")).status_code == 200


def test_the_office_sees_accounts_of_its_territory_only(login):
    office = login(role="campaign_office", region="9901")
    make_user("inside", role="county_liaison", region="990102")
    make_user("outside", role="county_liaison", region="980102")
    page = office.get(reverse("account-list")).content.decode()
    assert ("inside" in page, "outside" in page) == (True, False)


def test_a_person_sees_the_union_of_their_posts():
    user = make_user(role="county_liaison", region="990102")
    make_region("990103")
    Post.objects.create(user=user, role="county_liaison", region_id="990103", valid_from=timezone.localdate())
    mine = {make_business(region="990102001").pk, make_business(region="990103001").pk}
    make_business(region="990104001")
    from entities.models import Business

    assert set(Business.objects.visible_to(User.objects.get(pk=user.pk)).values_list("pk", flat=True)) == mine


def test_a_post_of_yesterday_or_tomorrow_gives_nothing():
    user, today = make_user(), timezone.localdate()
    make_region("990102")
    for start, end in ((today - timedelta(9), today - timedelta(1)), (today + timedelta(1), None)):
        Post.objects.create(
            user=user, role="county_liaison", region_id="990102", valid_from=start, valid_to=end
        )
    assert (user.roles, user.permissions) == (frozenset(), frozenset())


def test_the_language_is_switched_and_remembered(login):
    client = login(role="auditor")
    client.post(reverse("set_language"), {"language": "en", "next": "/trail/"})
    client.user.refresh_from_db()
    assert client.user.language == "en"
    answer = client.post(reverse("set_language"), {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_switching_the_language_on_a_refused_form_leads_to_a_page_that_exists(login):
    client = login(role="county_liaison", region="990102")
    refused = client.post(reverse("ledger-upload"), {})
    assert refused.status_code == 422
    assert 'name="next" value="/"' in refused.content.decode()
    shown = client.get(reverse("ledger-home") + "?kind=businesses")
    assert 'name="next" value="/ledgers/?kind=businesses"' in shown.content.decode()


def test_an_idle_session_ends_with_a_sentence(login, time_machine):
    client = login(role="leader", region="9901")
    client.get("/")
    time_machine.move_to(timezone.now() + timedelta(minutes=31))
    assert reverse("account_login") in client.get("/").headers["Location"]


def test_slips_of_a_ledger_are_shown_once_to_whoever_confirmed_it(login, system):
    slips.keep(7, system, [slips.Slip("wang", "王芳", "乡镇联络员", "abcde-fghij-klmn")])
    address = reverse("account-slips", args=[7])
    other = login(role="system_admin")
    assert "abcde" not in other.post(address).content.decode()
    client = login(system)
    assert "abcde" not in client.get(address).content.decode()
    assert "abcde-fghij-klmn" in client.post(address).content.decode()
    assert "abcde" not in client.post(address).content.decode()


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(client):
    for referer, back in (
        ("http://testserver/problems/5/?tab=1", "/problems/5/%3Ftab%3D1"),
        ("http://elsewhere.example/x/", "/"),
        ("", "/"),
    ):
        answer = client.post(
            reverse("problem-sign", args=[5]), headers={"Referer": referer} if referer else {}
        )
        assert answer.url.endswith(f"?next={back}"), referer
    assert client.get("/problems/5/?tab=1").url.endswith("?next=/problems/5/%3Ftab%3D1")
