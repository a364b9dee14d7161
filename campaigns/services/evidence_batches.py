"""Uploads of many files: looked at one by one, matched with clauses by their names, shown, and only then saved."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.choices import BatchState, DraftOutcome, EvidenceKind, Secrecy
from campaigns.models import (
    Campaign,
    Clause,
    EvidenceBatch,
    EvidenceDraft,
    EvidenceLink,
    EvidencePiece,
    EvidenceRequest,
)
from campaigns.rules.evidence import best_request, counted, read_name, standing, title_key
from campaigns.services.evidence import (
    Content,
    EvidenceRefused,
    Source,
    Term,
    link_piece,
    same_content,
    source_of,
    submit_piece,
    submit_version,
)
from foodsafe_portal.lib.attachments import (
    MEGABYTE,
    AttachmentRefused,
    Looked,
    look_at,
    members,
    shown_name,
    unpacked,
)
from records.services import audit, jobs
from records.services.evidence import MAX_BYTES as MOST_OF_A_PICTURE

KIND = "evidence.sort"
Report = Callable[[int, int], None]
_KINDS = {".xlsx": EvidenceKind.LEDGER, ".txt": EvidenceKind.DOCUMENT}
_REPORTS = ("报告", "总结")


def open_batch(
    *, campaign: Campaign, uploads: Sequence[Any], by: Any, clause: Clause | None = None
) -> EvidenceBatch:
    """Take what somebody has sent at once. A few files are sorted here and now, many in the background.

    ``clause``: where the files belong whose names say nothing. Raises ``EvidenceRefused`` for no file at all and for too many.
    """
    if not uploads:
        raise EvidenceRefused(_("没有选文件；请把文件拖进来，或点“选文件”。"))
    if len(uploads) > settings.EVIDENCE_MAX_ZIP_MEMBERS:
        raise EvidenceRefused(
            _("一次最多 %(limit)s 个文件，这次有 %(count)s 个；请分几次上传。")
            % {"limit": settings.EVIDENCE_MAX_ZIP_MEMBERS, "count": len(uploads)}
        )
    with transaction.atomic():
        batch = _store(campaign, uploads, clause, by)
        weight = sum(upload.size for upload in uploads)
        packed = any(str(upload.name).lower().endswith(".zip") for upload in uploads)
        many = len(uploads) > settings.EVIDENCE_INLINE_FILES or packed
        if many or weight > settings.EVIDENCE_INLINE_MEGABYTES * MEGABYTE:
            job = jobs.enqueue(kind=KIND, params={"batch": str(batch.pk)}, by=by, total=len(uploads))
            EvidenceBatch.objects.filter(pk=batch.pk).update(job_id=job.pk)
            batch.job_id = job.pk
    if batch.job_id is None:
        sort_batch(batch=batch)
    return batch


def _store(campaign: Campaign, uploads: Sequence[Any], clause: Clause | None, by: Any) -> EvidenceBatch:
    source = source_of(by, campaign)
    batch = EvidenceBatch.objects.create(
        campaign=campaign,
        clause=clause,
        unit=source.unit,
        region_id=source.region,
        created_by=by,
        created_at=timezone.now(),
    )
    for upload in uploads:
        draft = EvidenceDraft(batch=batch, name=shown_name(upload.name or ""), size=upload.size)
        try:
            look_at(upload, draft.name, upload.size)
        except AttachmentRefused as refusal:
            draft.outcome, draft.reason = DraftOutcome.REFUSED, str(refusal)[:300]
        else:
            draft.file.save(draft.name, File(upload), save=False)
        draft.save()
    audit.record(
        by=by,
        action="evidence.uploaded",
        target=batch,
        after={"files": len(uploads), "bytes": sum(upload.size for upload in uploads)},
    )
    return batch


@dataclass(slots=True)
class _Ground:
    """What files are matched against: the clauses by number, their requests, and the pieces they have."""

    clauses: dict[str, Clause]
    requests: dict[int, list[tuple[int, str, int]]]
    titles: dict[tuple[int, str], EvidencePiece]


def sort_batch(*, batch: EvidenceBatch, report: Report | None = None) -> EvidenceBatch:
    """Look at every file that nobody has looked at: unpack archives, find the clause, know what the library already holds.

    Each file is done in a transaction of its own, so that a second run goes on where the first one ended.
    """
    ground = _ground_of(batch)
    while raw := list(batch.drafts.filter(outcome=DraftOutcome.RAW).order_by("pk")[:50]):
        for draft in raw:
            _sort_one(batch, draft, ground)
            if report is not None:
                left = batch.drafts.filter(outcome=DraftOutcome.RAW).count()
                total = batch.drafts.count()
                report(total - left, total)
    EvidenceBatch.objects.filter(pk=batch.pk, state=BatchState.SORTING).update(state=BatchState.SHOWN)
    batch.refresh_from_db()
    return batch


def _ground_of(batch: EvidenceBatch) -> _Ground:
    campaign, today = batch.campaign, timezone.localdate()
    rows = Clause.objects.filter(rulebook=campaign.rulebook, children__isnull=True)
    clauses = {clause.no: clause for clause in rows.prefetch_related("evidence_asked")}
    links = EvidenceLink.objects.visible_to(batch.created_by).filter(
        clause__isnull=False, piece__campaign=campaign
    )
    titles: dict[tuple[int, str], EvidencePiece] = {}
    there: dict[int, list[Any]] = {}
    for link in links.select_related("piece__newest", "piece__accepted", "request").order_by("pk"):
        piece = link.piece
        titles[(link.clause_id or 0, title_key(piece.title))] = piece
        if link.request is not None:
            there.setdefault(link.request.pk, []).append(standing_of(piece, today, link.request.since))
    requests = {
        clause.pk: [
            (one.pk, one.kind, counted(one.count, there.get(one.pk, [])).lacking)
            for one in clause.evidence_asked.all()
        ]
        for clause in clauses.values()
    }
    return _Ground(clauses, requests, titles)


def standing_of(piece: EvidencePiece, on: date, since: date | None = None) -> Any:
    """How a piece stands on a day (see ``campaigns.rules.evidence.standing``)."""
    counts = piece.accepted or piece.newest
    return standing(
        accepted=piece.accepted_id is not None,
        valid_until=counts.valid_until if counts else None,
        covers_to=counts.covers_to if counts else None,
        newest=piece.newest.state if piece.newest else "",
        on=on,
        since=since,
    )


@transaction.atomic
def _sort_one(batch: EvidenceBatch, draft: EvidenceDraft, ground: _Ground) -> None:
    with draft.file.open("rb") as content:
        try:
            looked = look_at(content, draft.name, draft.size)
            if looked.is_zip:
                _unpack(batch, draft, content)
                _forget_file(draft)
                draft.delete()
                return
            if looked.is_picture and draft.size > MOST_OF_A_PICTURE:
                raise AttachmentRefused(
                    _("“%(upload)s”超过 10 MB，请压缩后再上传。") % {"upload": shown_name(draft.name)}
                )
        except AttachmentRefused as refusal:
            _refuse(draft, str(refusal))
            return
        draft.digest = hashlib.file_digest(content, "sha256").hexdigest()
    draft.suffix, draft.content_type = looked.suffix, looked.content_type
    _match(batch, draft, ground)
    draft.save()


def _refuse(draft: EvidenceDraft, sentence: str) -> None:
    _forget_file(draft)
    draft.outcome, draft.reason, draft.file = DraftOutcome.REFUSED, sentence[:300], ""
    draft.save()


def _forget_file(draft: EvidenceDraft) -> None:
    """Take the staged bytes away once the transaction that no longer needs them stands."""
    if draft.file:
        storage, name = draft.file.storage, str(draft.file.name)
        transaction.on_commit(lambda: storage.delete(name), robust=True)


def _unpack(batch: EvidenceBatch, draft: EvidenceDraft, content: Any) -> None:
    with zipfile.ZipFile(content) as archive:
        for member in members(archive, draft.name):
            inside = EvidenceDraft(batch=batch, name=f"{draft.name}/{member.name}"[:300])
            try:
                if member.refusal:
                    raise AttachmentRefused(member.refusal)
                if member.name.lower().endswith(".zip"):
                    raise AttachmentRefused(
                        _("“%(name)s”是压缩包里的压缩包；请解开后再上传。")
                        % {"name": shown_name(member.name)}
                    )
                with tempfile.TemporaryFile() as plain:
                    for chunk in unpacked(archive, member):
                        plain.write(chunk)
                    inside.size = plain.tell()
                    look_at(plain, member.name, inside.size)
                    inside.file.save("member", File(plain), save=False)
            except AttachmentRefused as refusal:
                inside.outcome, inside.reason = DraftOutcome.REFUSED, str(refusal)[:300]
            inside.save()


def _match(batch: EvidenceBatch, draft: EvidenceDraft, ground: _Ground) -> None:
    named = read_name(draft.name, ground.clauses.keys())
    clause = ground.clauses.get(named.no) or batch.clause
    draft.title, draft.clause = named.title, clause
    draft.kind = _kind_of(draft.suffix, draft.content_type, named.title)
    if clause is not None:
        draft.request_id = best_request(draft.kind, ground.requests.get(clause.pk, []))
        draft.piece = ground.titles.get((clause.pk, title_key(named.title)))
    draft.outcome = DraftOutcome.MATCHED if clause is not None else DraftOutcome.UNMATCHED
    if same := same_content(batch.campaign, draft.digest):
        draft.outcome, draft.piece = DraftOutcome.SAME, same.piece
    elif batch.drafts.filter(digest=draft.digest, pk__lt=draft.pk).exists():
        draft.outcome = DraftOutcome.REFUSED
        draft.reason = _("这次上传里有两份一样的，只留前一份。")
        _forget_file(draft)
        draft.file = ""


def _kind_of(suffix: str, content_type: str, title: str) -> str:
    if content_type.startswith("image/"):
        return EvidenceKind.PICTURE
    if any(word in title for word in _REPORTS):
        return EvidenceKind.REPORT
    return EvidenceKind.LEDGER if "台账" in title else _KINDS.get(suffix, EvidenceKind.DOCUMENT)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person decided about one file of an upload; without a clause it stays and waits."""

    clause: Clause | None = None
    request: EvidenceRequest | None = None
    title: str = ""
    kind: str = ""
    secrecy: str = Secrecy.OPEN
    term: Term = field(default_factory=Term)
    skip: bool = False


