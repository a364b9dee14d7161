"""Decides with the standard library alone, before any reader sees it, whether a file from outside may be read."""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from foodsafe_portal.lib.intake import biff, ole
from foodsafe_portal.lib.intake.model import DEFAULT_LIMITS, MIB, Limits, Verdict
from foodsafe_portal.lib.intake.plaintext import text_encoding

_SAVE_AS = "请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传"
_PICTURE = "这是图片，不是表格；请上传原来的工作簿（.xlsx、.xls 或 .csv）"
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "pdf", "这是 PDF 文件，不是表格；请上传原来的工作簿（.xlsx、.xls 或 .csv）"),
    (b"\x89PNG", "image", _PICTURE),
    (b"\xff\xd8\xff", "image", _PICTURE),
    (b"GIF8", "image", _PICTURE),
    (b"BM", "image", _PICTURE),
    (b"II*\x00", "image", _PICTURE),
    (b"MM\x00*", "image", _PICTURE),
    (b"RIFF", "image", "这是图片或音像文件，不是表格；请上传原来的工作簿（.xlsx、.xls 或 .csv）"),
    (b"Rar!", "archive", "这是 RAR 压缩包；请解压后把其中的工作簿逐个上传"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "这是 7z 压缩包；请解压后把其中的工作簿逐个上传"),
    (b"\x1f\x8b", "archive", "这是 gzip 压缩包；请解压后把其中的工作簿逐个上传"),
    (b"BZh", "archive", "这是 bzip2 压缩包；请解压后把其中的工作簿逐个上传"),
    (b"\xfd7zXZ", "archive", "这是 xz 压缩包；请解压后把其中的工作簿逐个上传"),
    (b"{\\rtf", "document", "这是 RTF 文档，不是表格；请把表格放进 Excel，存为 .xlsx 再上传"),
    (b"MZ", "program", "这是程序文件，不是表格，不能上传"),
    (b"\x7fELF", "program", "这是程序文件，不是表格，不能上传"),
    (b"SQLite format 3", "database", "这是数据库文件，不是表格；请导出为 .xlsx 或 .csv 再上传"),
    (b"\x09\x08\x08\x00\x00\x05", "xls", f"这是很旧的 Excel 5 文件，读不了；{_SAVE_AS}"),
    (b"\x09\x04\x06\x00", "xls", f"这是很旧的 Excel 4 文件，读不了；{_SAVE_AS}"),
    (b"\x09\x02\x06\x00", "xls", f"这是很旧的 Excel 3 文件，读不了；{_SAVE_AS}"),
)
_WEB_PAGE = re.compile(
    rb"(?i)^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<\?mso-application[^>]*>\s*)?"
    rb"(<!doctype|<html|<head|<meta|<body|<table|<div|<style|<workbook|<ss:workbook|<script)",
    re.DOTALL,
)
_ABSOLUTE = re.compile(r"^([/\\]|[A-Za-z]:)")
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_SUSPECT_MARKS = (b't="e"', b"<f", b"hidden")
_UNUSUAL_MARKS = (b":sheetData", b"t='", b" r='")
"""A sheet written with name-space prefixes or single quotes is looked at closely instead of searched for each spelling."""

_ROOT = re.compile(rb"<\x00?[A-Za-z_]")
_EPOCH_1904 = re.compile(rb"date1904\s*=\s*[\"'](?:1|true)[\"']")
_CHUNK = MIB
_OVERLAP = 64
_LONGEST_PROLOG = 64 * 1024
"""A part that has not begun its root element by here is no workbook part; a document type could hide behind it."""

_DTD = tuple(
    mark.encode(code) for mark in ("<!DOCTYPE", "<!ENTITY") for code in ("ascii", "utf-16-le", "utf-16-be")
)


class _Refuse(Exception):
    def __init__(self, code: str, sentence: str, kind: str = "xlsx") -> None:
        super().__init__(sentence)
        self.verdict = Verdict(False, kind, sentence, code)


def precheck(source: Path | str | BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Verdict:
    """Tell by its content what a file is and whether it may be read.

    ``source`` is a path or a seekable binary file, which is left at its beginning. Nothing is unpacked to disk; every
    compressed member is inflated in pieces and its real bytes are counted. Never raises for a bad file.
    """
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as handle:
            return precheck(handle, limits)
    try:
        return _look(source, limits)
    except _Refuse as refusal:
        return refusal.verdict
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, OSError):
        return Verdict(False, "xlsx", f"文件已损坏或不完整，打不开；{_SAVE_AS}", "damaged")
    finally:
        source.seek(0)


