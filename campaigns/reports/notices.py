"""What the page of a work notice shows: five counts that add up, the matrix by territory, answers, who has no account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from campaigns.choices import NoticeState, ReceiptState
from campaigns.models import Guidance, Notice, NoticeReceipt
from campaigns.services.notices import accounts_of, acts_for
from foodsafe_portal.lib.scope import NO_ROWS
from inspections.rules.deadlines import DeadlineBadge, deadline_badge
from records.models import EvidenceFile
from records.services.calendar import current_calendar
from records.services.evidence import evidence_by_object

PARTS = {
    "unanswered": (ReceiptState.UNSIGNED, ReceiptState.SIGNED, ReceiptState.RETURNED),
    "waiting": (ReceiptState.ANSWERED,),
}
TONES = {"unsigned": "bad", "signed": "wait", "answered": "info", "returned": "warn", "accepted": "ok"}


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A notice at one unit with its files; ``mine`` where the reader answers for the unit."""

    receipt: NoticeReceipt
    tone: str
    files: Sequence[EvidenceFile]
    mine: bool
    without_account: bool

    @property
    def last_at(self) -> Any:
        """When the latest step was taken."""
        one = self.receipt
        return one.decided_at or one.answered_at or one.signed_at


@dataclass(frozen=True, slots=True)
class Territory:
    """The receipts of one territory, with how many are signed and answered."""

    name: str
    receipts: tuple[ReceiptShown, ...]
    signed: int
    answered: int


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Everything the page of a notice prints."""

    counts: dict[str, int]
    total: int
    signed: int
    badge: DeadlineBadge | None
    territories: tuple[Territory, ...]
    mine: tuple[ReceiptShown, ...]
    waiting: tuple[ReceiptShown, ...]
    without_account: tuple[str, ...]
    guidance: Sequence[Guidance]
    part: str


def notice_page(notice: Notice, user: Any, today: date, part: str) -> NoticePage:
    """The receipts of a notice that this person may see; a fixed number of queries."""
    seen = NoticeReceipt.objects.visible_to(user).filter(notice=notice)
    rows = list(
        seen.select_related("unit__region", "answered_by", "signed_by").order_by(
            "unit__region_id", "unit__name"
        )
    )
    own = acts_for(user)
    mine = (
        set()
        if own == NO_ROWS
        else set(seen.filter(own & Q(notice__state=NoticeState.ISSUED)).values_list("pk", flat=True))
    )
    files = evidence_by_object(NoticeReceipt, [row.pk for row in rows])
    accounts = accounts_of(rows, today)
    shown = [
        ReceiptShown(row, TONES[row.state], files.get(row.pk, ()), row.pk in mine, not accounts[row.pk])
        for row in rows
    ]
    counts = Counter(row.state for row in rows)
    chosen = [one for one in shown if part not in PARTS or one.receipt.state in PARTS[part]]
    return NoticePage(
        counts={state.value: counts[state.value] for state in ReceiptState},
        total=len(rows),
        signed=len(rows) - counts[ReceiptState.UNSIGNED],
        badge=deadline_badge(notice.reply_by, today, None, current_calendar()),
        territories=tuple(_territories(chosen)),
        mine=tuple(one for one in shown if one.mine),
        waiting=tuple(one for one in shown if one.receipt.state == ReceiptState.ANSWERED),
        without_account=tuple(one.receipt.unit.name for one in shown if one.without_account),
        guidance=list(notice.guidance.select_related("unit")),
        part=part if part in PARTS else "",
    )


def _territories(shown: Sequence[ReceiptShown]) -> list[Territory]:
    grouped: dict[str, list[ReceiptShown]] = {}
    for one in shown:
        grouped.setdefault(str(one.receipt.unit.region or ""), []).append(one)
    answered = (ReceiptState.ANSWERED, ReceiptState.ACCEPTED)
    return [
        Territory(
            name,
            tuple(rows),
            sum(one.receipt.state != ReceiptState.UNSIGNED for one in rows),
            sum(one.receipt.state in answered for one in rows),
        )
        for name, rows in grouped.items()
    ]
