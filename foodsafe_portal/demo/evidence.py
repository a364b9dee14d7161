"""Proof of the demonstration city: what its clauses ask to see, and small generated files that answer most of it."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from typing import Final

from django.core.files.base import ContentFile
from PIL import Image

from campaigns.choices import EvidenceKind, Secrecy
from campaigns.models import Campaign, Clause, EvidencePiece, EvidenceRequest
from campaigns.services.evidence import (
    AskedFor,
    Content,
    Source,
    Term,
    ask_for_evidence,
    digest_of,
    link_piece,
    review_version,
    submit_piece,
)
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.when import Calendar
from foodsafe_portal.lib.attachments import look_at

K: Final = EvidenceKind
# What a clause asks to see, by its scoring method (demonstration, not official).
ASKED: Final[dict[str, tuple[tuple[str, str, int], ...]]] = {
    "all_or_nothing": ((K.DOCUMENT, "印发文件", 1), (K.REPORT, "落实情况报告", 1)),
    "judgement": ((K.DOCUMENT, "制度文件", 2), (K.LEDGER, "工作台账", 1)),
    "per_shortfall": ((K.DOCUMENT, "会议纪要或活动通知", 3), (K.PICTURE, "现场照片", 1)),
    "per_occurrence": ((K.LEDGER, "排查整改台账", 1), (K.PICTURE, "整改前后照片", 2)),
    "threshold": ((K.REPORT, "统计或测评报告", 1), (K.LEDGER, "明细台账", 1)),
    "tiered": ((K.REPORT, "统计或测评报告", 1),),
    "proportional": ((K.LEDGER, "明细台账", 1), (K.DOCUMENT, "工作方案", 1)),
    "sites": ((K.PICTURE, "点位照片", 3), (K.LEDGER, "点位台账", 1)),
    "bonus": ((K.DOCUMENT, "获奖或推广文件", 1),),
}
# How the pieces stand, in turn: most hold; some wait, are too old, returned, or were never sent.
TURNS: Final = (
    "ok",
    "ok",
    "ok",
    "wait",
    "ok",
    "ends",
    "ok",
    "old",
    "ok",
    "missing",
    "ok",
    "returned",
    "ok",
    "missing",
)


def load_evidence(campaign: Campaign, people: People, calendar: Calendar) -> None:
    """Say what the edition's clauses ask to see and send, accept and return small files for them."""
    clauses = Clause.objects.filter(rulebook=campaign.rulebook, children__isnull=True).exclude(kind="veto")
    turn = 0
    for clause in clauses.select_related("lead_unit").order_by("order"):
        asked = [AskedFor(kind, title, count) for kind, title, count in ASKED.get(clause.method, ())]
        for request in ask_for_evidence(clause=clause, asked=asked, by=people["campaign_office"]):
            for number in range(1, request.count + 1):
                _load_piece(campaign, people, calendar, clause, request, number, TURNS[turn % len(TURNS)])
                turn += 1


def _load_piece(
    campaign: Campaign, people: People, calendar: Calendar, clause: Clause, request: EvidenceRequest, number: int, how: str
) -> None:  # fmt: skip
    if how == "missing":
        return
    last = calendar.weeks[-1].sunday
    sender, office = people["unit_liaison"], people["campaign_office"]
    title = f"{clause.no} {request.title}" + (f" {number}" if request.count > 1 else "")
    until = {
        "old": last - timedelta(days=20),
        "ends": campaign.review_on - timedelta(days=30),
    }.get(how, date(last.year + 1, 12, 31))
    secrecy = Secrecy.HIDDEN if clause.no == "4.2" and number == 1 else Secrecy.OPEN
    piece = submit_piece(
        campaign=campaign,
        title=title,
        kind=request.kind,
        content=_content(request.kind, title, f"{clause.no} {request.title} {number}"),
        term=Term(date(last.year, 1, 1), last, until),
        secrecy=secrecy,
        source=Source(clause.lead_unit, campaign.region_id),
        by=sender,
    )
    link_piece(piece=piece, clause=clause, request=request, by=sender)
    _decide(piece, how, office)


def _decide(piece: EvidencePiece, how: str, office: object) -> None:
    assert piece.newest is not None
    if how == "returned":
        review_version(
            version=piece.newest, accept=False, reason="没有加盖公章，请补盖后重新扫描(演示)", by=office
        )
    elif how != "wait":
        review_version(version=piece.newest, accept=True, by=office)


def _content(kind: str, title: str, mark: str) -> Content:
    """A small file whose bytes depend on nothing but its title and mark."""
    if kind == K.PICTURE:
        suffix, data = ".png", _picture(mark)
    elif kind == K.LEDGER:
        suffix, data = ".txt", f"{title}\n演示数据，非真实台账\n{mark}\n".encode()
    elif kind == K.REPORT:
        suffix, data = ".pdf", _pdf(mark)
    else:
        suffix, data = ".docx", _docx(f"{title}（演示数据，非真实文件）{mark}")
    file = ContentFile(data, name=f"{title}{suffix}")
    return Content(file, file.name or "", look_at(file, file.name or "", len(data)), digest_of(file))


def _picture(mark: str) -> bytes:
    colours = dice(0, mark)
    red, green, blue = (colours.randint(40, 215) for _channel in range(3))
    image = Image.new("RGB", (96, 64), (red, green, blue))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _pdf(mark: str) -> bytes:
    """One empty page of A4 with the mark in its title."""
    title = b"<feff" + mark.encode("utf-16-be").hex().encode() + b">"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        b"<< /Title " + title + b" >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 5\n0000000000 65535 f \n" + table + b"trailer\n<< /Size 5 /Root 1 0 R /Info 4 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % len(out)
    )


_TYPES: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELS: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="word/document.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_BODY: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"
)


def _docx(words: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELS),
            ("word/document.xml", _BODY % words),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()
