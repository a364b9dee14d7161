"""Tell people things, in their inbox at once: what the portal finds, and what a person reminds them of by hand (催办)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.bulk import Same, insert
from foodsafe_portal.lib.refusals import Refusal
from records.models import Notification
from records.services import audit

REMINDER: Final = "reminder"
LONGEST: Final = 300
_AT_ONCE: Final = 500


class ReminderRefused(Refusal):
    """A reminder that cannot be sent; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence for one person about one object; ``url`` is the path of the page it opens, which checks the person's scope."""

    rule: str
    target_type: str
    target_id: str
    target_name: str
    recipient_id: int
    due: date
    sentence: str
    url: str

    @property
    def key(self) -> tuple[int, str, str, str, date]:
        """What it is unique by."""
        return (self.recipient_id, self.rule, self.target_type, self.target_id, self.due)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An object somebody is to be reminded of, with whoever has to act; without any recipient nobody has an account."""

    target: models.Model
    recipients: tuple[int, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Reminded:
    """What a reminder did: messages sent, those sent today before, and objects nobody can be reminded of."""

    sent: int
    already: int
    without: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The outcome as a sentence."""
        words = [_("已催办 %(n)s 条。") % {"n": self.sent}]
        if self.already:
            words.append(_("%(n)s 条今天已催办过，没有重复发送。") % {"n": self.already})
        if self.without:
            words.append(
                _("%(n)s 项没有可接收的账号，请电话联系：%(names)s。")
                % {"n": len(self.without), "names": "、".join(self.without[:5])}
            )
        return "".join(words)


@transaction.atomic
def notify(*, messages: Sequence[Message], at: datetime | None = None, by: Any = None) -> int:
    """Put messages into inboxes and return how many were new; one that was sent before is left as it is.

    The message of an act is written in the act's own transaction. ``by`` is whoever asked for it, None for the portal itself.
    """
    known = _known(messages)
    new = list({each.key: each for each in messages if each.key not in known}.values())
    if new:
        insert(
            Notification,
            {
                "rule": [each.rule for each in new],
                "target_type": [each.target_type for each in new],
                "target_id": [each.target_id for each in new],
                "target_name": [each.target_name[:200] for each in new],
                "recipient_id": [each.recipient_id for each in new],
                "due": [each.due for each in new],
                "sentence": [each.sentence[:LONGEST] for each in new],
                "url": [each.url for each in new],
                "sent_by_id": Same(by.pk if by is not None else None),
                "created_at": Same(at or timezone.now()),
            },
            ignore_conflicts=True,
        )
    return len(new)


def _known(messages: Sequence[Message]) -> set[tuple[Any, ...]]:
    """The keys of those that were sent before."""
    known: set[tuple[Any, ...]] = set()
    ids = sorted({each.target_id for each in messages})
    found = Notification.objects.filter(rule__in={each.rule for each in messages})
    for start in range(0, len(ids), _AT_ONCE):
        known.update(
            found.filter(target_id__in=ids[start : start + _AT_ONCE]).values_list(
                "recipient_id", "rule", "target_type", "target_id", "due"
            )
        )
    return known


@transaction.atomic
def remind(*, waiting: Iterable[Waiting], sentence: str, by: Any, on: date | None = None) -> Reminded:
    """Remind whoever has to act of one object or many; each person of each object once a day, whoever does it.

    Raises ``ReminderRefused`` without a sentence, or with one that is too long.
    """
    words = sentence.strip()
    if not words:
        raise ReminderRefused(_("请写明催办内容。"))
    if len(words) > LONGEST:
        raise ReminderRefused(
            _("催办内容有 %(n)s 字，最多 %(most)s 字。") % {"n": len(words), "most": LONGEST}
        )
    asked = list(waiting)
    if not asked:
        raise ReminderRefused(_("没有选中要催办的事项。"))
    day = on or timezone.localdate()
    messages = [
        Message(
            REMINDER,
            one.target._meta.label_lower,
            str(one.target.pk),
            str(one.target),
            person,
            day,
            words,
            one.url,
        )
        for one in asked
        for person in one.recipients
    ]
    sent = notify(messages=messages, by=by)
    without = tuple(str(one.target) for one in asked if not one.recipients)
    if sent:
        audit.record(
            by=by,
            action="reminder.sent",
            target=asked[0].target if len(asked) == 1 else None,
            target_type=asked[0].target._meta.label_lower,
            target_name=str(asked[0].target) if len(asked) == 1 else str(len(asked)),
            after={"objects": [str(one.target.pk) for one in asked], "sent": sent, "sentence": words},
        )
    return Reminded(sent, len({each.key for each in messages}) - sent, without)


def mark_read(*, by: Any, pks: Iterable[int] | None = None, at: datetime | None = None) -> int:
    """Note that a person has read messages of their own: these, or all of them; returns how many were unread."""
    mine = Notification.objects.of(by).unread()
    if pks is not None:
        mine = mine.filter(pk__in=list(pks))
    return mine.update(read_at=at or timezone.now())
