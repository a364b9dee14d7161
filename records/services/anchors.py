"""Anchors of the trail: the chain's head, kept where the database's own password does not reach."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.keys import KeyRing
from records.models import AuditEvent, AuditLink

PRINTED = re.compile(r"(\d+)\D*?[\s:：#,，]+([0-9a-f]{16,64})(?![0-9a-f])")
RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain's head was at some moment: its position and its digest (or at least 16 digits of it)."""

    position: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """An anchor as printed: position and digest. Raises ``ValueError``."""
        found = PRINTED.search(text.strip().lower())
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.position} {self.digest}"


def trail_keys() -> KeyRing:
    """The keys of the trail's digests, the newest first."""
    return KeyRing(settings.TRAIL_KEYS)


def anchor_folder() -> Path:
    """Where daily anchors are kept, outside the database."""
    folder = Path(settings.VAR_DIR) / "anchors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def head() -> Anchor | None:
    """The chain's head now."""
    last = AuditLink.objects.order_by("-position").first()
    return Anchor(last.position, last.digest) if last else None


def write_anchor() -> None:
    """Append the chain's head to today's file and to the file elsewhere (``TRAIL_ANCHOR_FILE``), where one is set."""
    if anchor := head():
        _append(str(anchor))


def write_resumption(*, kept: int, lost: Anchor, reason: str) -> None:
    """Say beside the anchors that the chain goes on after position ``kept``, signed, so that only the portal can say it."""
    words = " ".join(reason.split())
    said = f"{RESUMED} {kept} {lost.position} {words}"
    _append(f"{said} | {trail_keys().sign(said.encode())}")


def _append(line: str) -> None:
    with (anchor_folder() / f"{timezone.localdate():%Y-%m-%d}.txt").open("a", encoding="utf-8") as handle:
        handle.write(f"{line}\n")
    if settings.TRAIL_ANCHOR_FILE:
        with Path(settings.TRAIL_ANCHOR_FILE).open("a", encoding="utf-8") as handle:
            handle.write(f"{line}\n")


def kept_anchors() -> list[Anchor]:
    """Every anchor that still has to hold, of every line of every file, lowest first.

    What lies beyond a position from which the chain was resumed after a restore is not expected any more.
    """
    found: set[Anchor] = set()
    for lines in _files():
        found |= _standing(lines)
    return sorted(found, key=lambda anchor: anchor.position)


def _standing(lines: list[str]) -> set[Anchor]:
    standing: set[Anchor] = set()
    for line in lines:
        if line.startswith(f"{RESUMED} "):
            said, _bar, signature = line.rpartition(" | ")
            if trail_keys().signed(said.encode(), signature):
                kept = int(said.split()[1])
                standing = {anchor for anchor in standing if anchor.position <= kept}
        elif line.strip():
            position, digest = line.split()
            standing.add(Anchor(int(position), digest))
    return standing


def _files() -> Iterator[list[str]]:
    """The daily files as one run of lines, and the file elsewhere."""
    daily = sorted(anchor_folder().glob("????-??-??.txt"))
    yield [line for path in daily for line in path.read_text(encoding="utf-8").splitlines()]
    elsewhere = Path(settings.TRAIL_ANCHOR_FILE) if settings.TRAIL_ANCHOR_FILE else None
    if elsewhere and elsewhere.is_file():
        yield elsewhere.read_text(encoding="utf-8").splitlines()


def mail_anchor(day: date) -> bool:
    """Send the chain's head to ``TRAIL_ANCHOR_MAIL``, where one is set; False when there is nothing to send."""
    anchor = head()
    if anchor is None or not settings.TRAIL_ANCHOR_MAIL:
        return False
    words = _("审计封存存档 %(day)s：%(anchor)s") % {"day": day, "anchor": anchor}
    send_mail(words, words, None, settings.TRAIL_ANCHOR_MAIL)
    return True


# --- events that were committed ----------------------------------------------------------------------


def note_committed(event: AuditEvent) -> None:
    """Note outside the database that an event was committed, until it is sealed.

    Gaps in the numbers say nothing: a transaction that is rolled back leaves one. This note is made after the commit alone, so
    an event that is noted and not there has been taken out.
    """
    with _locked(anchor_folder() / "committed.log", "a") as handle:
        handle.write(f"{event.pk} {event.at.timestamp():.6f} {event.action}\n")


def take_committed() -> list[str]:
    """What was noted since the last time. It stays in ``checking.log`` until ``forget_committed``."""
    checking = anchor_folder() / "checking.log"
    with _locked(anchor_folder() / "committed.log", "a+") as handle:
        handle.seek(0)
        with checking.open("a", encoding="utf-8") as kept:
            kept.write(handle.read())
        handle.truncate(0)
    return checking.read_text(encoding="utf-8").splitlines()


def forget_committed(missing: list[str]) -> None:
    """The events noted are sealed; those that are missing are told for good."""
    if missing:
        with (anchor_folder() / "missing.log").open("a", encoding="utf-8") as handle:
            handle.writelines(f"{line}\n" for line in missing)
    (anchor_folder() / "checking.log").unlink(missing_ok=True)


def missing_events() -> list[tuple[int, datetime, str]]:
    """Events that were committed and taken out before they were sealed: number, time, action."""
    path = anchor_folder() / "missing.log"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    told = (line.split(" ", 2) for line in dict.fromkeys(lines))
    return [
        (int(number), datetime.fromtimestamp(float(at), timezone.get_current_timezone()), action)
        for number, at, action in told
    ]


@contextmanager
def _locked(path: Path, mode: str) -> Iterator[IO[str]]:
    with path.open(mode, encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
