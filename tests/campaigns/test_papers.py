"""The bulletin of a frozen week as DOCX: measured against GB/T 9704-2012, its numbers bound to the week."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.urls import reverse
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from campaigns.rules.papers import lines_of
from campaigns.services.paper_files import filled, own_template
from campaigns.services.weeks import close_week
from foodsafe_portal.lib.weeks import Week
from tests.factories import make_campaign, make_problem, make_unit

VALUES = {
    "number": "", "title": "关于<创建>情况的通报", "addressee": "各单位", "lines": lines_of("一、总体\n（一）县区\n完成 3 项。"),
    "signatory": "创建办", "issued_on": "2026年11月30日", "binding": "校验码 abc",
}  # fmt: skip


def test_the_page_keeps_the_measures_of_the_standard():
    section = Document(io.BytesIO(own_template())).sections[0]
    near = Mm(0.1)
    measured = {
        section.page_width: 210, section.page_height: 297, section.top_margin: 37, section.left_margin: 28,
        section.page_width - section.left_margin - section.right_margin: 156,
        section.page_height - section.top_margin - section.bottom_margin: 225,
    }  # fmt: skip
    assert {want: abs(found - Mm(want)) < near for found, want in measured.items()} == dict.fromkeys(
        (210, 297, 37, 28, 156, 225), True
    )
    grid = section._sectPr.find(qn("w:docGrid"))
    pitch, space = int(grid.get(qn("w:linePitch"))) / 20, int(grid.get(qn("w:charSpace"))) / 4096
    lines, characters = 225 / 25.4 * 72 / pitch, 156 / 25.4 * 72 / (16 + space)
    assert (grid.get(qn("w:type")), round(lines, 1), round(characters, 1)) == ("linesAndChars", 22.0, 28.0)


def test_fonts_sizes_and_page_numbers_are_those_of_the_standard_and_no_macro_is_inside():
    content = filled(own_template(), VALUES)
    document = Document(io.BytesIO(content))
    fonts = [
        (line.text, line.runs[0]._r.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")), line.runs[0].font.size.pt)
        for line in document.paragraphs
        if line.text
    ]
    assert fonts == [
        ("关于<创建>情况的通报", "方正小标宋简体", 22), ("各单位：", "仿宋_GB2312", 16), ("一、总体", "黑体", 16),
        ("（一）县区", "楷体_GB2312", 16), ("完成 3 项。", "仿宋_GB2312", 16), ("创建办", "仿宋_GB2312", 16),
        ("2026年11月30日", "仿宋_GB2312", 16),
    ]  # fmt: skip
    section = document.sections[0]
    feet = [
        (foot.paragraphs[0].alignment.name, foot.paragraphs[0].text.split())
        for foot in (section.footer, section.even_page_footer)
    ]
    assert feet == [("RIGHT", ["—", "—"]), ("LEFT", ["—", "—"])]
    assert "PAGE" in section.footer.paragraphs[0]._p.xml
    assert not [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if "vba" in name.lower()]


@pytest.mark.django_db
def test_the_bulletin_tells_the_frozen_week_and_names_its_digest(login):
    campaign = make_campaign()
    unit = make_unit("市教育局", region="9901", is_member=True)
    make_problem(unit=unit, severity="serious", description="后厨无证", place="一小食堂")
    report = close_week(campaign=campaign, week=Week.parse("2026-W46"))
    answer = login(role="campaign_office", region="9901").get(reverse("report-bulletin", args=[report.pk]))
    document = Document(io.BytesIO(b"".join(answer.streaming_content)))
    text = "\n".join(line.text for line in document.paragraphs)
    row = report.figures.get(measure="problems_week", level="city", grade="")
    assert f"本周到期问题：应完成{row.expected}个，已完成{row.done}个" in text
    assert "一小食堂：后厨无证" in text and "市教育局" in text
    assert report.digest[:16] in document.sections[0].footer.paragraphs[1].text
