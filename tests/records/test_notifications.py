"""Notifications: once per rule, object, person and day; an inbox of one's own; reminders by hand; digests and their deliveries."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from records.choices import DeliveryState
from records.models import AuditEvent, Delivery, Notification
from records.services.channels import channel_named
from records.services.channels.base import Letter
from records.services.deliveries import deliver, make_digests, set_address
from records.services.notify import Message, Waiting, notify, remind
from tests.factories import make_problem, make_unit, make_user

pytestmark = pytest.mark.django_db
MONDAY_NINE = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


def message(user: Any, number: int = 1, **fields: Any) -> Message:
    values = {
        "rule": "test", "target_type": "inspections.problem", "target_id": str(number), "target_name": f"问题 {number}",
        "recipient_id": user.pk, "due": date(2026, 11, 30), "sentence": f"请办理 {number}", "url": "/problems/",
    } | fields  # fmt: skip
    return Message(**values)


class Receiver:
    """A local server that keeps what it was sent and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.status, self.body = 200, '{"errcode": 0, "code": 0}'
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.got.append(({**self.headers, "path": self.path}, json.loads(self.rfile.read(length))))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.body.encode())

            def log_message(self, *args: Any) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_the_same_message_is_told_once_and_another_day_is_another():
    anna, bo = make_user(), make_user()
    first = notify(messages=[message(anna), message(anna), message(bo)])
    again = notify(messages=[message(anna), message(anna, due=date(2026, 12, 1)), message(bo, 2)])
    assert (first, again, Notification.objects.count()) == (2, 2, 4)