def _look(handle: BinaryIO, limits: Limits) -> Verdict:
    size = handle.seek(0, 2)
    handle.seek(0)
    if size == 0:
        raise _Refuse("empty", "文件是空的（0 字节）；请检查是否传错了文件", "empty")
    if size > limits.file_bytes:
        raise _Refuse(
            "too_large",
            f"文件有 {size / MIB:.1f} MB，超过 {limits.file_bytes // MIB} MB 的上限；"
            "请删去图片和多余的工作表，或按县（市、区）、乡镇分成几个文件上传",
            "large",
        )
    head = handle.read(4096)
    if head.startswith(b"PK\x03\x04"):
        return _look_at_zip(handle, size, limits)
    if head.startswith((b"PK\x05\x06", b"PK\x07\x08")):
        raise _Refuse("archive", "这是空的或分卷的压缩包，不是工作簿；请上传 .xlsx、.xls 或 .csv", "archive")
    if head.startswith(ole.MAGIC):
        handle.seek(0)
        return _look_at_ole(handle.read())
    for signature, kind, sentence in _SIGNATURES:
        if head.startswith(signature) and (len(signature) > 2 or b"\x00" in head[:64]):
            raise _Refuse(kind if kind != "xls" else "old_xls", sentence, kind)
    handle.seek(0)
    return _look_at_text(handle.read())


# --- xlsx ---------------------------------------------------------------------------------------------------------


def _look_at_zip(handle: BinaryIO, size: int, limits: Limits) -> Verdict:
    with zipfile.ZipFile(handle) as archive:
        members = archive.infolist()
    _check_names(members, limits)
    names = {member.filename for member in members}
    kind = _kind_of_zip(names)
    if any(member.flag_bits & 0x1 for member in members):
        raise _Refuse("encrypted", "这个文件加了密码；请在 Excel 中取消密码后另存为 .xlsx 再上传", kind)
    if kind != "xlsx":
        _refuse_other_zip(kind)
    if any(name.lower().endswith("vbaproject.bin") for name in names) or any(
        "/macrosheets/" in name.lower() for name in names
    ):
        raise _Refuse(
            "macros", "这个工作簿带有宏；请在 Excel 中另存为“Excel 工作簿（.xlsx）”去掉宏再上传", "xlsm"
        )
    if any(name.lower().startswith("xl/externallinks/") for name in names):
        raise _Refuse(
            "external_links",
            "这个工作簿引用了别的文件（外部链接）；请在 Excel 的“数据 → 编辑链接”中断开链接，保存后再上传",
        )
    if "xl/connections.xml" in names:
        raise _Refuse(
            "external_links",
            "这个工作簿连着外部数据源；请在 Excel 的“数据 → 查询和连接”中删除连接，保存后再上传",
        )
    _check_overlaps(handle, members, size)
    suspects, epoch_1904 = _inflate_all(handle, members, limits)
    return Verdict(True, "xlsx", suspects=frozenset(suspects), epoch_1904=epoch_1904)


