"""What goes into a review pack (迎检资料包): every clause of an assessment in the rulebook's order with its score and its proof."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from django.utils.translation import gettext as _

from campaigns.choices import EvidenceKind, Secrecy
from campaigns.models import Assessment, Clause, EvidenceLink, EvidencePiece, EvidenceVersion, Reading
from campaigns.reports.evidence import ClauseProof, clause_proofs
from campaigns.reports.sentences import said
from campaigns.rules.evidence import Counts, Standing
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook
from campaigns.rules.scoring import score
from campaigns.services.evidence_batches import standing_of

COVER: Final = "封面和目录.html"
_BAD: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece under one clause. ``path`` is its place in the pack, empty for an address; ``version`` the accepted one."""

    title: str
    kind: Any
    number: int
    term: str
    too_old: bool
    path: str
    url: str
    version: EvidenceVersion


@dataclass(slots=True)
class PackClause:
    """One clause: its points in the assessment (None where nobody looked), the reason, and what proves it."""

    no: str
    title: str
    unit: str
    points: Decimal | None
    low: Decimal | None
    high: Decimal | None
    why: str
    folder: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What the search of the index looks through."""
        return " ".join([self.no, self.title, self.unit, *(entry.title for entry in self.entries)])


@dataclass(slots=True)
class PackChapter:
    """A topmost clause with its leaves."""

    no: str
    title: str
    clauses: list[PackClause] = field(default_factory=list)


@dataclass(slots=True)
class Pack:
    """A whole pack. ``missing``: what will not be there on the review day; ``hidden``: pieces left out for their mark."""

    title: str
    rulebook: str
    assessment: str
    held_on: date
    review_on: date
    total_low: Decimal
    total_high: Decimal
    chapters: list[PackChapter]
    counts: Counts
    missing: list[dict[str, Any]]
    hidden: int
    versions: dict[str, EvidenceVersion]
    """The files by their place in the pack, in its order."""
    pointers: dict[str, str]
    """Small notes by their place: where a file lies that a second clause uses."""
    taken: set[str] = field(default_factory=set)

    @property
    def files(self) -> int:
        """How many files of proof there are."""
        return len(self.versions)

    @property
    def cover_url(self) -> str:
        """The address of the printable cover."""
        return quote(COVER)


def safe_name(words: str) -> str:
    """Words as a name that every file system takes."""
    return _BAD.sub("_", words).strip(" .")[:_LONGEST].strip(" .") or "_"


def pack_of(assessment: Assessment, *, by: Any = None, include_hidden: bool = False) -> Pack:
    """The pack of an assessment as it will stand on the campaign's review day: the same facts give the same pack.

    ``by``: only what this person may see; without, the whole campaign. Hidden pieces are left out unless they are asked for.
    """
    campaign, book = assessment.campaign, assessment.rulebook
    clauses = list(book.clauses.select_related("lead_unit").order_by("order"))
    parents = {clause.parent_id for clause in clauses}
    leaves = [clause for clause in clauses if clause.pk not in parents]
    day = campaign.review_on
    proofs = clause_proofs(user=by, campaign=campaign, today=day, clauses=leaves)
    scored, low, high = _scores(assessment)
    chapters, by_leaf = _chapters(clauses, leaves, scored)
    pack = Pack(
        title=_("%(campaign)s 迎检资料包") % {"campaign": campaign.name},
        rulebook=str(book),
        assessment=assessment.title,
        held_on=assessment.held_on,
        review_on=day,
        total_low=low,
        total_high=high,
        chapters=chapters,
        counts=sum((proof.counts for proof in proofs), Counts()),
        missing=[line for proof in proofs for line in _missing(proof)],
        hidden=0,
        versions={},
        pointers={},
    )
    _fill(pack, assessment, leaves, by_leaf, by, include_hidden)
    return pack


def _scores(assessment: Assessment) -> tuple[dict[str, Any], Decimal, Decimal]:
    readings = dict(Reading.objects.valid().filter(assessment=assessment).values_list("clause__no", "value"))
    try:
        answer: Any = score(parse_rulebook(assessment.rulebook.document), readings).as_document()
    except ScoringRefused:
        return {}, Decimal(0), Decimal(0)
    scored = {entry["no"]: entry for entry in answer["clauses"]}
    return scored, Decimal(answer["total_low"]), Decimal(answer["total_high"])


def _chapters(
    clauses: list[Clause], leaves: list[Clause], scored: dict[str, Any]
) -> tuple[list[PackChapter], dict[int, PackClause]]:
    above = {clause.pk: clause for clause in clauses}
    chapters: dict[int, PackChapter] = {}
    found = {}
    for leaf in leaves:
        top = leaf
        while top.parent_id:
            top = above[top.parent_id]
        chapter = chapters.setdefault(top.pk, PackChapter(top.no, top.title))
        entry = scored.get(leaf.no, {})
        looked = bool(entry) and entry["state"] != "unassessed" and leaf.points is not None
        folder = f"{safe_name(f'{top.no} {top.title}')}/{safe_name(f'{leaf.no} {leaf.title}')}"
        found[leaf.pk] = PackClause(
            leaf.no,
            leaf.title,
            str(leaf.lead_unit or ""),
            leaf.points,
            Decimal(entry["low"]) if looked else None,
            Decimal(entry["high"]) if looked else None,
            said(entry.get("why", "")) if looked else "",
            folder,
        )
        chapter.clauses.append(found[leaf.pk])
    return list(chapters.values()), found


def _missing(proof: ClauseProof) -> list[dict[str, Any]]:
    lines = []
    for row in proof.requests:
        lack = row.counts.asked - row.counts.valid
        if row.request is None or not lack:
            continue
        told = (
            (_("没有 %(n)s"), row.counts.missing),
            (_("待审 %(n)s"), row.counts.waiting),
            (_("过旧 %(n)s"), row.counts.old),
            (_("退回 %(n)s"), row.counts.returned),
        )
        lines.append(
            {
                "clause": proof.clause.no,
                "title": proof.clause.title,
                "kind": row.request.kind,
                "kind_words": str(EvidenceKind(row.request.kind).label),
                "request": row.request.title,
                "missing": lack,
                "why": "、".join(words % {"n": number} for words, number in told if number),
            }
        )
    return lines


def _fill(
    pack: Pack,
    assessment: Assessment,
    leaves: list[Clause],
    by_leaf: dict[int, PackClause],
    by: Any,
    include_hidden: bool,
) -> None:
    pieces = EvidencePiece.objects.all() if by is None else EvidencePiece.objects.visible_to(by)
    links = (
        EvidenceLink.objects.filter(clause__in=[leaf.pk for leaf in leaves])
        .filter(piece__in=pieces.filter(campaign=assessment.campaign, accepted__isnull=False).values("pk"))
        .select_related("piece__accepted__file", "piece__newest")
        .defer("piece__accepted__text", "piece__newest__text")
        .order_by("clause__order", "piece__title", "piece__accepted__digest")
    )
    stored: dict[int, str] = {}
    left_out = set()
    for link in links:
        if link.piece.secrecy == Secrecy.HIDDEN and not include_hidden:
            left_out.add(link.piece_id)
            continue
        clause = by_leaf[link.clause_id or 0]
        clause.entries.append(_entry(pack, clause, link.piece, stored))
    pack.hidden = len(left_out)


def _entry(pack: Pack, clause: PackClause, piece: EvidencePiece, stored: dict[int, str]) -> Entry:
    version = piece.accepted
    assert version is not None
    path = stored.get(piece.pk, "")
    if version.file is not None and not path:
        path = stored[piece.pk] = _free(pack, clause.folder, piece.title, version.file.suffix)
        pack.versions[path] = version
    elif path:
        note = _free(pack, clause.folder, f"{piece.title}（见别处）", ".txt")
        pack.pointers[note] = path
    return Entry(
        title=piece.title,
        kind=piece.get_kind_display(),
        number=version.number,
        term=version.term,
        too_old=standing_of(piece, pack.review_on) is not Standing.VALID,
        path=path,
        url=quote(path) if path else version.address,
        version=version,
    )


def _free(pack: Pack, folder: str, title: str, suffix: str) -> str:
    """A name nobody has in the folder; file systems that fold case count as well."""
    stem, number = safe_name(title), 1
    while True:
        name = f"{folder}/{stem}{f' {number}' if number > 1 else ''}{suffix}"
        if name.casefold() not in pack.taken:
            pack.taken.add(name.casefold())
            return name
        number += 1
