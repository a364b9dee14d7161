"""The pages of duties and visits: what they show, to whom, at what cost, and what they do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from entities.models import Business
from inspections.fulfilment import materialise
from inspections.models import Problem, Visit
from tests.factories import make_assignment, make_business, make_officer, make_user

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}


def photo() -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", (8, 8), "white").save(buffer, "JPEG")
    return SimpleUploadedFile("现场.jpg", buffer.getvalue(), "image/jpeg")


@pytest.fixture
def officer(login: Any) -> Any:
    """A signed-in officer bound to two businesses, while a third one belongs to somebody else."""
    user = make_user("dengjie", name="邓洁", role="officer", region="990102001")
    person = make_officer("邓洁", user=user)
    for name in ("湖东幼儿园食堂", "老街豆腐坊"):
        make_assignment(person, make_business(name))
    make_business("别人的店")
    materialise("9901", TODAY, timezone.now())
    client = login(user)
    client.officer = person
    return client


def business(name: str = "湖东幼儿园食堂") -> Business:
    return Business.objects.get(name=name)


def body(answer: Any) -> bytes:
    """A page, or a download read to its end, which closes it."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def answers(**fields: Any) -> dict[str, Any]:
    return {"client_uuid": str(uuid.uuid4()), "on": TODAY.isoformat(), "mode": "on_site", **fields}


def test_an_officers_list_shows_their_own_businesses_with_the_two_ways_on(officer):
    page = officer.get(reverse("my-visits"))
    html = page.content.decode()
    assert page.status_code == 200
    assert [card.duty.business.name for card in page.context["my"].cards] == ["湖东幼儿园食堂", "老街豆腐坊"]
    assert "别人的店" not in html
    assert html.count("data-visit-quick=") == 2
    assert reverse("visit-new", args=[business().pk]) in html
    assert "还剩" in html or "今日到期" in html


def test_one_tap_records_the_visit_and_the_card_offers_to_undo_it(officer):
    url = reverse("visit-quick", args=[business().pk])
    number = str(uuid.uuid4())
    card = officer.post(url, {"client_uuid": number}, **HTMX).content.decode()
    assert "撤销" in card
    assert 'id="my-figures" hx-swap-oob="true"' in card
    officer.post(url, {"client_uuid": number}, **HTMX)
    visit = Visit.objects.get()
    assert (visit.problem_count, visit.visited_on, visit.officer) == (0, TODAY, officer.officer)
    assert business().duties.live().get().fulfilled_on == TODAY
    todo = officer.get(reverse("my-visits")).context["my"]
    assert [card.duty.business.name for card in todo.cards] == ["老街豆腐坊"]
    done = officer.get(reverse("my-visits"), {"tab": "done"}).context["my"].cards
    assert [card.undo for card in done] == [visit]
    again = officer.post(reverse("visit-void", args=[visit.pk]), **HTMX).content.decode()
    assert "data-visit-quick=" in again
    assert business().duties.live().get().fulfilled_on is None


def test_a_second_tap_with_another_number_says_that_it_is_done(officer):
    url = reverse("visit-quick", args=[business().pk])
    officer.post(url, {"client_uuid": str(uuid.uuid4())}, **HTMX)
    answer = officer.post(url, {"client_uuid": str(uuid.uuid4())}, **HTMX)
    assert answer.status_code == 422
    assert "已登记过这家的督导" in answer.content.decode()


def test_without_scripts_the_tap_leads_back_to_the_list(officer):
    answer = officer.post(reverse("visit-quick", args=[business().pk]), {"client_uuid": str(uuid.uuid4())})
    assert answer.status_code == 302
    assert answer.url == reverse("my-visits")


def test_the_form_knows_its_items_and_deadlines_before_anything_is_sent(officer):
    page = officer.get(reverse("visit-new", args=[business().pk]))
    html = page.content.decode()
    assert page.context["page"].checklist.level == "township"
    assert html.count("data-visit-item=") == 23
    assert "限 7 个工作日" in html
    assert set(page.context["page"].deadlines) == {"minor", "major", "serious"}
    assert len(page.context["page"].deadlines["major"]["by_day"]) == 32


