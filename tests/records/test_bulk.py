"""Acts on many rows of a list: looked at before, done once, row by row, and written down row by row and as a whole."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from entities.models import Assignment, StatusChange
from inspections.models import Problem
from records.models import AuditEvent, Job
from records.services import bulk, jobs
from tests.factories import (
    make_assignment,
    make_business,
    make_officer,
    make_problem,
    make_region,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)
HX = {"HX-Request": "true"}


@pytest.fixture
def county(time_machine):
    time_machine.move_to(datetime(2026, 11, 16, 2, 0, tzinfo=UTC), tick=False)
    make_region("990102001", "人民街道")
    make_region("980101001")
    make_region("9901")
    return "990102"


def change(to: str = "closed", *, by=None, region: str = "990102001") -> StatusChange:
    business = make_business(region=region, registered_on=date(2026, 1, 1))
    return StatusChange.objects.create(
        business=business, from_status="suspended", to_status=to, effective_on=TODAY,
        proposed_at=datetime(2026, 11, 12, tzinfo=UTC), proposed_by=by, reason="歇业",
    )  # fmt: skip


def act(client, key: str, code: str, rows=(), **data):
    picked = {"pk": [row.pk for row in rows], "act": code, **data}
    return client.post(reverse("bulk-act", args=[key]), picked, headers=HX)


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', html)
    return found.group(1) if found else ""


def confirm(client, key: str, code: str, rows=(), **data):
    """Preview, then do what was previewed."""
    told = {} if data.keys() <= {"all", "query"} else {"told": "1"}
    html = act(client, key, code, rows, **data, **told).content.decode()
    sure = {"token": hidden(html, "token"), "digest": hidden(html, "digest"), "sure": "1"}
    return act(client, key, code, rows, **data, **sure), sure


def test_the_preview_counts_what_can_be_done_and_says_what_will_be_refused_and_why(login, county):
    client = login(role="regulator", region=county)
    fine = [change("absent") for _one in range(2)]
    bare = StatusChange.objects.create(
        business=make_business("老街卤味", region="990102001"), from_status="normal", to_status="suspended",
        effective_on=TODAY, proposed_at=datetime(2026, 11, 12, tzinfo=UTC), reason="歇业",
    )  # fmt: skip
    own = change("absent", by=client.user)
    html = act(client, "status_changes", "approve", [*fine, bare, own]).content.decode()
    assert "可办 2 条" in html and "没有佐证" in html and "提出人不能审核" in html.replace("人自己", "人")
    assert StatusChange.objects.waiting().count() == 4
    assert not AuditEvent.objects.filter(action__startswith="status_change").exists()


def test_every_row_and_the_act_as_a_whole_are_written_down_and_a_refused_row_stays(login, county):
    client = login(role="regulator", region=county)
    rows = [change("absent"), change("absent"), change("absent", by=client.user)]
    answer, _sure = confirm(client, "status_changes", "approve", rows)
    html = answer.content.decode()
    assert "已办 2 件" in html and "没有办 1 件" in html and "提出" in html
    assert AuditEvent.objects.filter(action="status_change.approved").count() == 2
    whole = AuditEvent.objects.get(action="bulk.done")
    assert (whole.actor, whole.after["done"], whole.after["refused"]) == (client.user, 2, 1)
    rows[2].refresh_from_db()
    assert rows[2].state == "proposed"


def test_sent_twice_it_is_done_once(login, county):
    client = login(role="regulator", region=county)
    rows = [change("absent"), change("absent")]
    first, sure = confirm(client, "status_changes", "approve", rows)
    second = act(client, "status_changes", "approve", rows, **sure)
    assert "已办 2 件" in second.content.decode()
    assert Job.objects.filter(kind=bulk.KIND).count() == 1
    assert AuditEvent.objects.filter(action="bulk.done").count() == 1
    assert first.status_code == 200


def test_of_two_people_at_once_each_row_is_decided_by_one(login, county):
    rows = [change("absent") for _one in range(3)]
    one, other = login(role="regulator", region=county), login(role="campaign_office", region="9901")
    looked = act(other, "status_changes", "reject", rows, note="重复申报", told="1").content.decode()
    confirm(one, "status_changes", "approve", rows[:2])
    sure = {"token": hidden(looked, "token"), "digest": hidden(looked, "digest"), "sure": "1"}
    answer = act(other, "status_changes", "reject", rows, note="重复申报", **sure).content.decode()
    assert "已办 1 件" in answer and "没有办 2 件" in answer
    assert sorted(StatusChange.objects.values_list("state", flat=True)) == [
        "approved",
        "approved",
        "rejected",
    ]


def test_what_the_filter_holds_is_what_is_done_and_a_changed_set_is_shown_again(login, county):
    client = login(role="regulator", region=county)
    wanted = [change("absent") for _one in range(2)]
    change("absent", region="980101001")
    query = urlencode({"kind": "status", "mine": "1"})
    html = act(client, "status_changes", "approve", all="1", query=query).content.decode()
    assert "可办 2 条" in html
    late = change("absent")
    sure = {"token": hidden(html, "token"), "digest": hidden(html, "digest"), "sure": "1"}
    again = act(client, "status_changes", "approve", all="1", query=query, **sure)
    assert again.status_code == 409 and "可办 3 条" in again.content.decode()
    answer, _sure = confirm(client, "status_changes", "approve", all="1", query=query)
    assert "已办 3 件" in answer.content.decode()
    done = StatusChange.objects.filter(state="approved").values_list("pk", flat=True)
    assert set(done) == {row.pk for row in [*wanted, late]}


def test_a_foreign_key_is_as_absent_and_an_act_of_another_role_is_refused(login, county):
    foreign = change("absent", region="980101001")
    regulator = login(role="regulator", region=county)
    absent = act(regulator, "status_changes", "approve", [foreign])
    assert absent.status_code == 422 and foreign.business.name not in absent.content.decode()
    assert act(login(role="leader", region="9901"), "status_changes", "approve", [foreign]).status_code == 403
    assert act(regulator, "status_changes", "publish", [foreign]).status_code == 400
    assert act(regulator, "nothing", "approve", [foreign]).status_code == 404


def test_above_the_limit_it_is_a_job_with_progress_that_goes_on_where_another_worker_stopped(
    login, county, monkeypatch
):
    monkeypatch.setattr(bulk, "INLINE", 2)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    client = login(role="regulator", region=county)
    rows = [change("absent") for _one in range(5)]
    answer, _sure = confirm(client, "status_changes", "approve", rows)
    job = Job.objects.get(kind=bulk.KIND)
    assert (job.state, job.total) == ("queued", 5) and "progress" in answer.content.decode()
    parts = []
    do_part = bulk._do_part

    def breaks_in_the_second_part(*args):
        parts.append(args)
        if len(parts) == 2:
            raise jobs.JobStopped
        return do_part(*args)

    monkeypatch.setattr(bulk, "_do_part", breaks_in_the_second_part)
    jobs.run(job.pk)
    assert StatusChange.objects.filter(state="approved").count() == 2
    Job.objects.filter(pk=job.pk).update(lease_until=datetime(2026, 11, 1, tzinfo=UTC))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["done"], job.result["refused"]) == ("done", 5, 0)
    shown = client.get(reverse("bulk-result", args=[job.pk])).content.decode()
    assert "已办 5 件" in shown
    assert (
        login(role="regulator", region=county).get(reverse("bulk-result", args=[job.pk])).status_code == 404
    )


def test_whoever_lost_the_right_meanwhile_does_nothing(login, county, monkeypatch):
    monkeypatch.setattr(bulk, "INLINE", 0)
    client = login(role="regulator", region=county)
    confirm(client, "status_changes", "approve", [change("absent")])
    client.user.posts.update(valid_to=date(2026, 11, 1))
    job = Job.objects.get(kind=bulk.KIND)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, StatusChange.objects.filter(state="approved").count()) == ("failed", 0)


def test_many_businesses_get_an_officer_who_can_reach_them(login, county):
    client = login(role="county_liaison", region=county)
    near, far = make_officer("邓洁", region="990102001"), make_region("990102002")
    shops = [make_business(region="990102001"), make_business(region="990102001")]
    make_assignment(near, shops[1], level=near.level)
    away = make_business(region=far.code)
    asked = act(client, "businesses", "assign", [*shops, away])
    assert asked.status_code == 200 and "包保起始" in asked.content.decode()
    told = {"officer": "邓洁", "valid_from": "2026-11-16"}
    unknown = act(
        client, "businesses", "assign", shops, officer="没有的人", valid_from="2026-11-16", told="1"
    )
    assert unknown.status_code == 422 and "没有找到在岗的包保干部“没有的人”" in unknown.content.decode()
    look = act(client, "businesses", "assign", [*shops, away], **told, told="1").content.decode()
    assert "可办 1 家" in look and "已由邓洁包保" in look and "邓洁不在这家主体所在的乡镇" in look
    answer, _sure = confirm(client, "businesses", "assign", [*shops, away], **told)
    assert "已办 1 件" in answer.content.decode() and "没有办 2 件" in answer.content.decode()
    assert Assignment.objects.active().filter(business=shops[0], officer=near).count() == 1
    assert not Assignment.objects.filter(business=away).exists()


def test_many_problems_are_verified_handed_on_and_voided_by_the_rules_of_one(login, county):
    office = login(role="campaign_office", region="9901")
    first = make_user(role="county_liaison", region=county)
    ready = [
        make_problem(state="second_check", rectified_on=date(2026, 11, 14), first_checked_by=first)
        for _one in range(2)
    ]
    fresh = make_problem(unit=make_unit("教育局"))
    bare = act(office, "problems", "close", [*ready, fresh]).content.decode()
    assert "可办 0 个" in bare and "无整改后照片" in bare
    look = act(office, "problems", "close", [*ready, fresh], note="现场核对", told="1").content.decode()
    assert "可办 2 个" in look and "不能销号" in look
    answer, _sure = confirm(office, "problems", "close", [*ready, fresh], note="现场核对")
    assert "已办 2 件" in answer.content.decode()
    assert Problem.objects.filter(state="closed").count() == 2
    unit = make_unit("商务局")
    confirm(office, "problems", "transfer", [fresh, ready[0]], unit=unit.pk, reason="职责调整")
    fresh.refresh_from_db()
    assert fresh.unit == unit
    confirm(office, "problems", "void", [fresh, ready[0]], reason="重复登记")
    assert list(Problem.objects.filter(voided_at__isnull=False)) == [fresh]


def test_the_list_shows_its_boxes_to_those_who_may_act(login, county):
    change("absent")
    assert (
        'class="row-check"'
        in login(role="regulator", region=county).get(reverse("change-list")).content.decode()
    )
    make_business(region="990102001")
    assert (
        'class="row-check"'
        not in login(role="leader", region="9901").get(reverse("business-list")).content.decode()
    )
