"""Makes the empty ledger of one kind and territory: text format on codes, drop-downs, notes, an example, a version mark."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from foodsafe_portal.lib.intake.words import EXAMPLE_MARK, NOTE_MARK, OPTIONS_SHEET, TEMPLATE_SHEET
from foodsafe_portal.lib.ledger import Column

TOWNSHIPS_PREFIX = "乡镇_"
"""Names of the ranges that hold a county's townships: this and the county's name."""

_TITLE_ROW, _NOTE_ROW, _HEADER_ROW, _EXAMPLE_ROW = 1, 2, 3, 4
_FORMATS = {"code": "@", "phone": "@", "date": "yyyy-mm-dd", "int": "0", "decimal": "0.00"}
_HEAD_FILL = PatternFill("solid", fgColor="DCE6F1")
_REQUIRED_FILL = PatternFill("solid", fgColor="FCE4D6")
_EXAMPLE_FONT = Font(italic=True, color="808080")
_NAMEABLE = re.compile(r"^\w+$")


@dataclass(frozen=True, slots=True)
class Template:
    """What a template says and offers.

    ``regions`` maps each county of the territory to its townships (names as the portal spells them); ``county_key`` and
    ``township_key`` are the columns they belong to. ``example`` gives the example row by key. ``facts`` go into the hidden
    information sheet and come back as ``WorkbookData.template`` (kind, version, territory). ``rows`` is how far down
    formats and drop-downs reach.
    """

    title: str
    columns: Sequence[Column]
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    county_key: str = "county"
    township_key: str = "township"
    rows: int = 2_000


def write_template(target: Path | str | BinaryIO, template: Template) -> None:
    """Write a template; uploading it untouched imports nothing, because its example row is recognised."""
    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = "台账"
    options = book.create_sheet(OPTIONS_SHEET)
    _write_rows(sheet, template)
    _format_columns(sheet, template)
    _offer_choices(book, sheet, options, template)
    about = book.create_sheet(TEMPLATE_SHEET)
    for pair in template.facts:
        about.append([_inert(text) for text in pair])
    options.sheet_state = about.sheet_state = "hidden"
    book.save(target)


def _write_rows(sheet: Worksheet, template: Template) -> None:
    last = max(len(template.columns), 1)
    _put(sheet, _TITLE_ROW, 1, template.title).font = Font(bold=True, size=16)
    sheet.merge_cells(start_row=_TITLE_ROW, start_column=1, end_row=_TITLE_ROW, end_column=last)
    notes = ["橙色列名必填，其余有则填；请勿改动列名；灰色示例行不会导入", *template.notes]
    note = _put(sheet, _NOTE_ROW, 1, NOTE_MARK + "；".join(notes))
    note.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=_NOTE_ROW, start_column=1, end_row=_NOTE_ROW, end_column=last)
    sheet.row_dimensions[_TITLE_ROW].height, sheet.row_dimensions[_NOTE_ROW].height = 28, 48
    for place, column in enumerate(template.columns, 1):
        head = _put(sheet, _HEADER_ROW, place, column.header)
        head.font = Font(bold=True)
        head.fill = _REQUIRED_FILL if column.required else _HEAD_FILL
        head.alignment = Alignment(wrap_text=True, vertical="center")
        if column.note:
            head.comment = Comment(column.note, "填表说明")
        example = EXAMPLE_MARK if place == 1 else template.example.get(column.key)
        if example is not None:
            _put(sheet, _EXAMPLE_ROW, place, example).font = _EXAMPLE_FONT
    sheet.freeze_panes = sheet.cell(_EXAMPLE_ROW, 1)


def _format_columns(sheet: Worksheet, template: Template) -> None:
    for place, column in enumerate(template.columns, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = column.width
        number_format = _FORMATS.get(column.type)
        if number_format is None:
            continue
        sheet.column_dimensions[letter].number_format = number_format
        for row in range(_EXAMPLE_ROW, _EXAMPLE_ROW + template.rows + 1):
            sheet.cell(row, place).number_format = number_format


def _offer_choices(book: Workbook, sheet: Worksheet, options: Worksheet, template: Template) -> None:
    next_column = 1
    places = {column.key: place for place, column in enumerate(template.columns, 1)}
    for column in template.columns:
        labels = ["是", "否"] if column.type == "bool" else list(column.choices.values())
        if column.key == template.county_key and template.regions:
            labels = list(template.regions)
        elif column.key == template.township_key and template.regions:
            next_column = _offer_townships(book, sheet, options, template, places, next_column)
            continue
        if labels:
            source = _list_in(options, next_column, column.header, labels)
            next_column += 1
            _validate(sheet, template, places[column.key], source, f"请从下拉表中选择{column.header}")


def _offer_townships(
    book: Workbook,
    sheet: Worksheet,
    options: Worksheet,
    template: Template,
    places: Mapping[str, int],
    next_column: int,
) -> int:
    """Townships that depend on the county chosen in the same row; all of the territory where no county is asked."""
    place = places[template.township_key]
    if template.county_key not in places:
        every = [township for townships in template.regions.values() for township in townships]
        source = _list_in(options, next_column, "全部乡镇", every)
        _validate(sheet, template, place, source, "请从下拉表中选择乡镇（街道）")
        return next_column + 1
    for county, townships in template.regions.items():
        source = _list_in(options, next_column, county, townships)
        if _NAMEABLE.match(county) and townships:
            name = f"{TOWNSHIPS_PREFIX}{county}"
            book.defined_names[name] = DefinedName(name, attr_text=source)
        next_column += 1
    county_cell = f"${get_column_letter(places[template.county_key])}{_EXAMPLE_ROW}"
    formula = f'INDIRECT("{TOWNSHIPS_PREFIX}"&{county_cell})'
    _validate(sheet, template, place, formula, "请先选县（市、区），再从下拉表中选择乡镇（街道）")
    return next_column


def _list_in(options: Worksheet, place: int, header: str, labels: Sequence[str]) -> str:
    """Write a list into a column of the options sheet; returns the address of its items."""
    _put(options, 1, place, header)
    for row, label in enumerate(labels, 2):
        _put(options, row, place, label)
    letter = get_column_letter(place)
    return f"{quote_sheetname(options.title)}!${letter}$2:${letter}${max(len(labels) + 1, 2)}"


def _validate(sheet: Worksheet, template: Template, place: int, source: str, sentence: str) -> None:
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "不在可选范围内", sentence
    letter = get_column_letter(place)
    rule.add(f"{letter}{_EXAMPLE_ROW}:{letter}{_EXAMPLE_ROW + template.rows}")
    sheet.add_data_validation(rule)


def _put(sheet: Worksheet, row: int, place: int, value: Any) -> Any:
    """A cell whose strings are always strings, whatever they begin with."""
    cell = sheet.cell(row, place)
    if isinstance(value, (dt.date, int, float)):
        cell.value = value
    else:
        cell.value = _inert(value)
        cell.data_type = "s"
    return cell


def _inert(value: Any) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", str(value))
