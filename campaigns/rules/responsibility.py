"""Which body answers for a task: its lead first, then whoever helps, as far as somebody's posts reach."""

from __future__ import annotations

from collections.abc import Iterable


def own_body(bodies: Iterable[tuple[int, str]], paths: Iterable[str]) -> int | None:
    """The first of ``bodies`` (key, path in the tree of units; the lead first) that lies at or below one of ``paths``."""
    reach = tuple(path for path in paths if path)
    return next((key for key, path in bodies if path.startswith(reach)), None) if reach else None
