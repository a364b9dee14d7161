"""``manage.py write_ledger``: write a ledger a liaison could have sent, and beside it the list of what is wrong in it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from foodsafe_portal.demo.ledger_writer import WRITERS
from foodsafe_portal.demo.ledger_writer.draft import desk_for
from foodsafe_portal.demo.ledger_writer.workbook import write_workbook
from foodsafe_portal.demo.load import last_sunday
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """The same seed, county and day give the same file, byte for byte (officers and visits: for the same register)."""

    help = "Write a ledger with known faults: OUT.xlsx and OUT.json, the rows that must get an error or a warning."

    def add_arguments(self, parser: CommandParser) -> None:
        """What kind, how long, how dirty."""
        super().add_arguments(parser)
        parser.add_argument("out", type=Path)
        parser.add_argument("--kind", required=True, help=", ".join(WRITERS))
        parser.add_argument("--rows", type=int, default=2_000, help="data rows (default: 2000)")
        parser.add_argument("--seed", type=int, default=1, help="another number gives another ledger")
        parser.add_argument(
            "--dirty", type=float, default=0.02, help="share of rows with a fault (default: 0.02)"
        )
        parser.add_argument("--county", default="990102", help="whose ledger (default: 990102)")
        parser.add_argument(
            "--on", type=date.fromisoformat, help="the day it is filled in (default: last Monday)"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """Write both files and say what is in them."""
        kind, size, out = options["kind"], options["rows"], Path(options["out"])
        if kind not in WRITERS:
            raise Refusal(f"没有“{kind}”这种台账的写法，可用 {'、'.join(WRITERS)}。")
        if size < 1 or not 0 <= options["dirty"] <= 1:
            raise Refusal("--rows 至少为 1,--dirty 应在 0 到 1 之间。")
        if out.suffix != ".xlsx":
            raise Refusal(f"只写 xlsx 文件，填的是“{out.name}”。")
        on = options["on"] or last_sunday(timezone.localtime()) + timedelta(days=1)
        desk = desk_for(str(options["county"]), on=on, size=size, seed=options["seed"])
        if desk is None:
            raise Refusal(f"没有代码为“{options['county']}”的县(市、区);请填 6 位区划代码。")
        draft = WRITERS[kind](desk, options["dirty"])
        sidecar = write_workbook(draft, desk, out)
        beside = out.with_suffix(".json")
        beside.write_text(json.dumps(sidecar, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return {
            "out": str(out),
            "sidecar": str(beside),
            "kind": kind,
            "rows": len(draft.rows),
            "faults": len(sidecar),
        }
