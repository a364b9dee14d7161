"""The ledger of accounts: people with posts, one-time passwords shown once, no administrator by a file."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.hashers import check_password
from django.core.cache import cache

from accounts import slips
from accounts.models import Post, User
from records.ledgers import batches
from tests.factories import make_unit, make_user
from tests.factories.ledgers import counts, found, make_county, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def admin():
    make_county()
    return make_user("xitong", role="system_admin", region="9901")


def row(username, **fields):
    return {
        "username": username,
        "name": f"{username}的姓名",
        "mobile": None,
        "role": "县区联络员",
        "unit": None,
        "region": "南湖区",
        "title": None,
        "valid_from": None,
        "valid_to": None,
    } | fields


def posts():
    return set(
        Post.objects.exclude(user__username="xitong").values_list(
            "user__username", "role", "region_id", "unit__name"
        )
    )


def test_people_get_accounts_posts_and_a_slip_that_is_shown_once(admin, django_capture_on_commit_callbacks):
    make_unit("示例市教育局", region="9901")
    rows = [
        row("zhang", mobile="13800000001", title="干事", valid_from="2026-01-01"),
        row("li", role="成员单位联络员", unit="示例市教育局", region="9901"),
        row("li", role="领导小组成员", region="9901"),
        row("wang", role="乡镇联络员", region="南湖区石门乡"),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        batch = take_in(send(admin, "accounts", rows))
    assert (counts(batch)["created"], found(batch, "error")) == (4, [])
    assert posts() == {
        ("zhang", "county_liaison", "990102", None),
        ("li", "unit_liaison", "9901", "示例市教育局"),
        ("li", "leader", "9901", None),
        ("wang", "township_liaison", "990102002", None),
    }
    person = User.objects.get(username="zhang")
    assert (person.must_change_password, person.mobile, person.posts.get().valid_from) == (
        True,
        "13800000001",
        date(2026, 1, 1),
    )
    assert slips.waiting(batch.pk, admin) and slips.take(batch.pk, make_user()) is None
    printed = slips.take(batch.pk, admin)
    assert printed is not None and [slip.username for slip in printed] == ["zhang", "li", "wang"]
    assert all(
        check_password(slip.password, User.objects.get(username=slip.username).password) for slip in printed
    )
    assert slips.take(batch.pk, admin) is None


def test_the_passwords_wait_sealed_and_stand_in_no_table(admin, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        batch = take_in(send(admin, "accounts", [row("zhang")]))
    sealed = cache.get(f"account-slips:{batch.pk}:{admin.pk}")
    printed = slips.take(batch.pk, admin)
    assert printed is not None and printed[0].password not in sealed
    batch.refresh_from_db()
    assert printed[0].password not in str(batch.rows.values()) + str(batch.commit_job.result)


def test_a_second_import_changes_nothing_and_prints_nothing(admin, django_capture_on_commit_callbacks):
    take_in(send(admin, "accounts", [row("zhang"), row("wang", role="乡镇联络员", region="990102001")]))
    with django_capture_on_commit_callbacks(execute=True):
        batch = take_in(
            send(
                admin,
                "accounts",
                [row("zhang"), row("wang", role="乡镇联络员", region="990102001")],
                below=[["合计", 2]],
            )
        )
    assert counts(batch) == {"read": 3, "accepted": 2, "skipped": 1, "unchanged": 2}
    assert (slips.take(batch.pk, admin), Post.objects.count()) == (None, 3)


def test_a_person_known_already_gets_a_further_post_and_keeps_the_password(admin):
    person = make_user("zhang", name="张三", role="leader", region="9901")
    password = person.password
    batch = take_in(send(admin, "accounts", [row("zhang", name="张三", mobile="13800000009")]))
    person.refresh_from_db()
    assert (counts(batch)["updated"], person.mobile, person.password) == (1, "13800000009", password)
    assert person.posts.count() == 2


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"username": None}, "用户名", "required"),
        ({"username": "有 空格"}, "用户名", "username_form"),
        ({"name": None}, "姓名", "required"),
        ({"role": "市长"}, "角色", "unknown_choice"),
        ({"role": "系统管理员"}, "角色", "role_not_allowed"),
        ({"role": "审计管理员"}, "角色", "role_not_allowed"),
        ({"region": None}, "辖区", "required"),
        ({"region": "石门乡石门乡"}, "辖区", "unknown_region"),
        ({"region": "330102"}, "辖区", "other_territory"),
        ({"unit": "没有的局"}, "单位", "unit_unknown"),
        ({"role": "成员单位联络员"}, "单位", "required"),
        ({"mobile": "13800000777"}, "手机号", "mobile_taken"),
        ({"username": "xitong"}, "用户名", "own_account"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "终止日期", "wrong_order"),
        ({"username": "guanli"}, "角色", "exclusive_role"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(admin, fault, column, code):
    make_user("other", mobile="13800000777")
    make_user("guanli", role="auditor")
    assert found(send(admin, "accounts", [row("good"), row("zhang") | fault]), "error") == [(4, column, code)]


def test_a_row_that_repeats_what_is_there_gives_nothing_and_is_no_fault(admin):
    make_user("guanli", name="关理", role="auditor")
    batch = send(
        admin, "accounts", [row("guanli", name="关理", role="审计管理员", region=None, valid_from=None)]
    )
    assert (found(batch, "error"), counts(batch).get("unchanged")) == ([], 1)
    named = send(admin, "accounts", [row("guanli", name="别名", role="审计管理员", region=None)])
    assert found(named, "error") == [(3, "角色", "role_not_allowed"), (3, "角色", "exclusive_role")]


def test_a_post_that_has_ended_is_not_given_again_by_the_ledger_that_tells_of_it(admin):
    former = make_user("li", name="李四", role="auditor")
    ended = date(2026, 3, 31)
    former.posts.update(valid_to=ended)
    told = row("li", name="李四", role="审计管理员", region=None, valid_to=ended.isoformat())
    assert counts(send(admin, "accounts", [told])).get("unchanged") == 1
    again = send(admin, "accounts", [told | {"valid_to": None}])
    assert found(again, "error") == [(3, "角色", "role_not_allowed")]
    other = take_in(send(admin, "accounts", [row("li", name="李四")]))
    assert (other.counts["rejected"], former.posts.count()) == (0, 2)


def test_rows_of_one_person_that_contradict_each_other_are_refused(admin):
    batch = send(admin, "accounts", [row("zhang"), row("zhang", name="另一人", role="领导小组成员")])
    assert found(batch, "error") == [(3, "", "person_differs"), (4, "", "person_differs")]


def test_an_undo_takes_unused_accounts_and_posts_out(admin):
    known = make_user("li", name="李四", role="leader", region="9901")
    batch = take_in(send(admin, "accounts", [row("zhang"), row("wang"), row("li", name="李四")]))
    User.objects.filter(username="wang").update(last_login=batch.committed_at)
    result = batches.undo_batch(batch=batch, by=admin)
    assert [(c["row"], c["name"]) for c in result.conflicts] == [(4, "wang")]
    assert (User.objects.filter(username="zhang").exists(), known.posts.count()) == (False, 1)


def test_an_undo_leaves_the_posts_of_earlier_years_and_those_ended_since(admin):
    person = make_user("li", name="李四", role="county_liaison", region="990102")
    person.posts.update(valid_to=date(2025, 12, 31))
    make_user("sun", name="孙五", role="leader", region="9901")
    batch = take_in(send(admin, "accounts", [row("li", name="李四"), row("sun", name="孙五")]))
    Post.objects.filter(user__username="sun", role="county_liaison").update(valid_to=date(2099, 1, 1))
    result = batches.undo_batch(batch=batch, by=admin)
    assert (result.removed, [c["name"] for c in result.conflicts]) == (1, ["sun"])
    assert [post.valid_to for post in person.posts.all()] == [date(2025, 12, 31)]
    assert Post.objects.filter(user__username="sun").count() == 2
