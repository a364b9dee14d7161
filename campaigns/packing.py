"""Writes a review pack as one zip: streamed, in one order, with fixed dates, so that the same facts give the same bytes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

import campaigns
from campaigns.errors import CampaignRefused
from campaigns.models import Assessment
from campaigns.reports.pack import COVER, Pack, pack_of
from foodsafe_portal.lib.permissions import Permission
from records.models import EvidenceFile, Job
from records.services import audit, jobs
from records.services.evidence import shown_copy

_ASSETS: Final = Path(campaigns.__file__).parent / "data" / "pack"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_CHUNK: Final = 1024 * 1024
KIND: Final = "evidence.pack"
SUMS: Final = "SHA256SUMS"
Report = Callable[[int, int], None]


class PackRefused(CampaignRefused):
    """The pack cannot be built; the sentence names the file."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: files in the pack, its size in bytes, the SHA-256 of its bytes, and what is missing on the review day."""

    files: int
    bytes: int
    digest: str
    missing: list[dict[str, Any]]

    def as_document(self) -> dict[str, Any]:
        """The answer of ``build_pack --json``."""
        return {"files": self.files, "bytes": self.bytes, "digest": self.digest, "missing": self.missing}


class _Digested:
    """A file that is only written to, with the digest of what was written; it cannot seek, so nothing is changed afterwards."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self.size, self.digest = target, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Pass on and digest."""
        self._target.write(data)
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Pass on."""
        self._target.flush()


def build_pack(
    *,
    assessment: Assessment,
    target: BinaryIO,
    by: Any = None,
    include_hidden: bool = False,
    report: Report | None = None,
) -> Built:
    """Write the pack of an assessment to an open file. Memory does not grow with the files.

    Raises ``PackRefused`` where the store has lost a file or its bytes are no longer those that were accepted.
    """
    with translation.override("zh-hans"):
        pack = pack_of(assessment, by=by, include_hidden=include_hidden)
        out = _Digested(target)
        sums: list[str] = []
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
            for name, data in _pages(pack):
                sums.append(_put(archive, name, iter([data])))
            for number, (path, version) in enumerate(pack.versions.items(), 1):
                assert version.file is not None
                sums.append(_put(archive, path, _bytes_of(version.file, path)))
                if report is not None:
                    report(number, pack.files)
            for path, place in pack.pointers.items():
                sums.append(_put(archive, path, iter([f"{place}\n".encode()])))
            _put(archive, SUMS, iter(["".join(sums).encode()]))
    built = Built(len(sums) + 1, out.size, out.digest.hexdigest(), pack.missing)
    with transaction.atomic():
        audit.record(
            by=by,
            action="evidence.pack_built",
            target=assessment,
            territory=assessment.campaign.region_id,
            after={
                "files": built.files,
                "bytes": built.bytes,
                "sha256": built.digest,
                "hidden": include_hidden,
            },
        )
    return built


def ask_for_pack(*, assessment: Assessment, include_hidden: bool, by: Any) -> Job:
    """Have the pack built in the background; hidden pieces go in only for whoever may look at them as a reviewer.

    Raises ``PackRefused`` for somebody else.
    """
    if include_hidden and not by.can(Permission.REVIEW_EVIDENCE):
        raise PackRefused(_("您的岗位不能把敏感资料收进资料包。"))
    params = {"assessment": assessment.pk, "include_hidden": include_hidden}
    return jobs.enqueue(kind=KIND, params=params, by=by)


def _pages(pack: Pack) -> Iterator[tuple[str, bytes]]:
    yield "index.html", render_to_string("campaigns/pack_index.html", {"pack": pack}).encode()
    yield COVER, render_to_string("campaigns/pack_cover.html", {"pack": pack}).encode()
    for name in ("pack.css", "pack.js"):
        yield f"assets/{name}", (_ASSETS / name).read_bytes()


def _put(archive: zipfile.ZipFile, name: str, chunks: Iterator[bytes]) -> str:
    """Write one member; answers its line in the list of digests."""
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system, info.external_attr = 3, 0o100644 << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as member:
        for chunk in chunks:
            digest.update(chunk)
            member.write(chunk)
    return f"{digest.hexdigest()}  {name}\n"


def _bytes_of(file: EvidenceFile, path: str) -> Iterator[bytes]:
    """What others may have of a file: of a photo the copy without place and device."""
    seen = shown_copy(file)
    if seen is None:
        raise PackRefused(_("“%(path)s”的照片打不开，请重新上传这一份。") % {"path": path})
    stored, expected = (seen.shown, seen.shown_digest) if seen.is_picture else (seen.file, seen.digest)
    digest = hashlib.sha256()
    try:
        with stored.open("rb") as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                yield chunk
    except FileNotFoundError:
        raise PackRefused(_("“%(path)s”的文件在存储里找不到，请重新上传这一份。") % {"path": path}) from None
    if expected and digest.hexdigest() != expected:
        raise PackRefused(_("“%(path)s”的内容与登记的校验码不符，请重新上传这一份。") % {"path": path})
