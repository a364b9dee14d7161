"""Reads a file from outside in a guarded child process and turns whatever happens there into data or a sentence."""

from __future__ import annotations

import datetime as dt
import marshal
import signal
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from foodsafe_portal.lib.intake.model import (
    DEFAULT_LIMITS,
    ErrorCell,
    IntakeRefused,
    Limits,
    Percentage,
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
    with Path(path).open("rb") as source, _child_for(source, limits) as child:
        try:
            # The child starts up while the file is being looked at; it touches it only when told to.
            verdict = verdict or precheck(path, limits)
            if not verdict.ok:
                raise IntakeRefused(verdict.sentence, verdict.code)
            read = _Reading()
            for message in _ask(child, verdict, sheet, limits):
                read.take(message)
        finally:
            child.kill()
    if not read.done:
        raise IntakeRefused(_CRASHED, "reader_crashed")
    sheets = tuple(read.sheets)
    workbook = WorkbookData(
        sheets=sheets,
        kind=verdict.kind,
        encoding=read.done["encoding"],
        notes=tuple(read.done["notes"]),
        epoch_1904=read.done["epoch_1904"],
        template=tuple(tuple(pair) for pair in read.done["template"]),
    )
    if sheet:
        require_sheet(workbook, sheet)
    return workbook


def require_sheet(workbook: WorkbookData, name: str) -> None:
    """Raises ``IntakeRefused`` unless the workbook has a visible sheet of this name."""
    if name not in {each.name for each in workbook.visible}:
        names = "、".join(f"“{each.name}”" for each in workbook.visible)
        raise IntakeRefused(f"没有名为“{name}”的可见工作表；这个文件里有 {names}", "no_such_sheet")


def _child_for(source: BinaryIO, limits: Limits) -> subprocess.Popen[bytes]:
    """A child that waits for the order to read the open file, and for nothing else."""
    rights = {"memory": limits.memory_bytes, "cpu": limits.cpu_seconds, "file": source.fileno()}
    return subprocess.Popen(
        [sys.executable, "-I", str(_CHILD), marshal.dumps(rights, 2).hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"RUST_BACKTRACE": "0"},
        pass_fds=[source.fileno()],
    )


def _ask(
    child: subprocess.Popen[bytes], verdict: Verdict, sheet: str | None, limits: Limits
) -> Iterator[dict[str, Any]]:
    """The child's messages as they come; raises ``IntakeRefused`` when it refuses, crashes or is stopped."""
    order = {
        "kind": verdict.kind,
        "sheet": sheet or "",
        "rows": limits.rows,
        "columns": limits.columns,
        "suspects": sorted(verdict.suspects),
        "epoch_1904": verdict.epoch_1904,
    }
    stop = threading.Timer(limits.wall_seconds, child.kill)
    stop.start()
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(BrokenPipeError), child.stdin as asked:  # a child that died says so below
            asked.write(marshal.dumps(order, 2))
        while len(length := child.stdout.read(8)) == 8:
            size = int.from_bytes(length, "little")
            data = child.stdout.read(size)
            if len(data) < size:
                break
            yield marshal.loads(data)
        child.wait()
    finally:
        stop.cancel()
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise IntakeRefused(_TOO_LONG, "reader_timeout")
    if child.returncode in (_OUT_OF_MEMORY, -signal.SIGABRT):
        raise IntakeRefused(_TOO_MUCH_MEMORY, "reader_memory")
    if child.returncode != 0:
        raise IntakeRefused(_CRASHED, "reader_crashed")


_TOO_LONG = (
    "读取这个文件用时太长，已停止；请删去多余的格式、行列和工作表，或分成几个文件，另存为 .xlsx 再上传"
)
_TOO_MUCH_MEMORY = "读取这个文件所需的内存超过上限；请删去表格以外的内容和多余的行列（在新工作簿中只粘贴表格），另存为 .xlsx 再上传"
_CRASHED = "这个文件读不出来，可能已损坏；请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传"


class _Reading:
    """Puts the child's messages together again."""

    def __init__(self) -> None:
        self.sheets: list[SheetData] = []
        self.done: dict[str, Any] = {}
        self._opened: dict[str, Any] = {}
        self._columns: list[list[Any]] = []
        self._height = 0
        self._revived = _Revived()
        self._words: dict[str, str] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Take one message; raises ``IntakeRefused`` when it is a refusal."""
        what = message["what"]
        if what == "rows":
            self._take_rows(message)
            return
        if self._opened:
            self._close_sheet()
        if what == "sheet":
            self._opened, self._columns, self._height = message, [], 0
        elif what == "refused":
            code, sentence = message["why"]
            raise IntakeRefused(sentence, code)
        else:
            self.done = message

    def _take_rows(self, message: dict[str, Any]) -> None:
        columns, dictionaries = message["columns"], message["dictionaries"]
        for place in message["coded"]:
            cells = dictionaries if place in dictionaries else columns
            cells[place] = [self._revived[cell] if cell.__class__ is tuple else cell for cell in cells[place]]
        for place, distinct in dictionaries.items():
            # One string for every repetition in the whole file, not one for each message.
            distinct = [
                self._words.setdefault(cell, cell) if cell.__class__ is str else cell for cell in distinct
            ]
            columns[place] = map(distinct.__getitem__, array("I", columns[place]))
        while len(self._columns) < len(columns):
            self._columns.append([None] * self._height)
        for column, cells in zip_longest(self._columns, columns, fillvalue=[None] * message["size"]):
            column.extend(cells)
        self._height += message["size"]

    def _close_sheet(self) -> None:
        opened = self._opened
        self.sheets.append(
            SheetData(
                name=opened["name"],
                columns=self._columns,
                height=self._height,
                hidden=opened["hidden"],
                merged=tuple(tuple(each) for each in opened["merged"]),
                hidden_rows=tuple(opened["hidden_rows"]),
                hidden_columns=tuple(opened["hidden_columns"]),
                struck=frozenset(map(tuple, opened["struck"])),
                formulas=(opened["formulas"][0], tuple(opened["formulas"][1])),
            )
        )
        self._opened = {}


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
        elif kind == "p":
            value = Percentage.of(content)
        else:
            value = content
        self[pair] = value
        return value
