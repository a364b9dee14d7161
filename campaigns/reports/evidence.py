"""What the library of proof shows: for every clause what is asked, what is there, what is missing, and what ends too early."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import User
from campaigns.choices import EvidenceState
from campaigns.models import (
    Campaign,
    Clause,
    EvidenceLink,
    EvidencePiece,
    EvidenceRequest,
    EvidenceVersion,
    Rulebook,
)
from campaigns.rules.evidence import ORDER, Counts, Standing, counted
from campaigns.services.evidence_batches import standing_of

STANDING_WORDS = {
    Standing.VALID: gettext_lazy("有效"),
    Standing.WAITING: gettext_lazy("待审"),
    Standing.OLD: gettext_lazy("过旧"),
    Standing.RETURNED: gettext_lazy("退回"),
}
TONES = {
    Standing.VALID: "ok",
    Standing.WAITING: "wait",
    Standing.OLD: "warn",
    Standing.RETURNED: "bad",
}
PARTS = ("asked", "valid", "waiting", "old", "returned", "missing")
PART_WORDS = {
    "asked": gettext_lazy("要求"),
    **{each.value: STANDING_WORDS[each] for each in ORDER},
    "missing": gettext_lazy("缺"),
}
_PART_TONES = {"old": "amber", "returned": "amber", "missing": "red"}
_PART_CSS = {
    "valid": "s-on-time",
    "waiting": "s-late",
    "old": "s-old",
    "returned": "s-returned",
    "missing": "s-missing",
}


def waiting_for(user: User) -> QuerySet[EvidenceVersion]:
    """The versions this person may decide about: waiting, the newest of their piece, sent by somebody else."""
    return (
        EvidenceVersion.objects.visible_to(user)
        .filter(state=EvidenceState.WAITING, piece__newest=F("pk"))
        .exclude(submitted_by=user)
    )


def ends_before(day: date, today: date) -> Q:
    """Pieces that hold today and no longer on the review day."""
    return Q(accepted__valid_until__lt=day, accepted__valid_until__gte=today)


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece under a request of a clause. ``counts`` is false where nobody asked for one more."""

    piece: EvidencePiece
    standing: Standing
    counts: bool

    @property
    def badge(self) -> tuple[str, Any]:
        """Tone and word of how it stands."""
        return TONES[self.standing], STANDING_WORDS[self.standing]

    @property
    def version(self) -> EvidenceVersion | None:
        """The version that is meant: the newest."""
        return self.piece.newest


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request with what answers it; ``request`` is None for pieces of the clause that answer no request."""

    request: EvidenceRequest | None
    counts: Counts
    pieces: tuple[Shown, ...]
    unseen: int = 0
    """Pieces that count and that this person may not see."""


@dataclass(frozen=True, slots=True)
class ClauseProof:
    """A clause with what it asks to see and what is there."""

    clause: Clause
    counts: Counts
    requests: tuple[RequestRow, ...]
    earliest: date | None

    @property
    def cells(self) -> list[tuple[str, int, str, str]]:
        """Part, number, tone and address, in the order of the columns."""
        url = reverse("library")
        return [
            (
                part,
                getattr(self.counts, part),
                _PART_TONES.get(part, ""),
                f"{url}?no={self.clause.no}#clause-{self.clause.pk}",
            )
            for part in PARTS
        ]

    @property
    def strip(self) -> list[tuple[str, float, float]]:
        """Class, start and width in percent of each part that is not empty."""
        return strip_of(self.counts)


def strip_of(counts: Counts) -> list[tuple[str, float, float]]:
    """The composition of what is asked as segments: class, start, width in percent."""
    segments, at = [], 0.0
    for part, css in _PART_CSS.items():
        width = 100 * getattr(counts, part) / counts.asked if counts.asked else 0
        if width:
            segments.append((css, round(at, 2), round(width, 2)))
        at += width
    return segments


@dataclass(frozen=True, slots=True)
class Board:
    """The library as a table of clauses with its sums; ``total`` is the sum of ``clauses`` before any filter."""

    campaign: Campaign
    rulebook: Rulebook | None
    clauses: tuple[ClauseProof, ...]
    total: Counts
    silent: int
    """Clauses that ask for nothing."""

    @property
    def lacking(self) -> int:
        """In how many clauses something is missing."""
        return sum(1 for one in self.clauses if one.counts.missing)

    @property
    def strip(self) -> list[tuple[str, float, float]]:
        """The composition of all that is asked."""
        return strip_of(self.total)


def clause_proofs(
    *, user: User | None, campaign: Campaign, today: date, clauses: Sequence[Clause]
) -> tuple[ClauseProof, ...]:
    """What each of the clauses asks to see and what is there; four queries for however many clauses.

    The counts are the campaign's, whoever asks: what is there is not missing. Pieces are named only to those who may see them
    (``user`` None: the portal itself).
    """
    keys = [clause.pk for clause in clauses]
    asked: dict[int, list[EvidenceRequest]] = defaultdict(list)
    for request in EvidenceRequest.objects.filter(clause__in=keys).order_by("order", "pk"):
        asked[request.clause_id].append(request)
    links = (
        EvidenceLink.objects.filter(clause__in=keys, piece__campaign=campaign)
        .select_related(
            "piece__newest__submitted_by", "piece__newest__file", "piece__accepted", "piece__unit"
        )
        .defer("piece__newest__text", "piece__accepted__text")
        .order_by("pk")
    )
    pieces = EvidencePiece.objects.visible_to(user) if user else EvidencePiece.objects.all()
    pieces = pieces.filter(campaign=campaign, links__clause__in=keys)
    seen = frozenset(pieces.values_list("pk", flat=True))
    there: dict[int, list[EvidenceLink]] = defaultdict(list)
    for link in links:
        there[link.clause_id or 0].append(link)
    return tuple(
        _proof(clause, asked.get(clause.pk, []), there.get(clause.pk, []), today, seen) for clause in clauses
    )


def _proof(
    clause: Clause,
    asked: Sequence[EvidenceRequest],
    links: Sequence[EvidenceLink],
    today: date,
    seen: frozenset[int],
) -> ClauseProof:
    rows = []
    for request in (*asked, None):
        mine = [link.piece for link in links if link.request_id == (request.pk if request else None)]
        if request is None and not mine:
            continue
        rows.append(_row(request, mine, today, seen))
    counts = sum((row.counts for row in rows), Counts())
    ends = [
        link.piece.accepted.valid_until
        for link in links
        if link.piece.accepted and link.piece.accepted.valid_until
    ]
    return ClauseProof(clause, counts, tuple(rows), min(ends, default=None))


def _row(
    request: EvidenceRequest | None, pieces: Iterable[EvidencePiece], today: date, seen: frozenset[int]
) -> RequestRow:
    since = request.since if request else None
    standings = [(piece, standing_of(piece, today, since)) for piece in pieces]
    standings.sort(key=lambda pair: ORDER.index(pair[1]))
    wanted = request.count if request else 0
    shown = tuple(
        Shown(piece, how, place < wanted) for place, (piece, how) in enumerate(standings) if piece.pk in seen
    )
    counts = counted(wanted, [how for _piece, how in standings])
    return RequestRow(request, counts, shown, len(standings) - len(shown))


def board_of(*, user: User, campaign: Campaign, today: date) -> Board:
    """The whole edition's clauses that ask for proof or have some, with their sums."""
    leaves = Clause.objects.filter(rulebook=campaign.rulebook, children__isnull=True)
    leaves = leaves.select_related("lead_unit", "parent").order_by("order")
    proofs = clause_proofs(user=user, campaign=campaign, today=today, clauses=list(leaves))
    told = tuple(proof for proof in proofs if proof.requests)
    total = sum((proof.counts for proof in told), Counts())
    return Board(campaign, campaign.rulebook, told, total, len(proofs) - len(told))


