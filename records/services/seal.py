"""Sealing the trail: one sealer chains the events written since, and never behind a cut."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.choices import Outcome
from records.models import AuditEvent, AuditLink
from records.services import anchors, audit
from records.services.anchors import Anchor

log = logging.getLogger(__name__)

GENESIS = "0" * 64
BATCH = 2000
FIELDS = (
    "actor_name", "roles", "action", "target_type", "target_id", "target_name", "territory", "before", "after",
    "reason", "outcome", "request_id", "address", "channel",
)  # fmt: skip


class TrailCut(Exception):
    """The chain no longer reaches what its anchors say; the sentence says how far it does."""


def canonical(event: AuditEvent) -> bytes:
    """One event as bytes that do not depend on the database: sorted keys, UTC time."""
    content = {name: getattr(event, name) for name in FIELDS}
    content["id"] = event.pk
    content["actor"] = event.actor_id
    content["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    ).encode()


def chained(previous: str, event: AuditEvent) -> str:
    """The digest of an event after ``previous``; anybody can recompute it from a print."""
    return hashlib.sha256(previous.encode() + canonical(event)).hexdigest()


def signed_text(position: int, digest: str, sealed_at: datetime) -> bytes:
    """What the trail's key signs of a link: without the key nobody can recompute the chain so that it holds."""
    return f"{position}|{digest}|{sealed_at.astimezone(UTC).isoformat(timespec='microseconds')}".encode()


def seal_events() -> int:
    """Chain the events nobody has chained yet; two sealers at once end with one chain. Returns how many were sealed.

    Behind a cut nothing is appended: it is told once a day in the trail and in the log at every time.
    """
    noted = anchors.take_committed()
    try:
        refuse_behind_a_cut()
    except TrailCut as cut:
        tell_once_a_day("trail.cut", str(cut))
        return 0
    try:
        with transaction.atomic():
            sealed = _seal_all(timezone.now())
    except IntegrityError:  # another sealer took the same positions
        return 0
    missing = _missing(noted)
    anchors.forget_committed(missing)
    if sealed:
        anchors.write_anchor()
    if missing:
        tell_once_a_day(
            "trail.missing", _("有 %(count)s 条审计记录在封存之前被删除") % {"count": len(missing)}
        )
    return sealed


def refuse_behind_a_cut() -> None:
    """Raise ``TrailCut`` unless the chain reaches its highest anchor, or there is neither a chain nor an anchor."""
    kept = anchors.kept_anchors()
    if not kept:
        if AuditLink.objects.exists():
            raise TrailCut(_("库外没有任何封存存档，无法证明封存链完整；请从备份恢复 anchors 文件夹"))
        return
    last = kept[-1]
    found = AuditLink.objects.filter(position=last.position).values_list("digest", flat=True).first()
    if found is None:
        head = anchors.head()
        raise TrailCut(
            _("封存链末尾被截断：存档记到第 %(kept)s 号，现只有 %(left)s 号")
            % {"kept": last.position, "left": head.position if head else 0}
        )
    if not found.startswith(last.digest):
        raise TrailCut(_("第 %(number)s 号封存与库外存档不一致") % {"number": last.position})


def resume_trail(*, reason: str, by: Any) -> Anchor | None:
    """Let sealing go on after a restore lost sealed events: said beside the anchors, signed, and in the trail.

    Returns the highest anchor that was lost; None when there was no cut.
    """
    try:
        refuse_behind_a_cut()
    except TrailCut as cut:
        head, kept = anchors.head(), anchors.kept_anchors()
        lost = kept[-1] if kept else Anchor(0, GENESIS)
        audit.record(
            by=by,
            action="trail.resumed",
            target_type="records.auditlink",
            target_id=str(head.position if head else 0),
            before={"anchor": str(lost), "found": str(cut)},
            reason=reason,
        )
        anchors.write_resumption(kept=head.position if head else 0, lost=lost, reason=reason)
        anchors.write_anchor()
        return lost
    return None


def tell_once_a_day(action: str, sentence: str) -> None:
    """Say that the trail does not hold: in the log each time, in the trail once a day."""
    log.critical("%s: %s", action, sentence)
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    if not AuditEvent.objects.filter(action=action, at__gte=start).exists():
        audit.record(by=None, action=action, reason=sentence, outcome=Outcome.REFUSED)


def _seal_all(now: datetime) -> int:
    """One run of the sealer: everything unsealed, under one instant, so that what is later older than it stands out."""
    last = AuditLink.objects.order_by("-position").first()
    position, previous = (last.position, last.digest) if last else (0, GENESIS)
    keys, sealed, after = anchors.trail_keys(), 0, 0
    while True:
        links = []
        for event in AuditEvent.objects.unsealed().filter(pk__gt=after)[:BATCH]:
            position += 1
            previous = chained(previous, event)
            signature = keys.sign(signed_text(position, previous, now))
            links.append(
                AuditLink(position=position, event=event, digest=previous, sealed_at=now, signature=signature)
            )
            after = event.pk
        AuditLink.objects.bulk_create(links)
        sealed += len(links)
        if len(links) < BATCH:
            return sealed


def _missing(noted: list[str]) -> list[str]:
    """The noted events that are not in the table."""
    numbers = {int(line.split(" ", 1)[0]): line for line in noted}
    wanted = list(numbers)
    there: set[int] = set()
    for start in range(0, len(wanted), 500):
        found = AuditEvent.objects.filter(pk__in=wanted[start : start + 500])
        there.update(found.values_list("pk", flat=True))
    return [line for number, line in numbers.items() if number not in there]
