"""The library of proof: pieces come in as versions, are looked at by a second person, and are tied to what they prove."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from accounts.rules.rights import PERMISSIONS, Permission, Role
from campaigns.choices import EvidenceKind, EvidenceState, Secrecy
from campaigns.errors import CampaignRefused
from campaigns.models import (
    Campaign,
    Clause,
    EvidenceLink,
    EvidencePiece,
    EvidenceRequest,
    EvidenceVersion,
    TaskItem,
)
from foodsafe_portal.lib.attachments import Looked, readable_text, shown_name
from records.models import EvidenceFile
from records.services import audit
from records.services.evidence import EvidenceRefused as PictureRefused
from records.services.evidence import store_evidence


class EvidenceRefused(CampaignRefused):
    """A piece of proof cannot take this step; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where proof comes from: the unit and the territory of the post in which somebody sends it."""

    unit: Unit | None
    region: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds: a checked file with the digest of the bytes that were sent, or an address."""

    file: File | None = None
    name: str = ""
    looked: Looked | None = None
    digest: str = ""
    address: str = ""

    @property
    def key(self) -> str:
        """By which the same content is known again."""
        return self.digest or hashlib.sha256(self.address.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Term:
    """The period a version covers and until when it holds; each may be unknown."""

    covers_from: date | None = None
    covers_to: date | None = None
    valid_until: date | None = None


def source_of(by: Any, campaign: Campaign) -> Source:
    """The unit and territory for which this person sends proof. Raises ``EvidenceRefused`` where no post allows it."""
    posts = [post for post in by.posts_today if Permission.SUBMIT_EVIDENCE in PERMISSIONS[Role(post.role)]]
    if not posts:
        raise EvidenceRefused(_("您的岗位不能上传佐证资料。"))
    post = posts[0]
    region = post.region_id or (post.unit.region_id if post.unit else campaign.region_id)
    return Source(post.unit, region)


def same_content(campaign: Campaign, key: str) -> EvidenceVersion | None:
    """The version that already holds this very content, if any."""
    found = EvidenceVersion.objects.filter(campaign=campaign, digest=key)
    return found.select_related("piece").first()


@transaction.atomic
def submit_piece(
    *,
    campaign: Campaign,
    title: str,
    kind: str,
    content: Content,
    by: Any,
    term: Term | None = None,
    secrecy: str = Secrecy.OPEN,
    source: Source | None = None,
) -> EvidencePiece:
    """Put a new piece with its first version into the library; it waits for a second person.

    Raises ``EvidenceRefused`` where the library holds the same content, or the file cannot be kept.
    """
    _new_only(campaign, content)
    if not title.strip():
        raise EvidenceRefused(_("请写标题，别人才知道这份资料证明什么。"))
    source = source or source_of(by, campaign)
    piece = EvidencePiece.objects.create(
        campaign=campaign,
        kind=EvidenceKind(kind),
        title=title.strip()[:150],
        unit=source.unit,
        region_id=source.region,
        secrecy=Secrecy(secrecy),
        created_by=by,
        created_at=timezone.now(),
    )
    version = _add_version(piece, 1, content, term or Term(), by)
    audit.record(by=by, action="evidence.submitted", target=piece, after=_told(version, content))
    return piece


@transaction.atomic
def submit_version(
    *, piece: EvidencePiece, content: Content, by: Any, term: Term | None = None
) -> EvidenceVersion:
    """Add a newer version to a piece; one that still waited is replaced, an accepted one counts until this one is accepted.

    Raises ``EvidenceRefused`` where the library holds the same content, or the file cannot be kept.
    """
    piece = EvidencePiece.objects.select_for_update(of=("self",)).get(pk=piece.pk)
    _new_only(piece.campaign, content)
    last = piece.versions.aggregate(last=Max("number"))["last"] or 0
    piece.versions.filter(state=EvidenceState.WAITING).update(state=EvidenceState.SUPERSEDED)
    version = _add_version(piece, last + 1, content, term or Term(), by)
    audit.record(
        by=by,
        action="evidence.version_submitted",
        target=piece,
        after=_told(version, content) | {"number": version.number},
    )
    return version


def _new_only(campaign: Campaign, content: Content) -> None:
    if bool(content.file) == bool(content.address):
        raise EvidenceRefused(_("请选一个文件，或者写一个链接。"))
    if same := same_content(campaign, content.key):
        raise EvidenceRefused(
            _("与“%(piece)s”第 %(number)s 版是同一份，不再存。")
            % {"piece": same.piece.title, "number": same.number}
        )


def _add_version(piece: EvidencePiece, number: int, content: Content, term: Term, by: Any) -> EvidenceVersion:
    if term.covers_from and term.covers_to and term.covers_to < term.covers_from:
        raise EvidenceRefused(
            _("覆盖期止于 %(to)s，早于开始的 %(from)s；请改日期。")
            % {"from": term.covers_from, "to": term.covers_to}
        )
    kept, text = None, ""
    if content.file is not None and content.looked is not None:
        kept = _keep(content, piece, by)
        text = readable_text(content.file, content.looked.suffix)
    try:
        with transaction.atomic():
            version = EvidenceVersion.objects.create(
                piece=piece,
                campaign_id=piece.campaign_id,
                number=number,
                file=kept,
                address=content.address,
                digest=content.key,
                covers_from=term.covers_from,
                covers_to=term.covers_to,
                valid_until=term.valid_until,
                text=text,
                submitted_by=by,
                submitted_at=timezone.now(),
            )
    except IntegrityError:
        raise EvidenceRefused(_("同一份文件刚刚有人存过，请刷新后再看。")) from None
    EvidencePiece.objects.filter(pk=piece.pk).update(newest=version)
    piece.newest = version
    return version


def _keep(content: Content, piece: EvidencePiece, by: Any) -> EvidenceFile:
    """The file in the store: a photo as photos are kept, anything else byte by byte."""
    assert content.file is not None and content.looked is not None
    name = shown_name(content.name)
    content.file.seek(0)
    if content.looked.is_picture:
        upload: Any = File(content.file, name=name)
        try:
            return store_evidence(upload=upload, target=piece, by=by)
        except PictureRefused as refusal:
            raise EvidenceRefused(str(refusal)) from None
    kept = EvidenceFile(
        id=uuid.uuid4(),
        suffix=content.looked.suffix,
        original_name=name,
        content_type=content.looked.content_type,
        size=content.file.size,
        digest=content.digest,
        target_type=piece._meta.label_lower,
        target_id=str(piece.pk),
        uploaded_by=by,
        uploaded_at=timezone.now(),
    )
    kept.file.save(name, File(content.file, name=name), save=False)
    kept.save()
    return kept


def _told(version: EvidenceVersion, content: Content) -> dict[str, Any]:
    return {"file": shown_name(content.name) or content.address, "sha256": version.digest}


@transaction.atomic
def review_version(*, version: EvidenceVersion, accept: bool, by: Any, reason: str = "") -> EvidenceVersion:
    """Accept a waiting version or return it with a reason; whoever sent it may not decide.

    Raises ``EvidenceRefused`` also where somebody was first or a newer version has come.
    """
    if by.pk == version.submitted_by_id:
        raise EvidenceRefused(_("不能审自己上传的资料，请由另一人审。"))
    if not accept and not reason.strip():
        raise EvidenceRefused(_("退回要写理由，上传人才知道改哪里。"))
    decided = EvidenceVersion.objects.filter(pk=version.pk, state=EvidenceState.WAITING).update(
        state=EvidenceState.ACCEPTED if accept else EvidenceState.RETURNED,
        reviewed_by=by,
        reviewed_at=timezone.now(),
        reason=reason.strip()[:300],
    )
    if not decided:
        raise EvidenceRefused(_("“%(piece)s”已有人审过或换了新版，请刷新后再看。") % {"piece": version.piece})
    version.refresh_from_db()
    if accept:
        EvidencePiece.objects.filter(pk=version.piece_id).update(accepted=version)
    audit.record(
        by=by,
        action="evidence.accepted" if accept else "evidence.returned",
        target=version.piece,
        after={"number": version.number, "sha256": version.digest},
        reason=reason,
    )
    return version


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What became of one version of many; ``refusal`` is empty where it was decided."""

    title: str
    refusal: str = ""


def review_many(
    *, versions: Iterable[EvidenceVersion], accept: bool, by: Any, reason: str = ""
) -> list[Reviewed]:
    """Decide about many versions alike, each in a transaction and with an event of its own."""
    outcomes = []
    for version in versions:
        try:
            review_version(version=version, accept=accept, by=by, reason=reason)
        except EvidenceRefused as refusal:
            outcomes.append(Reviewed(version.piece.title, str(refusal)))
        else:
            outcomes.append(Reviewed(version.piece.title))
    return outcomes


@transaction.atomic
def link_piece(
    *,
    piece: EvidencePiece,
    by: Any,
    clause: Clause | None = None,
    request: EvidenceRequest | None = None,
    task: TaskItem | None = None,
) -> EvidenceLink:
    """Say what a piece proves: a clause (for one of its requests, perhaps) or a task; saying it twice changes nothing.

    Raises ``EvidenceRefused`` for neither, for a chapter, and for a request of another clause.
    """
    if (clause is None) == (task is None):
        raise EvidenceRefused(_("请选一个条款或一项任务。"))
    if clause is not None and clause.children.exists():
        raise EvidenceRefused(_("%(no)s 是章节，请选它下面的条款。") % {"no": clause.no})
    if request is not None and (clause is None or request.clause_id != clause.pk):
        raise EvidenceRefused(_("这条要求不属于所选的条款，请重新选择。"))
    found = {"clause": clause} if clause is not None else {"task": task}
    link, new = EvidenceLink.objects.get_or_create(
        piece=piece,
        **found,
        defaults={"request": request, "linked_by": by, "linked_at": timezone.now()},
    )
    moved = not new and request is not None and link.request_id != request.pk
    if moved:
        EvidenceLink.objects.filter(pk=link.pk).update(request=request)
        link.request = request
    if new or moved:
        audit.record(by=by, action="evidence.linked", target=piece, after=_proves(link))
    return link


@transaction.atomic
def unlink_piece(*, link: EvidenceLink, by: Any) -> None:
    """A piece no longer proves this; the piece itself stays in the library."""
    gone, _rows = EvidenceLink.objects.filter(pk=link.pk).delete()
    if gone:
        audit.record(by=by, action="evidence.unlinked", target=link.piece, before=_proves(link))


def _proves(link: EvidenceLink) -> dict[str, str]:
    if link.clause is not None:
        asked = str(link.request) if link.request else ""
        return {"clause": link.clause.no, "request": asked}
    return {"task": str(link.task)}


@transaction.atomic
def mark_piece(*, piece: EvidencePiece, secrecy: str, by: Any) -> EvidencePiece:
    """Say how far a piece may go."""
    before, after = piece.secrecy, Secrecy(secrecy)
    if before == after:
        return piece
    EvidencePiece.objects.filter(pk=piece.pk).update(secrecy=after)
    piece.refresh_from_db()
    audit.record(
        by=by,
        action="evidence.marked",
        target=piece,
        before={"secrecy": before},
        after={"secrecy": str(after)},
    )
    return piece


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One request of a clause as an edition spells it."""

    kind: str
    title: str
    count: int = 1
    since: date | None = None


@transaction.atomic
def ask_for_evidence(*, clause: Clause, asked: Sequence[AskedFor], by: Any) -> list[EvidenceRequest]:
    """Set what a clause asks to see. A request that keeps its kind and title stays the same row.

    It moves no score, so an edition in use may be told more exactly. Raises ``EvidenceRefused`` for a request that is left out
    although a piece answers it, for one said twice, and for a chapter.
    """
    if clause.children.exists():
        raise EvidenceRefused(_("%(no)s 是章节，请选它下面的条款。") % {"no": clause.no})
    keys = [(one.kind, one.title.strip()) for one in asked]
    if len(set(keys)) < len(keys):
        raise EvidenceRefused(_("同一类别下有两条同名的要求；请合并，把份数写在一起。"))
    before = {(row.kind, row.title): row for row in clause.evidence_asked.all()}
    rows = []
    for order, one in enumerate(asked, 1):
        row = before.pop((one.kind, one.title.strip()), None) or EvidenceRequest(clause=clause)
        row.kind, row.title = EvidenceKind(one.kind), one.title.strip()[:150]
        row.count, row.since, row.order = max(1, one.count), one.since, order
        row.save()
        rows.append(row)
    answered = EvidenceLink.objects.filter(request__in=[row.pk for row in before.values()])
    if held := answered.select_related("request", "piece").first():
        raise EvidenceRefused(
            _("“%(request)s”已有佐证“%(piece)s”，不能删；请先把它改归别的要求。")
            % {"request": held.request, "piece": held.piece}
        )
    EvidenceRequest.objects.filter(pk__in=[row.pk for row in before.values()]).delete()
    audit.record(
        by=by,
        action="evidence.asked",
        target=clause,
        after={"asked": [f"{row} × {row.count}" for row in rows]},
    )
    return rows


def digest_of(file: File) -> str:
    """The SHA-256 of a file's bytes; the file is left at its beginning."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
