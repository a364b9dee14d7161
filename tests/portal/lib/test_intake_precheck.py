"""What the pre-check says of hostile, foreign and damaged files, before any reader sees them."""

from __future__ import annotations

import io
import os
import struct
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.intake.model import MIB, Limits
from foodsafe_portal.lib.intake.precheck import precheck
from tests.portal.lib import odd_files as odd


def look(content: bytes, **limits: int) -> tuple[bool, str, str]:
    verdict = precheck(io.BytesIO(content), Limits(**limits))
    return verdict.ok, verdict.code, verdict.sentence


def member(name: str, content: bytes | str) -> bytes:
    return odd.zipped({**odd.xlsx_parts({"台账": odd.rows_xml([["企业名称"]])}), name: content})


def with_names(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
    return buffer.getvalue()


def doubled() -> bytes:
    parts = odd.xlsx_parts({"台账": odd.rows_xml([["企业名称"]])})
    buffer = io.BytesIO(odd.zipped(parts))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("XL/Worksheets/Sheet1.xml", parts["xl/worksheets/sheet1.xml"])
    return buffer.getvalue()


def two_truths() -> bytes:
    """The local header names another member than the directory does."""
    return odd.xlsx().replace(b"xl/styles.xml", b"xl/stylez.xml", 1)


def lying_size() -> bytes:
    """A member that declares 10 bytes and inflates to 40 MB."""
    content = bytearray(member("xl/media/image1.xml", b"<x>" + b" " * (40 * MIB)))
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/media/image1.xml"))
    struct.pack_into("<I", content, at + 24, 10)
    return bytes(content)


def overlapping() -> bytes:
    """Two directory entries that share the same compressed bytes."""
    content = odd.xlsx()
    entries = [at for at in range(len(content)) if content.startswith(b"PK\x01\x02", at)]
    broken = bytearray(content)
    broken[entries[1] + 42 : entries[1] + 46] = broken[entries[0] + 42 : entries[0] + 46]
    return bytes(broken)


def encrypted_member() -> bytes:
    content = bytearray(odd.xlsx())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


EXTERNAL = (
    f'<Relationships xmlns="{odd.PACKAGE}/relationships"><Relationship Id="r1" Type="{odd.OFFICE}/%s" '
    'Target="http://example.org/x" TargetMode="External"/></Relationships>'
)

REFUSED = {
    "an empty file": (b"", "empty", "文件是空的"),
    "a pdf": (b"%PDF-1.7 ...", "pdf", "PDF"),
    "a photograph": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image", "图片"),
    "a screenshot": (b"\x89PNG\r\n\x1a\n", "image", "图片"),
    "a bitmap": (b"BM\x00\x00\x00\x00", "image", "图片"),
    "a rar archive": (b"Rar!\x1a\x07", "archive", "解压后"),
    "a zip archive of workbooks": (with_names("a.xlsx", "b.xlsx"), "archive", "解压后"),
    "an empty zip": (b"PK\x05\x06" + b"\x00" * 18, "archive", "压缩包"),
    "a program": (b"MZ\x90\x00\x03\x00", "program", "程序"),
    "a word document": (with_names("word/document.xml", "[Content_Types].xml"), "docx", "Word"),
    "a presentation": (with_names("ppt/presentation.xml"), "pptx", "演示文稿"),
    "an OpenDocument sheet": (with_names("mimetype", "content.xml"), "ods", ".ods"),
    "a binary workbook": (with_names("xl/workbook.bin"), "xlsb", ".xlsb"),
    "a numbers document": (with_names("Index/Document.iwa"), "numbers", "Numbers"),
    "an old word document": (odd.ole({"WordDocument": b"x"}), "docx", "Word"),
    "an encrypted workbook": (
        odd.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}),
        "encrypted",
        "取消密码",
    ),
    "an encrypted xls": (odd.xls({(0, 0): "x"}, encrypted=True), "encrypted", "取消密码"),
    "an encrypted zip": (encrypted_member(), "encrypted", "密码"),
    "an Excel 95 workbook": (odd.xls({(0, 0): "x"}, version=0x0500), "old_xls", "另存为 .xlsx"),
    "an xls with macros": (odd.xls({(0, 0): "x"}, storages=["_VBA_PROJECT_CUR"]), "macros", "宏"),
    "a compound file of unknown kind": (odd.ole({"Other": b"x"}), "unknown", "认不出"),
    "a cut-off compound file": (odd.xls({(0, 0): "x"})[:700], "damaged", "损坏"),
    "a workbook with macros": (member("xl/vbaProject.bin", b"x"), "macros", "宏"),
    "a workbook with old macro sheets": (member("xl/macrosheets/sheet1.xml", "<x/>"), "macros", "宏"),
    "a workbook with external links": (
        member("xl/externalLinks/externalLink1.xml", "<x/>"),
        "external_links",
        "断开链接",
    ),
    "a workbook with a data connection": (member("xl/connections.xml", "<x/>"), "external_links", "删除连接"),
    "an external relation": (
        member("xl/worksheets/_rels/sheet1.xml.rels", EXTERNAL % "oleObject"),
        "external_links",
        "外部链接",
    ),
    "a member that climbs out": (member("../../etc/passwd", "x"), "traversal", "越界"),
    "a member with backslashes that climbs out": (member("xl\\..\\..\\x", "x"), "traversal", "越界"),
    "an absolute member": (member("/etc/passwd", "x"), "traversal", "越界"),
    "a member on a drive": (member("C:\\x.exe", "x"), "traversal", "越界"),
    "two members of one name": (doubled(), "duplicate_members", "重名"),
    "a directory that contradicts its members": (two_truths(), "duplicate_members", "对不上"),
    "overlapping members": (overlapping(), "zip_bomb", "重叠"),
    "a document type": (member("docProps/app.xml", '<?xml version="1.0"?><!DOCTYPE a><a/>'), "dtd", "DTD"),
    "an entity bomb in a sheet": (
        member("xl/worksheets/sheet2.xml", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
        "dtd",
        "实体",
    ),
    "a document type behind a long comment": (
        member("docProps/app.xml", "<!--" + "x" * (3 * MIB) + "--><!DOCTYPE a><a/>"),
        "not_xml",
        "不正常",
    ),
    "a document type in UTF-16": (
        member("docProps/app.xml", "<!DOCTYPE a><a/>".encode("utf-16")),
        "dtd",
        "DTD",
    ),
    "a workbook cut off in the middle": (odd.xlsx()[:900], "damaged", "损坏"),
    "a workbook without its directory": (odd.xlsx()[: odd.xlsx().find(b"PK\x01\x02")], "damaged", "损坏"),
    "a workbook part gone": (with_names("xl/styles.xml", "[Content_Types].xml"), "damaged", "缺少"),
    "a bomb by ratio": (member("xl/media/a.xml", b"<x>" + b" " * (30 * MIB)), "zip_bomb", "压缩比"),
    "a bomb that lies about its size": (lying_size(), "zip_bomb", "压缩比"),
    "a web page called xls": (
        b"<html><body><table><tr><td>1</td></tr></table></body></html>",
        "html",
        "网页",
    ),
    "a web page with blanks in front": ("\ufeff\r\n  <!DOCTYPE html><html></html>".encode(), "html", "网页"),
    "an XML spreadsheet of 2003": (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook></Workbook>',
        "html",
        "网页",
    ),
    "a web archive": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "html", "网页"),
    "bytes of no known kind": (bytes([0, 1, 2, 3, 200, 255, 0, 9]) * 20, "unknown", "认不出"),
    "text that is neither UTF-8 nor GB18030": (b"\xff\xffabc\xff,\n" * 10, "encoding", "编码"),
}


