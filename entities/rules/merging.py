"""What the kept one of two merged businesses takes over: only what it does not say itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def blanks_filled(
    kept: Mapping[str, Any], gone: Mapping[str, Any], *, without: Collection[str] = ()
) -> dict[str, Any]:
    """The blank fields of ``kept`` with the values ``gone`` has for them, but for those named in ``without``.

    Both are facts about the shop itself. Status and responsibility grade are dated and reviewed, and stay out.

    A licence's last day is taken over only with that very licence.
    """
    filled = {name: gone[name] for name in kept if name not in without and gone[name] and not kept[name]}
    licence = filled.get("licence_no") or kept["licence_no"]
    if licence != gone["licence_no"]:
        filled.pop("licence_valid_to", None)
    return filled
