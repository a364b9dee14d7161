"""Reading the whole trail: every place where it was changed, cut, slipped into or recomputed is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from records.models import AuditEvent, AuditLink
from records.services import anchors
from records.services.anchors import Anchor
from records.services.seal import GENESIS, chained, signed_text

# An event may be older than the sealing run before its own by no more than the longest transaction takes to commit.
LATE = timedelta(minutes=15)
# Clocks of two machines may differ by so much.
AHEAD = timedelta(minutes=5)


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

    @property
    def first(self) -> Finding | None:
        """The finding that stands first in the chain."""
        return min(self.findings, key=lambda finding: finding.position, default=None)


def verify_trail(printed: Sequence[Anchor] = ()) -> TrailCheck:
    """Read the whole chain and name every place where it does not hold.

    ``printed`` are anchors that somebody kept on paper; they are asked for like those in files.
    """
    reader = _Reader()
    for link in AuditLink.objects.select_related("event").order_by("position").iterator(chunk_size=2000):
        reader.read(link)
    findings = [*reader.findings, *reader.against([*anchors.kept_anchors(), *printed])]
    for number, at, action in anchors.missing_events():
        said = _("第 %(number)s 号事件（%(at)s，%(action)s）在封存之前被删除") % {
            "number": number,
            "at": f"{at:%Y-%m-%d %H:%M:%S}",
            "action": action,
        }
        findings.append(Finding(reader.expected, number, said))
    findings.sort(key=lambda finding: finding.position)
    return TrailCheck(reader.count, AuditEvent.objects.unsealed().count(), tuple(findings))


class _Reader:
    """Goes along the chain link by link and remembers what the next one has to fit to."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.count, self.expected, self.previous = 0, 1, GENESIS
        self.digests: dict[int, str] = {}
        self.keys = anchors.trail_keys()
        self.signed = False
        self.run: datetime | None = None
        self.run_before: datetime | None = None

    def say(self, link: AuditLink, sentence: str) -> None:
        """One finding at this link."""
        self.findings.append(Finding(link.position, link.event_id, sentence))

    def read(self, link: AuditLink) -> None:
        """Hold one link against the one before."""
        self.count += 1
        number = {"number": link.position}
        if link.position != self.expected:
            said = _("第 %(first)s 到 %(last)s 号封存缺失") % {
                "first": self.expected,
                "last": link.position - 1,
            }
            self.findings.append(Finding(self.expected, None, said))
        if chained(self.previous, link.event) != link.digest:
            self.say(link, _("第 %(number)s 号记录与封存时不一致") % number)
        elif not self._is_signed(link):
            self.say(link, _("第 %(number)s 号封存的签名不对：封存链被重算过") % number)
        elif link.signature and (wrong := self._time_wrong(link)):
            self.say(link, wrong)
        self.previous, self.expected = link.digest, link.position + 1
        self.digests[link.position] = link.digest

    def _is_signed(self, link: AuditLink) -> bool:
        """Whether the link carries the portal's signature; before the first that does, none is asked for (older portals)."""
        if not link.signature:
            return not self.signed
        self.signed = True
        return bool(self.keys.signed(signed_text(link.position, link.digest, link.sealed_at), link.signature))

    def _time_wrong(self, link: AuditLink) -> str:
        """What is wrong with the event's time, or nothing: whatever was there when the run before sealed would be in it."""
        if link.sealed_at != self.run:
            self.run_before, self.run = self.run, link.sealed_at
        told = {"number": link.position}
        if link.event.at > link.sealed_at + AHEAD:
            return _("第 %(number)s 号记录的时间晚于封存时间") % told
        if self.run_before and link.sealed_at < self.run_before:
            return _("第 %(number)s 号的封存时间早于前一次封存") % told
        if self.run_before and link.event.at < self.run_before - LATE:
            return _("第 %(number)s 号记录是事后补入的：它的时间早于前一次封存，当时却不在") % told
        return ""

    def against(self, kept: Sequence[Anchor]) -> list[Finding]:
        """What the anchors say otherwise than the chain."""
        found = []
        holding = [anchor.position for anchor in kept if self._holds(anchor)]
        for anchor in sorted(set(kept), key=lambda one: one.position):
            if self._holds(anchor):
                continue
            if anchor.position >= self.expected:
                said = _("封存链末尾被截断：存档记到第 %(kept)s 号，现只有 %(left)s 号") % {
                    "kept": anchor.position,
                    "left": self.expected - 1,
                }
                found.append(Finding(self.expected, None, said))
            else:
                said = _("第 %(number)s 号封存与库外存档不一致") % {"number": anchor.position}
                found.append(Finding(self._first_after(holding, anchor.position), None, said))
        if self.count and not kept:
            found.append(Finding(1, None, _("库外没有任何封存存档，无法证明封存链完整")))
        return found

    def _holds(self, anchor: Anchor) -> bool:
        return self.digests.get(anchor.position, "").startswith(anchor.digest)

    def _first_after(self, holding: Sequence[int], position: int) -> int:
        """The first place that can be false: where the chain itself breaks, else behind the last anchor before that holds."""
        broken = [finding.position for finding in self.findings if finding.position <= position]
        return min(broken, default=1 + max((held for held in holding if held < position), default=0))
