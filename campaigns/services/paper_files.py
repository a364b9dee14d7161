"""Papers as DOCX after GB/T 9704-2012: the page, the portal's own template, and filling in a template.

Measures of the standard: A4, top 37 mm, binding edge 28 mm, text area 156 × 225 mm, 22 lines of 28 characters, title 2 号小标宋,
text 3 号仿宋, page number 4 号 between dashes on the outer side. The fonts are named in the file; offices have them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docxtpl import DocxTemplate
from jinja2.sandbox import SandboxedEnvironment

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LINE_PITCH: Final = round(225 / 22 / 25.4 * 1440)
"""Twips from line to line, so that 22 lines fill 225 mm."""
CHAR_SPACE: Final = round((156 / 28 / 25.4 * 72 - 16) * 4096)
"""What 28 characters of 16 pt give up each to fill 156 mm, in 4096ths of a point."""
SONG, FANG, HEI, KAI = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"


def own_template() -> bytes:
    """The portal's own template; its fields are those of ``filled``."""
    document = Document()
    _page(document)
    _line(document, "{{ number }}", FANG, 16, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, "{{ title }}", SONG, 22, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, "", FANG, 16)
    _line(document, "{%p if addressee %}", FANG, 16)
    _line(document, "{{ addressee }}：", FANG, 16)
    _line(document, "{%p endif %}", FANG, 16)
    _line(document, "{%p for line in lines %}", FANG, 16)
    for condition, font in (("if line.level == 1", HEI), ("elif line.level == 2", KAI), ("else", FANG)):
        _line(document, f"{{%p {condition} %}}", FANG, 16)
        _line(document, "{{ line.text }}", font, 16, indent=True)
    _line(document, "{%p endif %}", FANG, 16)
    _line(document, "{%p endfor %}", FANG, 16)
    _line(document, "", FANG, 16)
    _line(document, "{{ signatory }}", FANG, 16, align=WD_ALIGN_PARAGRAPH.RIGHT, from_right=400)
    _line(document, "{{ issued_on }}", FANG, 16, align=WD_ALIGN_PARAGRAPH.RIGHT, from_right=400)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def filled(template: bytes, values: Mapping[str, Any]) -> bytes:
    """The paper: number, title, addressee, lines (``rules.papers.Line``), signatory, issued_on and binding put into a template."""
    paper = DocxTemplate(io.BytesIO(template))
    paper.render(dict(values), jinja_env=SandboxedEnvironment(autoescape=True), autoescape=True)
    target = io.BytesIO()
    paper.save(target)
    return target.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.left_margin = Mm(37), Mm(28)
    section.right_margin, section.bottom_margin = Mm(210 - 28 - 156), Mm(297 - 37 - 225)
    section.footer_distance = Mm(35 - 7 - 7)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    for name, value in (("type", "linesAndChars"), ("linePitch", LINE_PITCH), ("charSpace", CHAR_SPACE)):
        grid.set(qn(f"w:{name}"), str(value))
    document.settings.odd_and_even_pages_header_footer = True
    _font(document.styles["Normal"].font, document.styles["Normal"].element.get_or_add_rPr(), FANG, 16)
    for footer, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        _page_number(footer.paragraphs[0], align)
        binding = footer.add_paragraph()
        run = binding.add_run("{{ binding }}")
        _font(run.font, run._r.get_or_add_rPr(), "宋体", 9)


def _page_number(paragraph: Any, align: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 —, one character in from the outer edge."""
    paragraph.alignment = align
    _indent(paragraph, "rightChars" if align == WD_ALIGN_PARAGRAPH.RIGHT else "leftChars", 100)
    for kind, text in (("", "— "), ("begin", ""), ("code", "PAGE"), ("end", ""), ("", " —")):
        run = paragraph.add_run(text if not kind else "")
        _font(run.font, run._r.get_or_add_rPr(), "宋体", 14)
        if kind == "code":
            code = OxmlElement("w:instrText")
            code.text = text
            run._r.append(code)
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _line(
    document: Any,
    text: str,
    font: str,
    size: int,
    *,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: bool = False,
    from_right: int = 0,
) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule = WD_LINE_SPACING.SINGLE
    if indent:
        _indent(paragraph, "firstLineChars", 200)
    if from_right:
        _indent(paragraph, "rightChars", from_right)
    run = paragraph.add_run(text)
    _font(run.font, run._r.get_or_add_rPr(), font, size)


def _indent(paragraph: Any, name: str, hundredths: int) -> None:
    """Indent by characters, in hundredths of one."""
    properties = paragraph._p.get_or_add_pPr()
    indent = properties.find(qn("w:ind"))
    if indent is None:
        indent = properties._add_ind()
    indent.set(qn(f"w:{name}"), str(hundredths))


def _font(font: Any, properties: Any, name: str, size: int) -> None:
    font.name, font.size = name, Pt(size)
    fonts = properties.find(qn("w:rFonts"))
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), name)
