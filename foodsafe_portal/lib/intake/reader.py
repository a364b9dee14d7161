"""Reads a file from outside in a guarded child process and turns whatever happens there into data or a sentence."""

from __future__ import annotations

import datetime as dt
import marshal
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

from foodsafe_portal.lib.intake.model import (
    DEFAULT_LIMITS,
    ErrorCell,
    IntakeRefused,
    Limits,
    SheetData,
    Verdict,
    WorkbookData,
)
from foodsafe_portal.lib.intake.precheck import precheck

_CHILD = Path(__file__).with_name("child.py")
_OUT_OF_MEMORY = 3
_FORMULA = "公式"


def read_workbook(
    path: Path | str,
    *,
    sheet: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    verdict: Verdict | None = None,
) -> WorkbookData:
    """Read a workbook or text file from outside.

    ``sheet`` reads that sheet only (the others are named without cells); ``verdict`` saves a second pre-check when the
    caller has just made one of these very bytes. Raises ``IntakeRefused`` with a Chinese sentence for everything that
    can be wrong with the file, a reader that crashes or runs too long included.
    """
    verdict = verdict or precheck(path, limits)
    if not verdict.ok:
        raise IntakeRefused(verdict.sentence, verdict.code)
    answer = _ask_child(path, verdict, sheet, limits)
    if "refused" in answer:
        code, sentence = answer["refused"]
        raise IntakeRefused(sentence, code)
    sheets = tuple(_revive(each) for each in answer["sheets"])
    if sheet and sheet not in {each.name for each in sheets if not each.hidden}:
        names = "、".join(f"“{each.name}”" for each in sheets if not each.hidden)
        raise IntakeRefused(f"没有名为“{sheet}”的可见工作表；这个文件里有 {names}", "no_such_sheet")
    return WorkbookData(
        sheets=sheets,
        kind=verdict.kind,
        encoding=answer["encoding"],
        notes=tuple(answer["notes"]),
        epoch_1904=answer["epoch_1904"],
        template=tuple(tuple(pair) for pair in answer["template"]),
    )


def _ask_child(path: Path | str, verdict: Verdict, sheet: str | None, limits: Limits) -> dict[str, Any]:
    order = {
        "kind": verdict.kind,
        "sheet": sheet or "",
        "rows": limits.rows,
        "columns": limits.columns,
        "memory": limits.memory_bytes,
        "cpu": limits.cpu_seconds,
        "suspects": sorted(verdict.suspects),
        "epoch_1904": verdict.epoch_1904,
    }
    command = [sys.executable, "-I", str(_CHILD), marshal.dumps(order, 2).hex()]
    with Path(path).open("rb") as source:
        try:
            done = subprocess.run(
                command,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"RUST_BACKTRACE": "0"},
                timeout=limits.wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise IntakeRefused(_TOO_LONG, "reader_timeout") from None
    if done.returncode == 0:
        answer: dict[str, Any] = marshal.loads(done.stdout)
        return answer
    if done.returncode in (-24, -9):
        raise IntakeRefused(_TOO_LONG, "reader_timeout")
    if done.returncode in (_OUT_OF_MEMORY, -6):
        raise IntakeRefused(
            "读取这个文件所需的内存超过上限；请删去表格以外的内容和多余的行列（在新工作簿中只粘贴表格），另存为 .xlsx 再上传",
            "reader_memory",
        )
    raise IntakeRefused(
        "这个文件读不出来，可能已损坏；请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传", "reader_crashed"
    )


_TOO_LONG = (
    "读取这个文件用时太长，已停止；请删去多余的格式、行列和工作表，或分成几个文件，另存为 .xlsx 再上传"
)


def _revive(answer: dict[str, Any]) -> SheetData:
    columns, dictionaries = answer["columns"], answer["dictionaries"]
    revived = _Revived()
    for place in answer["coded"]:
        cells = dictionaries if place in dictionaries else columns
        cells[place] = [revived[cell] if cell.__class__ is tuple else cell for cell in cells[place]]
    for place, distinct in dictionaries.items():
        columns[place] = list(map(distinct.__getitem__, array("I", columns[place])))
    return SheetData(
        name=answer["name"],
        columns=columns,
        height=answer["height"],
        hidden=answer["hidden"],
        merged=tuple(tuple(each) for each in answer["merged"]),
        hidden_rows=tuple(answer["hidden_rows"]),
    )


class _Revived(dict[Any, Any]):
    """Dates, times and error cells from the pairs they travelled as, each made once."""

    def __missing__(self, pair: tuple[str, Any]) -> Any:
        kind, content = pair
        if kind == "d":
            value: Any = dt.date.fromordinal(content)
        elif kind == "t":
            value = dt.datetime.fromisoformat(content)
        elif kind == "m":
            value = dt.time.fromisoformat(content)
        elif kind == "e":
            value = ErrorCell(content, formula=content == _FORMULA)
        else:
            value = content
        self[pair] = value
        return value