def test_a_problem_is_recorded_with_its_photo(officer):
    fields = answers(
        **{"item-3": "fail", "finding-3": ["温度未记录"], "note-3": "11-12 没有记录", "severity-3": "major"}
    )
    fields |= {"item-6": "na", "photo-3": photo()}
    answer = officer.post(reverse("visit-new", args=[business().pk]), fields)
    assert (answer.status_code, answer.url) == (302, reverse("my-visits"))
    problem = Problem.objects.get()
    assert problem.description == "留样与温度记录：温度未记录；11-12 没有记录"
    assert problem.visit.answers == {"3": "fail", "6": "na"}
    assert "上次问题 1 个" in officer.get(reverse("my-visits"), {"tab": "done"}).content.decode()


def test_no_problem_wins_over_whatever_was_filled_in(officer):
    fields = answers(no_problem="1", **{"item-3": "fail", "note-3": "写了一半"})
    assert officer.post(reverse("visit-new", args=[business().pk]), fields).status_code == 302
    assert Visit.objects.get().problem_count == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param(
            {"item-3": "fail", "finding-3": "温度未记录"}, "请拍至少 1 张照片", id="a problem needs a photo"
        ),
        pytest.param({"item-3": "fail"}, "请选一个常见问题或写说明", id="a problem needs words"),
        pytest.param({"on": (TODAY + timedelta(days=1)).isoformat()}, "还没到", id="tomorrow has not come"),
        pytest.param({"on": "去年"}, "督导日期应写成", id="a day is a day"),
        pytest.param({"client_uuid": "1"}, "请刷新页面", id="the number is a number"),
        pytest.param({"officer": "0"}, "请重选", id="the officer is bound"),
    ],
)
def test_what_is_missing_is_said_at_its_place_and_nothing_is_saved(officer, fields, sentence):
    url = reverse("visit-new", args=[business().pk])
    page = officer.post(url, answers(**fields))
    assert page.status_code == 422
    assert sentence in page.content.decode()
    document = officer.post(url, answers(**fields), **JSON)
    assert document.status_code == 422
    assert any(sentence in error for error in document.json()["errors"])
    assert not Visit.objects.exists()


def test_a_phones_queue_sends_twice_and_hears_twice_that_it_is_there(officer):
    fields = answers()
    first = officer.post(reverse("visit-new", args=[business().pk]), fields, **JSON)
    second = officer.post(reverse("visit-new", args=[business().pk]), fields, **JSON)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json() == {"visit": Visit.objects.get().pk, "url": first.json()["url"]}
    quick = officer.post(
        reverse("visit-quick", args=[business("老街豆腐坊").pk]), {"client_uuid": "x"}, **JSON
    )
    assert quick.status_code == 422


def test_a_business_of_somebody_else_is_as_absent_as_one_that_is_not_there(officer):
    foreign = business("别人的店").pk
    for name in ("visit-new", "visit-quick"):
        for key in (foreign, 999_999):
            assert officer.post(reverse(name, args=[key]), answers()).status_code == 404
    assert officer.get(reverse("visit-new", args=[foreign])).status_code == 404


def test_a_liaison_chooses_among_the_officers_who_are_bound(officer, login):
    liaison = login(role="township_liaison", region="990102001")
    page = liaison.get(reverse("visit-new", args=[business().pk])).context["page"]
    assert page.officers == [officer.officer]
    assert liaison.post(reverse("visit-new", args=[business().pk]), answers()).status_code == 302
    assert Visit.objects.get().officer == officer.officer
    nobody = liaison.get(reverse("visit-new", args=[business("别人的店").pk]))
    assert "没有包保干部" in nobody.content.decode()


def test_the_list_of_duties_counts_what_it_lists(login):
    for _ in range(2):
        make_business()
    make_business(status="suspended")
    make_business(responsibility_grade="B", region="990103001")
    materialise("9901", TODAY, timezone.now())
    office = login(role="campaign_office", region="9901")
    page = office.get(reverse("duty-list"))
    figures = page.context["report"].figures
    assert (figures.expected, figures.excluded, figures.done) == (3, 1, 0)
    for part in ("expected", "overdue", "open", "done", "excluded", "on_time", "late"):
        report = office.get(reverse("duty-list"), {"part": part}).context["report"]
        assert len(report.rows) == getattr(figures, part) == report.page.total
    assert len(office.get(reverse("duty-list"), {"grade": "B"}).context["report"].rows) == 1
    assert len(office.get(reverse("duty-list"), {"region": "990102"}).context["report"].rows) == 3
    assert len(office.get(reverse("duty-list"), {"q": "测试饭店"}).context["report"].rows) == 4
    assert office.get(reverse("duty-list"), {"period": "2020Q1"}).context["report"].figures.expected == 0