def _check_names(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > limits.members:
        raise _Refuse(
            "too_many_members",
            f"文件里有 {len(members)} 个部件，太多了；请删去图片和附件，另存为 .xlsx 再上传",
        )
    for member in members:
        name = member.orig_filename
        if _ABSOLUTE.match(name) or "\x00" in name or ".." in re.split(r"[/\\]", name):
            raise _Refuse("traversal", f"文件内部含有越界的路径，不是 Excel 正常保存的工作簿；{_SAVE_AS}")
    plain = (member.filename.replace("\\", "/").lower() for member in members)
    doubled = [name for name, count in Counter(plain).items() if count > 1]
    if doubled:
        raise _Refuse(
            "duplicate_members", f"文件内部有重名的部件（{doubled[0][:60]}），内容不确定；{_SAVE_AS}"
        )


def _kind_of_zip(names: set[str]) -> str:
    lower = {name.lower() for name in names}
    if "xl/workbook.bin" in lower:
        return "xlsb"
    if "xl/workbook.xml" in lower and "[content_types].xml" in lower:
        return "xlsx"
    if any(name.startswith("word/") for name in lower):
        return "docx"
    if any(name.startswith("ppt/") for name in lower):
        return "pptx"
    if "mimetype" in lower and "content.xml" in lower:
        return "ods"
    if any(name.startswith("index/") and name.endswith(".iwa") for name in lower):
        return "numbers"
    if any(name.startswith("xl/") for name in lower):
        return "broken"
    return "archive"


def _refuse_other_zip(kind: str) -> None:
    sentences = {
        "xlsb": f"这是二进制工作簿（.xlsb）；{_SAVE_AS}",
        "docx": "这是 Word 文档，不是表格；请把表格粘贴到 Excel，存为 .xlsx 再上传",
        "pptx": "这是演示文稿，不是表格；请上传 .xlsx、.xls 或 .csv",
        "ods": f"这是 OpenDocument 表格（.ods）；{_SAVE_AS}",
        "numbers": "这是 Numbers 表格；请在 Numbers 中导出为 Excel（.xlsx）再上传",
        "broken": f"工作簿缺少必要的部件，可能已损坏；{_SAVE_AS}",
        "archive": "这是压缩包，不是工作簿；请解压后把其中的工作簿逐个上传",
    }
    raise _Refuse("damaged" if kind == "broken" else kind, sentences[kind], kind)


def _data_offset(handle: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Where a member's compressed bytes begin; the name written there must be the one of the directory."""
    handle.seek(member.header_offset)
    header = handle.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    flags, method = struct.unpack_from("<HH", header, 6)
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    name = handle.read(name_length).decode("utf-8" if flags & 0x800 else "cp437", "replace")
    if name != member.orig_filename or method != member.compress_type:
        raise _Refuse("duplicate_members", f"文件内部的目录与内容对不上，内容不确定；{_SAVE_AS}")
    return member.header_offset + 30 + name_length + extra_length


def _check_overlaps(handle: BinaryIO, members: list[zipfile.ZipInfo], size: int) -> None:
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise _Refuse("zip_bomb", f"文件内部的部件互相重叠，是恶意构造的压缩包；{_SAVE_AS}")
        end = _data_offset(handle, member) + member.compress_size
        if end > size:
            raise zipfile.BadZipFile


def _inflate_all(handle: BinaryIO, members: list[zipfile.ZipInfo], limits: Limits) -> tuple[set[str], bool]:
    suspects: set[str] = set()
    epoch_1904 = False
    total = 0
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Refuse("compression", f"文件用了不常见的压缩方法；{_SAVE_AS}")
        is_xml = member.filename.lower().endswith((".xml", ".rels", ".vml"))
        is_sheet = is_xml and "/worksheets/" in member.filename.lower()
        is_relations = member.filename.lower().endswith(".rels")
        real, tail, relations = 0, b"", b""
        suspect, in_prolog = False, True
        handle.seek(_data_offset(handle, member))
        for piece in _inflate(handle, member):
            real += len(piece)
            total += len(piece)
            if total > limits.unpacked_bytes:
                raise _Refuse(
                    "zip_bomb",
                    f"文件解压后超过 {limits.unpacked_bytes // MIB} MB 的上限；请删去多余的行列、格式和图片后另存为 .xlsx 再上传",
                )
            if real > 8 * MIB and real > limits.ratio * max(member.compress_size, 1):
                raise _Refuse(
                    "zip_bomb",
                    f"文件的压缩比异常（{real // max(member.compress_size, 1)} 倍），疑为压缩炸弹；{_SAVE_AS}",
                )
            if is_sheet and not suspect:
                suspect = _is_suspect(piece) or _is_suspect(tail + piece[:_OVERLAP])
            if member.filename == "xl/workbook.xml" and _EPOCH_1904.search(tail + piece):
                epoch_1904 = True
            if is_xml and in_prolog:
                _refuse_dtd(tail + piece)
                in_prolog = _ROOT.search(piece) is None
                if in_prolog and real > _LONGEST_PROLOG:
                    raise _Refuse("not_xml", f"文件内部有不正常的部件（{member.filename[-60:]}）；{_SAVE_AS}")
            tail = piece[-_OVERLAP:]
            if is_relations and real < 4 * MIB:
                relations += piece
        if suspect:
            suspects.add(member.filename)
        if real != member.file_size:
            raise zipfile.BadZipFile
        _refuse_external(relations)
    return suspects, epoch_1904


def _inflate(handle: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        while left > 0:
            piece = handle.read(min(left, _CHUNK))
            if not piece:
                raise zipfile.BadZipFile
            left -= len(piece)
            yield piece
        return
    inflater = zlib.decompressobj(-15)
    pending = b""
    while not inflater.eof:
        if not pending:
            pending = handle.read(min(left, _CHUNK))
            left -= len(pending)
            if not pending:
                raise zipfile.BadZipFile
        piece = inflater.decompress(pending, _CHUNK)
        pending = inflater.unconsumed_tail
        if piece:
            yield piece


def _is_suspect(window: bytes) -> bool:
    return any(mark in window for mark in _SUSPECT_MARKS) or any(
        mark in window[:8192] for mark in _UNUSUAL_MARKS
    )


def _refuse_dtd(window: bytes) -> None:
    if any(mark in window for mark in _DTD):
        raise _Refuse("dtd", f"文件内部声明了 DTD 或实体，不是 Excel 正常保存的工作簿；{_SAVE_AS}")


def _refuse_external(relations: bytes) -> None:
    for match in _RELATIONSHIP.finditer(relations):
        tag = match.group()
        if re.search(rb"TargetMode\s*=\s*[\"']External", tag) and not re.search(
            rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", tag
        ):
            raise _Refuse(
                "external_links",
                "这个工作簿引用了别的文件（外部链接）；请在 Excel 的“数据 → 编辑链接”中断开链接，保存后再上传",
            )


# --- xls ----------------------------------------------------------------------------------------------------------


def _look_at_ole(data: bytes) -> Verdict:
    try:
        compound = ole.open_ole(data)
        streams = compound.streams
        if "encryptedpackage" in streams:
            raise _Refuse(
                "encrypted", "这是加了密码的工作簿；请在 Excel 中取消密码后另存为 .xlsx 再上传", "encrypted"
            )
        if "worddocument" in streams:
            raise _Refuse("docx", "这是 Word 文档，不是表格；请把表格粘贴到 Excel，存为 .xlsx 再上传", "doc")
        if "powerpoint document" in streams:
            raise _Refuse("pptx", "这是演示文稿，不是表格；请上传 .xlsx、.xls 或 .csv", "ppt")
        name = "workbook" if "workbook" in streams else "book" if "book" in streams else ""
        if not name:
            raise _Refuse("unknown", f"认不出这个文件的格式；{_SAVE_AS}", "unknown")
        if "_vba_project_cur" in compound.storages or "vba" in compound.storages:
            raise _Refuse(
                "macros", "这个工作簿带有宏；请在 Excel 中另存为“Excel 工作簿（.xlsx）”去掉宏再上传", "xls"
            )
        marks, offsets = biff.look_at_globals(compound.read(name))
    except ole.DamagedOle:
        return Verdict(False, "xls", f"文件已损坏或不完整，打不开；{_SAVE_AS}", "damaged")
    if marks.encrypted:
        raise _Refuse(
            "encrypted", "这是加了密码的工作簿；请在 Excel 中取消密码后另存为 .xlsx 再上传", "encrypted"
        )
    if marks.old:
        raise _Refuse("old_xls", f"这是很旧的 Excel 5.0/95 工作簿，读不了；{_SAVE_AS}", "xls")
    if not offsets:
        return Verdict(False, "xls", f"工作簿里没有工作表，可能已损坏；{_SAVE_AS}", "damaged")
    return Verdict(True, "xls")


# --- text ---------------------------------------------------------------------------------------------------------


def _look_at_text(data: bytes) -> Verdict:
    body = data[:65536]
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if body.startswith(mark):
            body = body[len(mark) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        body = body.replace(b"\x00", b"")
    if _WEB_PAGE.match(body) or body[:64].lstrip().lower().startswith((b"mime-version:", b"message-id:")):
        raise _Refuse("html", "这其实是网页（常见于系统导出的“假 xls”），不是工作簿；" + _SAVE_AS, "html")
    encoding = text_encoding(data)
    if encoding is None:
        if body.count(b"\x00") > len(body) // 50:
            raise _Refuse("unknown", "认不出这个文件的格式；请上传 .xlsx、.xls 或 .csv", "unknown")
        raise _Refuse(
            "encoding",
            "文本的编码认不出来（不是 UTF-8、GB18030，也不是带标记的 UTF-16）；请在 Excel 中另存为 .xlsx 再上传",
            "csv",
        )
    return Verdict(True, "csv")