def narrowed(board: Board, *, part: str, unit: str, chapter: str, words: str) -> tuple[ClauseProof, ...]:
    """The clauses in which something of ``part`` stands (``lacking``: anything to bring), of a unit, a chapter, and with these words."""

    def kept(proof: ClauseProof) -> bool:
        clause = proof.clause
        if part and part != "asked" and not getattr(proof.counts, part, 0):
            return False
        if unit and str(clause.lead_unit_id or "") != unit:
            return False
        if chapter and clause.no.split(".")[0] != chapter:
            return False
        return not words or words in clause.title or clause.no.startswith(words) or _says(proof, words)

    return tuple(proof for proof in board.clauses if kept(proof))


def _says(proof: ClauseProof, words: str) -> bool:
    return any(words in shown.piece.title for row in proof.requests for shown in row.pieces) or any(
        row.request and words in row.request.title for row in proof.requests
    )


def missing_lines(proofs: Iterable[ClauseProof]) -> list[dict[str, str | int]]:
    """What is not there, request by request: clause, request, how many are missing."""
    return [
        {
            "clause": proof.clause.no,
            "title": proof.clause.title,
            "kind": row.request.kind,
            "request": row.request.title,
            "missing": row.counts.missing,
        }
        for proof in proofs
        for row in proof.requests
        if row.request and row.counts.missing
    ]