@pytest.mark.parametrize(
    "query",
    [
        "part=%00",
        "region=99&period=2026",
        "grade=Z&officer=x",
        "after=x&at=-1",
        "period=2026Q9",
        "business=%00",
    ],
)
def test_an_address_that_makes_no_sense_shows_a_list(login, query):
    office = login(role="campaign_office", region="9901")
    for name in ("duty-list", "visit-list", "duty-export"):
        answer = office.get(f"{reverse(name)}?{query}")
        assert answer.status_code == 200
        assert body(answer)


def test_another_county_sees_no_row_of_this_one(login, officer):
    officer.post(reverse("visit-quick", args=[business().pk]), {"client_uuid": str(uuid.uuid4())})
    visit = Visit.objects.get()
    stranger = login(role="county_liaison", region="990103")
    for name in ("duty-list", "visit-list"):
        assert "湖东幼儿园食堂" not in stranger.get(reverse(name)).content.decode()
    for name in ("visit-detail", "visit-void"):
        url = reverse(name, args=[visit.pk])
        assert (
            stranger.get(url) if name == "visit-detail" else stranger.post(url, {"reason": "x"})
        ).status_code == 404
    assert Visit.objects.get().voided_at is None


def test_a_visits_page_tells_its_answers_and_takes_it_back_with_a_reason(login, officer):
    officer.post(reverse("visit-new", args=[business().pk]), answers(**{"item-6": "na"}))
    visit = Visit.objects.get()
    liaison = login(role="county_liaison", region="990102")
    url = reverse("visit-detail", args=[visit.pk])
    assert "合格 22 项，共 23 项" in liaison.get(url).content.decode()
    void = reverse("visit-void", args=[visit.pk])
    assert liaison.post(void, {"reason": ""}).status_code == 422
    assert liaison.post(void, {"reason": "走错门店"}).status_code == 302
    assert "走错门店" in liaison.get(url).content.decode()
    assert len(liaison.get(reverse("visit-list")).context["report"].rows) == 0
    assert len(liaison.get(reverse("visit-list"), {"voided": "yes"}).context["report"].rows) == 1


def test_an_auditor_reads_but_finds_no_way_to_write(login, officer):
    officer.post(reverse("visit-quick", args=[business().pk]), {"client_uuid": str(uuid.uuid4())})
    auditor = login(role="auditor", region="99")
    page = auditor.get(reverse("visit-detail", args=[Visit.objects.get().pk]))
    assert page.status_code == 200
    assert "撤销原因" not in page.content.decode()
    assert (
        auditor.post(reverse("visit-void", args=[Visit.objects.get().pk]), {"reason": "x"}).status_code == 403
    )
    assert auditor.get(reverse("my-visits")).status_code == 403


def test_what_is_exported_is_what_is_listed(login, officer):
    officer.post(reverse("visit-quick", args=[business().pk]), {"client_uuid": str(uuid.uuid4())})
    liaison = login(role="county_liaison", region="990102")
    for name, title, kept in (("visit-export", "督导记录", 1), ("duty-export", "督导任务", 3)):
        rows = list(
            openpyxl.load_workbook(BytesIO(body(liaison.get(reverse(name)))))[title].iter_rows(
                values_only=True
            )
        )
        assert len(rows) == kept + 1
        assert sum("湖东幼儿园食堂" in row for row in rows) == 1
    assert "湖东" in body(liaison.get(reverse("duty-export"), {"part": "done", "format": "csv"})).decode()
    assert officer.get(reverse("visit-export")).status_code == 403


@pytest.mark.parametrize("name", ["my-visits", "duty-list", "visit-list"])
def test_a_list_costs_the_same_queries_however_long_it_is(login, name):
    user = make_user("many", role="officer", region="990102001")
    person = make_officer("many", user=user)
    client, costs = login(user), []
    for count in (1, 2):
        for _ in range(count):
            one = make_business()
            make_assignment(person, one)
            Visit.objects.create(
                business=one, region_id=one.region_id, officer_name="x", visited_on=TODAY, recorded_at=timezone.now(),
                problem_count=1,
            )  # fmt: skip
            make_assignment(person, make_business())
        materialise("9901", TODAY, timezone.now())
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name))
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 15
