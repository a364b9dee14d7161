"""Looks at a file from outside before it is kept as proof: its true type, locks, bombs and, for a zip, each of its members.

Nothing is believed that a name says: the type is the one the bytes have, sizes are counted while they are read.
"""

from __future__ import annotations

import html
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

MEGABYTE: Final = 1024 * 1024
PICTURES: Final = {
    "JPEG": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "WEBP": (".webp", "image/webp"),
}
OFFICE: Final = {
    "word/document.xml": (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/workbook.xml": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ppt/presentation.xml": (
        ".pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}
ZIP: Final = (".zip", "application/zip")
SAME: Final = {".jpeg": ".jpg", ".jpe": ".jpg"}
READABLE: Final = "pdf、docx、xlsx、pptx、txt、jpg、png、webp"
_MOST_RATIO: Final = 200
_TEXT_HEAD: Final = 64 * 1024
_DRIVE = re.compile(r"^[A-Za-z]:")
_CONTROL = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class AttachmentRefused(Exception):
    """The file cannot be kept; the sentence quotes its name and says what to send instead."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is by its bytes: suffix and content type."""

    suffix: str
    content_type: str

    @property
    def is_zip(self) -> bool:
        """Whether it is a plain archive of other files."""
        return self.suffix == ZIP[0]

    @property
    def is_picture(self) -> bool:
        """Whether it is a photo that the portal can draw."""
        return self.content_type.startswith("image/")


def shown_name(name: str) -> str:
    """A file's name without folders and without characters that cannot be seen; at most 200 characters, its ending kept."""
    last = _CONTROL.sub("", unicodedata.normalize("NFC", name)).replace("\\", "/").rsplit("/", 1)[-1].strip()
    return last if len(last) <= 200 else last[:120] + last[-80:]


def look_at(file: IO[bytes], name: str, size: int) -> Looked:
    """What ``file`` is. Raises ``AttachmentRefused`` for an empty, huge, locked or dangerous one, and for a false ending.

    Limits are the settings ``EVIDENCE_MAX_MEGABYTES``, ``EVIDENCE_MAX_MEGAPIXELS`` and, for an archive, ``EVIDENCE_MAX_ZIP_MEGABYTES``.
    """
    file_name = shown_name(name)
    if not size:
        raise AttachmentRefused(_("“%(name)s”是空文件，请重新选择。") % {"name": file_name})
    ending = PurePosixPath(file_name.lower()).suffix
    limit = settings.EVIDENCE_MAX_ZIP_MEGABYTES if ending == ".zip" else settings.EVIDENCE_MAX_MEGABYTES
    if size > limit * MEGABYTE:
        raise AttachmentRefused(
            _("“%(name)s”有 %(size)s MB，超过 %(limit)s MB；请压缩、拆开或改传链接。")
            % {"name": file_name, "size": round(size / MEGABYTE), "limit": limit}
        )
    try:
        looked = _by_content(file, file_name)
    finally:
        file.seek(0)
    told = SAME.get(ending, ending)
    if told != looked.suffix:
        raise AttachmentRefused(
            _("“%(name)s”的内容是 %(found)s，与后缀不符；请用原来的软件另存后再上传。")
            % {"name": file_name, "found": looked.suffix[1:]}
        )
    return looked


def _by_content(file: IO[bytes], name: str) -> Looked:
    file.seek(0)
    head = file.read(_TEXT_HEAD)
    if head.startswith(b"%PDF-"):
        _refuse_locked_pdf(file, name)
        return Looked(".pdf", "application/pdf")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise AttachmentRefused(
            _("“%(name)s”是旧版 Office 文件或加了密码；请去掉密码，另存为 docx、xlsx 或 pdf 再上传。")
            % {"name": name}
        )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_or_office(file, name)
    if picture := _picture(file, name):
        return picture
    if _is_text(head):
        return Looked(".txt", "text/plain; charset=utf-8")
    raise AttachmentRefused(
        _("“%(name)s”不是能收的文件；请上传 %(kinds)s。") % {"name": name, "kinds": READABLE}
    )


def _refuse_locked_pdf(file: IO[bytes], name: str) -> None:
    """A PDF that needs a password names ``/Encrypt`` in its trailer or in a cross-reference stream."""
    file.seek(0)
    kept = b""
    while chunk := file.read(MEGABYTE):
        if re.search(rb"/Encrypt[\s<\[/\d]", kept + chunk):
            raise AttachmentRefused(_("“%(name)s”有密码打不开；去掉密码再传。") % {"name": name})
        kept = chunk[-16:]


def _picture(file: IO[bytes], name: str) -> Looked | None:
    file.seek(0)
    try:
        with Image.open(file) as image:
            kind = PICTURES.get(image.format or "")
            pixels = image.width * image.height
            if kind and pixels <= settings.EVIDENCE_MAX_MEGAPIXELS * 1_000_000:
                image.verify()
    except Image.DecompressionBombError:
        kind, pixels = ("", ""), 10**12
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    if kind and pixels > settings.EVIDENCE_MAX_MEGAPIXELS * 1_000_000:
        raise AttachmentRefused(
            _("“%(name)s”的画面超过 %(limit)s 百万像素；请缩小后再上传。")
            % {"name": name, "limit": settings.EVIDENCE_MAX_MEGAPIXELS}
        )
    return Looked(*kind) if kind else None


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                continue
        return True
    return False


def _zip_or_office(file: IO[bytes], name: str) -> Looked:
    with _opened(file, name) as archive:
        names = set(archive.namelist())
        kind = next((kind for part, kind in OFFICE.items() if part in names), None)
        if kind is None:
            return Looked(*ZIP)
        if any(part.endswith("vbaProject.bin") for part in names):
            raise AttachmentRefused(
                _("“%(name)s”带宏，不能收；请另存为不带宏的文件再上传。") % {"name": name}
            )
        _refuse_bomb(archive, name, settings.EVIDENCE_MAX_MEGABYTES * 4)
        return Looked(*kind)


def _opened(file: IO[bytes], name: str) -> zipfile.ZipFile:
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
        archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise AttachmentRefused(_("“%(name)s”打不开，可能没有传完；请重新上传。") % {"name": name}) from None
    return archive


def _refuse_bomb(archive: zipfile.ZipFile, name: str, limit: int) -> None:
    """By what the directory says; the bytes themselves are counted again while they are read."""
    whole = sum(member.file_size for member in archive.infolist())
    packed = sum(member.compress_size for member in archive.infolist())
    if whole > limit * MEGABYTE or (whole > 64 * MEGABYTE and whole > _MOST_RATIO * max(packed, 1)):
        raise AttachmentRefused(
            _("“%(name)s”解开后超过 %(limit)s MB，不能收；请分成几个再上传。")
            % {"name": name, "limit": limit}
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: the whole name inside it, and ``refusal``, the sentence where it cannot be taken."""

    name: str
    info: Any
    refusal: str = ""


def members(archive: zipfile.ZipFile, name: str) -> list[Member]:
    """The files of an archive in their order; folders and the system's own leftovers are no files.

    Raises ``AttachmentRefused`` for a locked archive, one with too many members and one that unpacks to too much.
    """
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if any(info.flag_bits & 0x1 for info in infos):
        raise AttachmentRefused(_("“%(name)s”有密码打不开；去掉密码再传。") % {"name": name})
    if len(infos) > settings.EVIDENCE_MAX_ZIP_MEMBERS:
        raise AttachmentRefused(
            _("“%(name)s”里有 %(count)s 个文件，一次最多 %(limit)s 个；请分成几个压缩包。")
            % {"name": name, "count": len(infos), "limit": settings.EVIDENCE_MAX_ZIP_MEMBERS}
        )
    _refuse_bomb(archive, name, settings.EVIDENCE_MAX_ZIP_MEGABYTES * 4)
    found = []
    for info in infos:
        inside = member_name(info)
        parts = inside.replace("\\", "/").split("/")
        if parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini"):
            continue
        refusal = ""
        if inside.startswith(("/", "\\")) or _DRIVE.match(inside) or ".." in parts:
            refusal = _("“%(name)s”指向压缩包以外的位置，不能收。") % {"name": inside[:200]}
        elif (info.external_attr >> 16) & 0o170000 == 0o120000:
            refusal = _("“%(name)s”是指向别处的链接，不能收。") % {"name": inside[:200]}
        found.append(Member(inside[:300], info, refusal))
    return found


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; archives made on Chinese Windows write it in GB18030 without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def unpacked(archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """The bytes of a member. Raises ``AttachmentRefused`` when they are more than a single file may have, or broken."""
    limit, seen = settings.EVIDENCE_MAX_MEGABYTES * MEGABYTE, 0
    try:
        with archive.open(member.info) as source:
            while chunk := source.read(MEGABYTE):
                seen += len(chunk)
                if seen > limit:
                    raise AttachmentRefused(
                        _("“%(name)s”解开后超过 %(limit)s MB，不能收；请分成几个再上传。")
                        % {"name": shown_name(member.name), "limit": settings.EVIDENCE_MAX_MEGABYTES}
                    )
                yield chunk
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError, RuntimeError):
        raise AttachmentRefused(
            _("“%(name)s”打不开，可能没有传完；请重新上传。") % {"name": shown_name(member.name)}
        ) from None


_TAGS = re.compile(rb"</(?:w:p|si|row)>|<[^>]{0,2000}>")
_MOST_READ: Final = 8 * MEGABYTE
_MOST_TEXT: Final = 200_000
_TEXT_PARTS: Final = {".docx": "word/document.xml", ".xlsx": "xl/sharedStrings.xml"}


def readable_text(file: IO[bytes], suffix: str) -> str:
    """The words of a txt, docx or xlsx for searching, at most 200,000 characters; empty for what has none that can be read.

    Nothing of the XML is interpreted: tags are cut out, so that an entity can neither expand nor point anywhere.
    """
    file.seek(0)
    try:
        if suffix == ".txt":
            raw = file.read(_MOST_READ)
        elif part := _TEXT_PARTS.get(suffix):
            with zipfile.ZipFile(file) as archive, archive.open(part) as source:
                raw = _TAGS.sub(b" ", source.read(_MOST_READ))
        else:
            return ""
    except (KeyError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return ""
    finally:
        file.seek(0)
    try:
        words = raw.decode("utf-8")
    except UnicodeDecodeError:
        words = raw.decode("gb18030", errors="ignore")
    plain = html.unescape(words) if suffix != ".txt" else words
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", plain).strip()[:_MOST_TEXT]
