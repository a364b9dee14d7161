"""Digests that leave the house: made once a day per person and robot, sent until the other side has taken them.

A digest and the notifications it holds are one transaction, and a day has one digest per person and channel, so that a dead
worker or a clock that jumps neither loses nor doubles one. An attempt is claimed by a conditional update before it is made; the
key of a digest stays the same over all its attempts.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.instants import printed_stamp
from foodsafe_portal.lib.refusals import Refusal
from records.choices import ChannelName, DeliveryState
from records.models import ChannelAddress, Delivery, DigestRule, Notification
from records.rules.digests import Hours, digest_is_due, may_send, wait_after
from records.services import audit
from records.services.calendar import current_calendar
from records.services.channels import Answer, Channel, Letter, active_channels, channel_named

LISTED: Final = 20
"""How many sentences a digest prints before it says how many more there are."""
KEPT_ANSWERS: Final = 40
_PEOPLE_AT_ONCE: Final = 400


class AddressRefused(Refusal):
    """An address nothing can be sent to; the sentence says why."""


def digest_rule(day: date) -> DigestRule | None:
    """The row of hours in force on ``day``."""
    return DigestRule.objects.in_force_on(day).first()


def hours_of(rule: DigestRule) -> Hours:
    """The row as the rules read it."""
    return Hours(rule.digest_at, rule.quiet_from, rule.quiet_to, rule.workdays_only)


def make_digests(now: datetime) -> int:
    """Make the day's digests for everybody with something unread, and return how many; nothing while no channel is on."""
    local = timezone.localtime(now)
    rule, channels = digest_rule(local.date()), active_channels()
    if rule is None or not channels or not digest_is_due(local, hours_of(rule), current_calendar()):
        return 0
    return make_digests_of(local.date(), now, channels)


def make_digests_of(day: date, now: datetime, channels: Sequence[Channel]) -> int:
    """The digests of ``day`` through ``channels``; running it twice makes none twice."""
    waiting = Notification.objects.filter(digested_on__isnull=True)
    had = Notification.objects.filter(digested_on=day).values("recipient_id")
    people = list(
        waiting.exclude(recipient_id__in=had)
        .order_by("recipient_id")
        .values_list("recipient_id", flat=True)
        .distinct()
    )
    made = sum(
        _digests_for(people[start : start + _PEOPLE_AT_ONCE], day, now, channels)
        for start in range(0, len(people), _PEOPLE_AT_ONCE)
    )
    return made + _say_in_groups(day, now, [each for each in channels if not each.personal])


@transaction.atomic
def _digests_for(people: Sequence[int], day: date, now: datetime, channels: Sequence[Channel]) -> int:
    mine: dict[int, list[str]] = defaultdict(list)
    keys: list[int] = []
    rows = Notification.objects.select_for_update().filter(recipient_id__in=people, digested_on__isnull=True)
    for key, person, sentence, read_at in rows.order_by("pk").values_list(
        "pk", "recipient_id", "sentence", "read_at"
    ):
        keys.append(key)
        if read_at is None:
            mine[person].append(sentence)
    deliveries = [
        Delivery(
            channel=channel.name,
            user_id=person,
            address=address,
            day=day,
            subject=_("食安创建：%(n)s 条待办消息") % {"n": len(sentences)},
            text=_digest_text(sentences),
            count=len(sentences),
            next_try_at=now,
        )
        for channel in channels
        if channel.personal
        for person, address in _addresses(channel.name, list(mine)).items()
        for sentences in [mine[person]]
    ]
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    for start in range(0, len(keys), _PEOPLE_AT_ONCE):
        Notification.objects.filter(pk__in=keys[start : start + _PEOPLE_AT_ONCE]).update(digested_on=day)
    return len(deliveries)


def _addresses(channel: str, people: Iterable[int]) -> dict[int, str]:
    """Where these people want their digests; a text message goes to the number of the account unless another is entered."""
    people = list(people)
    found: dict[int, str] = {}
    if channel == ChannelName.SMS:
        users = get_user_model().objects.filter(pk__in=people, mobile__isnull=False)
        found = {user.pk: str(user.mobile) for user in users if user.mobile}
    entered = ChannelAddress.objects.filter(channel=channel, user_id__in=people)
    return found | dict(entered.values_list("user_id", "address"))