@dataclass(slots=True)
class Saved:
    """What became of an upload: files saved, known already, left to be decided; refusals name the file."""

    saved: int = 0
    same: int = 0
    left: int = 0
    refusals: tuple[str, ...] = ()


def undecided(batch: EvidenceBatch) -> QuerySet[EvidenceDraft]:
    """The files of an upload about which somebody still has to say where they belong."""
    open_ones = (DraftOutcome.MATCHED, DraftOutcome.UNMATCHED, DraftOutcome.SAME)
    return batch.drafts.filter(outcome__in=open_ones)


def save_batch(*, batch: EvidenceBatch, chosen: Mapping[int, Chosen], by: Any) -> Saved:
    """Put the chosen files of an upload into the library; those without a clause stay in the upload and are asked again.

    Files that ``chosen`` does not name stay as they are. Each file is a transaction of its own: one that cannot be kept takes no other with it.
    """
    done, refusals = Saved(), []
    source = Source(batch.unit, batch.region_id)
    for draft in undecided(batch).filter(pk__in=chosen.keys()).select_related("piece").order_by("pk"):
        what = chosen[draft.pk]
        if what.skip:
            _drop(draft)
        elif what.clause is not None:
            try:
                known = _save_one(batch, draft, what, source, by)
            except EvidenceRefused as refusal:
                refusals.append(f"{draft.name}：{refusal}")
            else:
                done.same += known
                done.saved += not known
    done.refusals = tuple(refusals)
    done.left = undecided(batch).count()
    if not done.left:
        close_batch(batch=batch, by=by)
    return done