def test_the_inbox_holds_ones_own_messages_opens_the_object_and_marks_it_read(login):
    client = login(role="campaign_office", region="9901")
    auditor = login(role="auditor")
    notify(messages=[message(client.user), message(client.user, 2), message(make_user(), 3)])
    row = Notification.objects.get(recipient=client.user, target_id="1")
    page = client.get(reverse("inbox"), {"read": "0"}).content.decode()
    assert ("请办理 1" in page, "请办理 2" in page, "请办理 3" in page) == (True, True, False)
    assert client.get(reverse("inbox-open", args=[row.pk])).url == "/problems/"
    row.refresh_from_db()
    assert row.read_at is not None
    assert auditor.get(reverse("inbox-open", args=[row.pk])).status_code == 404
    assert "请办理" not in auditor.get(reverse("inbox")).content.decode()
    client.post(reverse("inbox-read"), {"all": "1"})
    assert list(Notification.objects.unread().values_list("target_id", flat=True)) == ["3"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_inbox_costs_the_same_queries_however_long_it_is(login, django_assert_num_queries, count):
    client = login(role="leader", region="9901")
    notify(messages=[message(client.user, number) for number in range(count)], by=client.user)
    client.get(reverse("inbox"))
    with django_assert_num_queries(8):
        client.get(reverse("inbox"), {"read": "0"})


def test_a_reminder_goes_out_once_a_day_whoever_sends_it_and_names_whom_it_cannot_reach():
    office, liaison, day = make_user(), make_user(), date(2026, 11, 30)
    reached, alone = make_problem(), make_problem()
    waiting = [Waiting(reached, (liaison.pk,), "/problems/1/"), Waiting(alone, (), "/problems/2/")]
    first = remind(waiting=waiting, sentence="请尽快整改", by=office, on=day)
    again = remind(waiting=waiting, sentence="再催", by=make_user(), on=day)
    tomorrow = remind(waiting=waiting, sentence="再催", by=office, on=day + timedelta(days=1))
    assert [(one.sent, one.already, one.without) for one in (first, again, tomorrow)] == [
        (1, 0, (str(alone),)), (0, 1, (str(alone),)), (1, 0, (str(alone),)),
    ]  # fmt: skip
    assert AuditEvent.objects.filter(action="reminder.sent").count() == 2


def test_reminding_from_the_page_reaches_the_unit_and_leaves_out_what_is_closed_or_foreign(login):
    office = login(role="campaign_office", region="9901")
    unit = make_unit(region="9901", is_member=True)
    liaison = make_user(role="unit_liaison", region="9901", unit=unit)
    mine, closed, foreign = (
        make_problem(unit=unit),
        make_problem(unit=unit, state="submitted"),
        make_problem(region="980102001"),
    )
    keys = {"id": [mine.pk, closed.pk, foreign.pk]}
    page = office.get(reverse("remind", args=["problem"]), keys)
    assert mine.code in page.content.decode() and foreign.code not in page.content.decode()
    empty = office.post(reverse("remind", args=["problem"]), {**keys, "sentence": " "})
    assert (empty.status_code, Notification.objects.count()) == (422, 0)
    office.post(reverse("remind", args=["problem"]), {**keys, "sentence": "请今天办结"})
    told = Notification.objects.get()
    assert (told.recipient, told.sentence, told.url, told.sent_by) == (
        liaison, "请今天办结", reverse("problem-detail", args=[mine.pk]), office.user,
    )  # fmt: skip


def test_a_person_gets_one_digest_a_day_by_mail_and_running_it_twice_sends_nothing_twice(settings):
    settings.NOTIFY_MAIL = True
    anna = make_user()
    set_address(channel="mail", address="anna@example.cn", by=anna)
    notify(messages=[message(anna, number) for number in range(3)])
    night = MONDAY_NINE - timedelta(hours=4)
    assert (make_digests(night), make_digests(MONDAY_NINE), make_digests(MONDAY_NINE)) == (0, 1, 0)
    notify(messages=[message(anna, 9)])
    assert (
        make_digests(MONDAY_NINE + timedelta(hours=1)) == 0
    )  # one digest a day; the rest goes with tomorrow's
    assert (deliver(night), deliver(MONDAY_NINE), deliver(MONDAY_NINE)) == (0, 1, 0)
    assert [(one.to, "3 条" in one.subject, "请办理 2" in one.body) for one in mail.outbox] == [
        (["anna@example.cn"], True, True)
    ]
    assert make_digests(MONDAY_NINE + timedelta(days=1)) == 1


@pytest.mark.parametrize(("name", "path"), [("wecom", "text"), ("dingtalk", "text"), ("feishu", "content")])
def test_a_robot_says_how_much_waits_and_its_refusal_in_a_200_is_no_success(settings, receiver, name, path):
    setattr(settings, f"NOTIFY_{name.upper()}_URL", receiver.url)
    setattr(settings, f"NOTIFY_{name.upper()}_SECRET", "s")
    notify(messages=[message(make_user(name="王某某"))])
    assert make_digests(MONDAY_NINE) == 1
    receiver.body = '{"errcode": 310000, "code": 19021, "msg": "sign not match"}'
    assert deliver(MONDAY_NINE) == 0
    receiver.body = '{"errcode": 0, "code": 0}'
    assert deliver(MONDAY_NINE + timedelta(minutes=2)) == 1
    row = Delivery.objects.get()
    assert (row.state, row.attempts, len(row.answers), len(receiver.got)) == (DeliveryState.SENT, 2, 2, 2)
    words = json.dumps(receiver.got[0][1][path], ensure_ascii=False)
    assert "1 条" in words and "王某某" not in words


def test_a_gateway_that_answers_500_for_an_hour_gets_the_message_once_it_is_back_with_the_same_key(
    settings, receiver
):
    settings.NOTIFY_SMS_URL, settings.NOTIFY_SMS_KEY = receiver.url, "k"
    notify(messages=[message(make_user(mobile="13800000001"))])
    make_digests(MONDAY_NINE)
    receiver.status = 500
    for minute in range(61):
        deliver(MONDAY_NINE + timedelta(minutes=minute))
    broken = len(receiver.got)
    receiver.status = 200
    for minute in range(61, 200):
        deliver(MONDAY_NINE + timedelta(minutes=minute))
    row = Delivery.objects.get()
    assert (broken, len(receiver.got), row.state) == (6, 7, DeliveryState.SENT)
    assert [answer["code"] for answer in row.answers] == ["500"] * 6 + ["200"]
    assert {headers["Idempotency-Key"] for headers, _body in receiver.got} == {str(row.pk)}
    assert receiver.got[0][0]["Authorization"] == "Bearer k"


def test_a_worker_that_dies_between_claim_and_answer_loses_nothing(settings, receiver, monkeypatch):
    settings.NOTIFY_SMS_URL = receiver.url
    notify(messages=[message(make_user(mobile="13800000001"))])
    make_digests(MONDAY_NINE)

    def dies(letter: Letter) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(channel_named("sms"), "send", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(MONDAY_NINE)
    assert (deliver(MONDAY_NINE), deliver(MONDAY_NINE + timedelta(minutes=1))) == (0, 1)
    assert len(receiver.got) == 1
