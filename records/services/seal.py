"""Sealing the trail: one sealer chains the events written since, and a check finds what was changed, cut or slipped in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.models import AuditEvent, AuditLink

GENESIS = "0" * 64
BATCH = 2000
FIELDS = (
    "actor_name", "roles", "action", "target_type", "target_id", "target_name", "territory", "before", "after",
    "reason", "outcome", "request_id", "address", "channel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One break of the chain: where and what."""

    position: int
    event_id: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class TrailCheck:
    """The result of verifying the chain: how many links were read and what was found."""

    links: int
    unsealed: int
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """Nothing was changed, cut or slipped in."""
        return not self.findings


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
    """The digest of an event after ``previous``."""
    return hashlib.sha256(previous.encode() + canonical(event)).hexdigest()


def seal_events() -> int:
    """Chain the events nobody has chained yet; two sealers at once end with one chain. Returns how many were sealed."""
    sealed = 0
    while True:
        try:
            with transaction.atomic():
                count = _seal_batch()
        except IntegrityError:  # another sealer took the same positions
            return sealed
        sealed += count
        if count < BATCH:
            if sealed:
                write_anchor()
            return sealed


def _seal_batch() -> int:
    last = AuditLink.objects.order_by("-position").first()
    position, previous = (last.position, last.digest) if last else (0, GENESIS)
    now = timezone.now()
    links = []
    for event in AuditEvent.objects.unsealed()[:BATCH]:
        position += 1
        previous = chained(previous, event)
        links.append(AuditLink(position=position, event=event, digest=previous, sealed_at=now))
    AuditLink.objects.bulk_create(links)
    return len(links)


def anchor_folder() -> Path:
    """Where daily anchors are kept, outside the database."""
    folder = Path(settings.VAR_DIR) / "anchors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_anchor() -> None:
    """Append the chain's head to today's anchor file; cutting the tail of the table then shows."""
    last = AuditLink.objects.order_by("-position").first()
    if last:
        path = anchor_folder() / f"{timezone.localdate():%Y-%m-%d}.txt"
        with path.open("a", encoding="ascii") as handle:
            handle.write(f"{last.position} {last.digest}\n")


def _anchors() -> Iterator[tuple[int, str]]:
    for path in sorted(anchor_folder().glob("*.txt")):
        lines = path.read_text(encoding="ascii").splitlines()
        if lines:
            position, digest = lines[-1].split()
            yield int(position), digest


def verify_trail() -> TrailCheck:
    """Read the whole chain and name every place where it does not hold."""
    findings: list[Finding] = []
    previous, expected = GENESIS, 1
    digests: dict[int, str] = {}
    wanted = dict(_anchors())
    links = AuditLink.objects.select_related("event").order_by("position")
    count = 0
    for link in links.iterator(chunk_size=2000):
        count += 1
        if link.position != expected:
            findings.append(
                Finding(
                    expected,
                    None,
                    _("第 %(first)s 到 %(last)s 号封存缺失") % {"first": expected, "last": link.position - 1},
                )
            )
            expected = link.position
        if chained(previous, link.event) != link.digest:
            findings.append(
                Finding(
                    link.position,
                    link.event_id,
                    _("第 %(number)s 号记录与封存时不一致") % {"number": link.position},
                )
            )
        previous = link.digest
        expected += 1
        if link.position in wanted:
            digests[link.position] = link.digest
    for position, digest in wanted.items():
        if position >= expected:
            findings.append(
                Finding(
                    position,
                    None,
                    _("封存链末尾被截断：存档记到第 %(kept)s 号，现只有 %(left)s 号")
                    % {"kept": position, "left": expected - 1},
                )
            )
        elif digests.get(position) != digest:
            findings.append(
                Finding(position, None, _("第 %(number)s 号封存与库外存档不一致") % {"number": position})
            )
    return TrailCheck(count, AuditEvent.objects.unsealed().count(), tuple(findings))
