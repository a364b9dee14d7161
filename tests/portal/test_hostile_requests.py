"""Requests no browser sends: NUL in addresses, cookies and forms, JSON nested without end, halves of characters."""

from __future__ import annotations

from typing import Any

import pytest

from foodsafe_portal.lib.parsers import unwritable
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def office(login: Any) -> Any:
    return login(make_user("office", role="campaign_office", region="9901"))


@pytest.mark.parametrize(
    "path",
    [
        "/businesses/?q=a%00b",
        "/trail/?after=%00",
        "/businesses/?q=%00",
        "/api/v1/businesses/?q=%00",
        "/login/?next=%00",
    ],
)
def test_nul_in_an_address_is_refused_in_a_sentence(office: Any, path: str) -> None:
    answer = office.get(path)
    assert answer.status_code == 400
    assert ("不完整" if not path.startswith("/api/") else "NUL") in answer.content.decode()


def test_nul_in_a_cookie_is_refused_before_the_session_is_looked_for(client: Any) -> None:
    answer = client.get("/login/", headers={"cookie": 'sessionid="abcdefgh\\000ijkl"'})
    assert answer.status_code == 400


def test_nul_in_a_form_is_refused_in_a_sentence(client: Any) -> None:
    answer = client.post("/login/", {"login": "a\0b", "password": "c"})
    assert answer.status_code == 400 and "不完整" in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("[" * 100_000, "嵌套过深", id="nested without end"),
        pytest.param('{"a":' * 100_000, "嵌套过深", id="objects nested without end"),
        pytest.param('{"summary": ["a\\u0000"]}', "不能保存的字符", id="NUL"),
        pytest.param('{"summary": {"\\ud83d": 1}}', "不能保存的字符", id="half a character"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/problems/", "/api/v1/token/", "/api/v1/visits/"])
def test_a_hostile_body_is_refused_in_a_sentence(office: Any, path: str, body: str, words: str) -> None:
    answer = office.post(path, body, content_type="application/json")
    assert answer.status_code == 400 and words in answer.json()["detail"]


def test_nul_in_a_part_of_a_form_is_refused(office: Any) -> None:
    answer = office.post("/api/v1/visits/", {"problems": "[]\0"}, format="multipart")
    assert answer.status_code == 400 and "不能保存的字符" in answer.json()["detail"]


@pytest.mark.parametrize("document", ["好", "😀", {"a": ["b", 1, None, {"c": "d"}]}, 5, None])
def test_ordinary_text_can_be_kept(document: Any) -> None:
    assert not unwritable(document)


# --- the admin's addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "password__startswith=argon2",
        "password__gt=a",
        "password=x",
        "mobile__contains=138",
        "posts__user__password__startswith=a",
        "auth_token__key__startswith=a",
        "is_active__regex=1",
        "totally__unknown=1",
    ],
)
@pytest.mark.parametrize("role", ["system_admin", "security_admin", "auditor", "campaign_office"])
def test_the_admin_answers_no_question_about_what_it_does_not_show(login: Any, role: str, query: str) -> None:
    client = login(make_user("asker", role=role, region="9901"))
    assert client.get(f"/admin/accounts/user/?{query}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts/user/?is_active__exact=1",
        "/admin/accounts/unit/?county=990102",
        "/admin/records/auditevent/?target_type__exact=accounts.user&target_id__exact=1",
        "/admin/accounts/post/?role__exact=officer&q=asker",
    ],
)
def test_filters_that_a_list_offers_work(login: Any, path: str) -> None:
    client = login(make_user("asker", role="auditor", region="9901"))
    assert client.get(path).status_code == 200
