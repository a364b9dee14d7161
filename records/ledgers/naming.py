"""What a file calls its columns, where that is not what the portal calls them."""

from __future__ import annotations

import re
from itertools import islice

from foodsafe_portal.lib.intake.cells import shown
from foodsafe_portal.lib.intake.tables import Table
from foodsafe_portal.lib.ledger import normalise_header
from records.ledgers.kind import LedgerKind
from records.ledgers.rows import Rows

SAMPLES = 3
"""How many values of a column are shown to whoever is asked what it is."""
_LOOK_AT = 200
_LONGEST = 24


def name_columns_as_in_file(rows: Rows, kind: LedgerKind) -> None:
    """Let sentences that name a column name it as the file does: ``“经营者名称”（主体名称）不能空着``.

    Whoever mends the file looks for its own header; the portal's name follows in brackets.
    """
    other = {
        f"“{column.header}”": f"“{typed}”（{column.header}）"
        for column in kind.columns
        if (typed := rows.header(column.key)) and normalise_header(typed) != normalise_header(column.header)
    }
    if not other:
        return
    names = re.compile("|".join(map(re.escape, other)))
    told: dict[str, str] = {}
    for found in rows.issues.values():
        for issue in found:
            message = issue["message"]
            if message not in told:
                told[message] = names.sub(lambda name: other[name[0]], message)
            issue["message"] = told[message]


def samples_of(table: Table) -> dict[str, list[str]]:
    """The first few values below each header, so that a person can tell what a column is: header → values, shortened."""
    found: dict[str, list[str]] = {}
    for index, header in table.columns.items():
        cells = (shown(cell).strip() for cell in islice(table.cells(index), _LOOK_AT))
        values = list(islice(dict.fromkeys(cell for cell in cells if cell), SAMPLES))
        found.setdefault(header, [_short(value) for value in values])
    return found


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