def _digest_text(sentences: Sequence[str]) -> str:
    lines = [f"{number}. {words}" for number, words in enumerate(sentences[:LISTED], 1)]
    if len(sentences) > LISTED:
        lines.append(_("另有 %(n)s 条，请登录平台查看。") % {"n": len(sentences) - LISTED})
    return "\n".join(lines)


def _say_in_groups(day: date, now: datetime, robots: Sequence[Channel]) -> int:
    """One message a day per robot: how many messages went to how many people; no names."""
    rows = Notification.objects.filter(digested_on=day)
    count = rows.count()
    if not robots or not count:
        return 0
    people = rows.values("recipient_id").distinct().count()
    words = _("食安创建：今天有 %(n)s 条待办消息发给 %(people)s 人，请登录平台查看“消息”。") % {
        "n": count,
        "people": people,
    }
    with transaction.atomic():
        known = set(Delivery.objects.filter(day=day, user__isnull=True).values_list("channel", flat=True))
        new = [
            Delivery(
                channel=each.name, day=day, subject=words[:120], text=words, count=count, next_try_at=now
            )
            for each in robots
            if each.name not in known
        ]
        Delivery.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def deliver(now: datetime) -> int:
    """Try every digest that is due, outside the quiet hours, and return how many were taken."""
    local = timezone.localtime(now)
    rule = digest_rule(local.date())
    if rule is None or not may_send(local, hours_of(rule), current_calendar()):
        return 0
    due = list(Delivery.objects.due(now).values_list("pk", flat=True)[:500])
    return sum(try_delivery(key, now, rule.most_attempts) for key in due)


def try_delivery(key: uuid.UUID, now: datetime, most_attempts: int) -> bool:
    """Claim one digest and hand it to its channel; whether it was taken. A claim that dies is tried again after its wait."""
    row = Delivery.objects.due(now).filter(pk=key).first()
    if row is None:
        return False
    claimed = Delivery.objects.due(now).filter(pk=key, attempts=row.attempts)
    if not claimed.order_by().update(
        attempts=row.attempts + 1, next_try_at=now + wait_after(row.attempts + 1)
    ):
        return False
    channel = channel_named(row.channel)
    answer = (
        channel.send(Letter(str(row.pk), row.address, row.subject, row.text))
        if channel.is_on()
        else Answer(False, "off", "channel is switched off")
    )
    _note(row, answer, row.attempts + 1, most_attempts)
    return answer.sent


def _note(row: Delivery, answer: Answer, attempts: int, most_attempts: int) -> None:
    """Write the answer down, and whether that was the end."""
    at = timezone.now()
    told = {"at": printed_stamp(at), "code": answer.code, "text": answer.text[:300]}
    fields: dict[str, Any] = {"answers": [*row.answers, told][-KEPT_ANSWERS:]}
    if answer.sent:
        fields |= {"state": DeliveryState.SENT, "sent_at": at}
    elif attempts >= most_attempts:
        fields |= {"state": DeliveryState.FAILED}
    Delivery.objects.filter(pk=row.pk, state=DeliveryState.WAITING).update(**fields)


@transaction.atomic
def set_address(*, channel: str, address: str, by: Any) -> None:
    """Keep where a person wants their digests by mail; an empty address takes it away. Raises ``AddressRefused``."""
    words = address.strip()
    if not words:
        if ChannelAddress.objects.filter(user_id=by.pk, channel=channel).delete()[0]:
            audit.record(by=by, action="channel_address.removed", target=by, after={"channel": channel})
        return
    try:
        validate_email(words)
    except ValidationError:
        raise AddressRefused(
            _("“%(address)s”不是邮箱地址，请写成 name@example.cn 的样子。") % {"address": words}
        ) from None
    ChannelAddress.objects.update_or_create(user_id=by.pk, channel=channel, defaults={"address": words})
    audit.record(by=by, action="channel_address.entered", target=by, after={"channel": channel})
