"""What a fix has to bring before its problem is closed: a photo and a plan."""

from __future__ import annotations

from typing import Final

_LACKS: Final = {(False, False): "", (True, False): "photo", (False, True): "plan", (True, True): "both"}


def lacks(*, proven: bool, planned: bool, on_spot: bool) -> str:
    """What the fix lacks: ``photo``, ``plan``, ``both`` or nothing. A fix made on the spot needs no plan.

    Source: closure needs a plan and proof (整改方案, 销号; campaign default); the words stand in ``inspections.choices.Lacking``.
    """
    return _LACKS[not proven, not (planned or on_spot)]