@pytest.mark.parametrize(("content", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(content: bytes, code: str, words: str) -> None:
    ok, found, sentence = look(content)
    assert (ok, found) == (False, code)
    assert words in sentence


ACCEPTED = {
    "a plain workbook": (odd.xlsx(), "xlsx"),
    "a workbook with a hyperlink": (
        member("xl/worksheets/_rels/sheet1.xml.rels", EXTERNAL % "hyperlink"),
        "xlsx",
    ),
    "an xls workbook": (odd.xls({(0, 0): "企业名称"}), "xls"),
    "utf-8 text": ("企业名称,地址\n甲,乙\n".encode(), "csv"),
    "gb18030 text": ("企业名称,地址\n𠮷,乙\n".encode("gb18030"), "csv"),
    "utf-16 text": ("企业名称\t地址\n".encode("utf-16"), "csv"),
    "text that begins like a bitmap or program": (b"BMI,MZ\n1,2\n", "csv"),
}


@pytest.mark.parametrize(("content", "kind"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_file_is_known_by_its_content(content: bytes, kind: str) -> None:
    verdict = precheck(io.BytesIO(content))
    assert (verdict.ok, verdict.kind, verdict.sentence) == (True, kind, "")


def test_the_limits_name_the_size_and_what_to_do() -> None:
    ok, code, sentence = look(b"a,b\n" * MIB, file_bytes=2 * MIB)
    assert (ok, code) == (False, "too_large")
    assert "4.0 MB" in sentence
    assert "2 MB" in sentence
    assert "分成几个文件" in sentence


def test_unpacked_bytes_are_counted_over_all_members() -> None:
    noise = os.urandom(MIB)
    parts = {
        **odd.xlsx_parts({"台账": odd.rows_xml([["企业名称"]])}),
        **{f"xl/media/{n}.png": noise for n in range(3)},
    }
    assert look(odd.zipped(parts), unpacked_bytes=4 * MIB)[0]
    assert look(odd.zipped(parts), unpacked_bytes=2 * MIB)[1] == "zip_bomb"


def test_too_many_members_are_refused() -> None:
    parts = {
        **odd.xlsx_parts({"台账": odd.rows_xml([["企业名称"]])}),
        **{f"xl/media/{n}.png": b"" for n in range(60)},
    }
    assert look(odd.zipped(parts), members=50)[1] == "too_many_members"


def test_a_bomb_costs_less_than_a_second() -> None:
    content = member("xl/worksheets/sheet9.xml", b"<x>" + b" " * (200 * MIB))
    start = time.process_time()
    assert look(content)[:2] == (False, "zip_bomb")
    assert time.process_time() - start < 1


def test_sheets_that_hold_faults_or_hidden_rows_are_named_for_a_closer_look() -> None:
    parts = odd.xlsx_parts(
        {
            "a": odd.rows_xml([["x"]]),
            "b": '<sheetData><row r="1"><c r="A1" t="e"><v>#N/A</v></c></row></sheetData>',
            "c": '<sheetData><row r="1"><c r="A1"><f>1</f></c></row></sheetData>',
            "d": '<sheetData><row r="1" hidden="1"/></sheetData>',
        }
    )
    verdict = precheck(io.BytesIO(odd.zipped(parts)))
    assert verdict.suspects == {f"xl/worksheets/sheet{number}.xml" for number in (2, 3, 4)}


def test_a_mark_that_straddles_two_pieces_is_still_seen() -> None:
    inner = '<sheetData><row r="1">%s<c r="B1" t="e"><v>#N/A</v></c></row></sheetData>'
    for filler in range(2 * MIB - 200, 2 * MIB - 90, 5):
        verdict = precheck(io.BytesIO(odd.xlsx(inner % odd.cell("A1", os.urandom(filler // 2).hex()))))
        assert verdict.suspects


def test_a_path_is_as_good_as_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(odd.xlsx())
    assert precheck(path) == precheck(str(path)) == precheck(io.BytesIO(odd.xlsx()))


GOOD = (
    odd.xlsx(),
    odd.xls({(0, 0): "企业名称"}),
    odd.ole({"EncryptedPackage": b"x"}),
    "企业名称,地址".encode("gb18030"),
)


@given(
    content=st.sampled_from(GOOD),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    kept=st.integers(1, 10_000),
)
def test_no_bytes_whatever_make_the_precheck_fail(
    content: bytes, changes: list[tuple[int, int]], kept: int
) -> None:
    broken = bytearray(content[:kept] if kept < len(content) // 2 else content)
    for place, byte in changes:
        broken[place % len(broken)] = byte
    verdict = precheck(io.BytesIO(bytes(broken)))
    assert verdict.ok or (verdict.code and verdict.sentence)