@transaction.atomic
def _save_one(batch: EvidenceBatch, draft: EvidenceDraft, what: Chosen, source: Source, by: Any) -> bool:
    """Save one file; true where the library held it already and only its use is new."""
    locked = EvidenceDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    if locked.outcome == DraftOutcome.SAVED:
        return True
    same = same_content(batch.campaign, draft.digest)
    if same is not None:
        piece = same.piece
    else:
        with draft.file.open("rb") as file:
            looked = Looked(draft.suffix, draft.content_type)
            content = Content(File(file, name=draft.name), draft.name, looked, draft.digest)
            older = _older(draft, what)
            if older is not None:
                submit_version(piece=older, content=content, term=what.term, by=by)
                piece = older
            else:
                piece = submit_piece(
                    campaign=batch.campaign, title=what.title or draft.title, kind=what.kind or draft.kind,
                    content=content, term=what.term, secrecy=what.secrecy, source=source, by=by,
                )  # fmt: skip
    link_piece(piece=piece, clause=what.clause, request=what.request, by=by)
    _forget_file(draft)
    EvidenceDraft.objects.filter(pk=draft.pk).update(outcome=DraftOutcome.SAVED, piece=piece, file="")
    return same is not None


def best_for(request_kind: str, clause: Clause) -> EvidenceRequest | None:
    """The request of a clause that a piece of this kind answers, the first one that asks for it."""
    return next((one for one in clause.evidence_asked.all() if one.kind == request_kind), None)


def _older(draft: EvidenceDraft, what: Chosen) -> EvidencePiece | None:
    """The piece this file is a newer version of: the same clause and the same title."""
    same_place = draft.piece is not None and what.clause is not None and draft.clause_id == what.clause.pk
    return (
        draft.piece if same_place and title_key(what.title or draft.title) == title_key(draft.title) else None
    )


def _drop(draft: EvidenceDraft) -> None:
    with transaction.atomic():
        _forget_file(draft)
        EvidenceDraft.objects.filter(pk=draft.pk).update(
            outcome=DraftOutcome.REFUSED, file="", reason=_("您没有收这份。")
        )


@transaction.atomic
def close_batch(*, batch: EvidenceBatch, by: Any) -> None:
    """End an upload: what was not saved is given up."""
    closed = EvidenceBatch.objects.filter(pk=batch.pk).exclude(state=BatchState.CLOSED)
    if not closed.update(state=BatchState.CLOSED):
        return
    waiting: Iterable[EvidenceDraft] = batch.drafts.exclude(file="")
    for draft in waiting:
        _forget_file(draft)
    batch.drafts.exclude(file="").update(file="")
    audit.record(
        by=by,
        action="evidence.upload_closed",
        target=batch,
        after={"saved": batch.drafts.filter(outcome=DraftOutcome.SAVED).count()},
    )
