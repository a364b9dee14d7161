"""Everything that is wrong with a rulebook document at once, where parsing it stops at the first fault."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from typing import Any

from campaigns.rules.rulebook import Kind, ScoringRefused, parse_rulebook

Raw = dict[str, Any]


def faults_of(
    document: Raw, *, broken: Collection[str] = (), incomplete: bool = False
) -> list[ScoringRefused]:
    """The refusals of a document, each clause at most twice (its own shape, then the sum of what lies below it).

    ``broken`` names clauses that are known to be wrong: nothing more is said about them, and nothing that follows from them.
    ``incomplete``: clauses are missing that could not be placed, so that no sum can be trusted.
    """
    draft = copy.deepcopy(document)
    found: list[ScoringRefused] = []
    for raw in list(_walk(draft["clauses"])):
        if raw["no"] in broken:
            _mend(draft, raw["no"])
        elif incomplete and raw.get("children"):
            raw.pop("points", None)
    for _attempt in range(3 * sum(1 for _raw in _walk(draft["clauses"])) + 1):
        try:
            parse_rulebook(draft)
        except ScoringRefused as refusal:
            known = any(one.clause == refusal.clause for one in found)
            if not known and refusal.clause not in broken:
                found.append(refusal)
            if refusal.clause is None or not _mend(draft, refusal.clause):
                break
        else:
            break
    return found


def _walk(clauses: list[Raw]) -> Iterator[Raw]:
    for raw in clauses:
        yield raw
        yield from _walk(raw.get("children") or [])


def _mend(draft: Raw, no: str) -> bool:
    """Take a fault out of the way, so that the next one shows: first its points, then the whole clause."""
    path = _path(draft["clauses"], no)
    if not path:
        return False
    raw = path[-1]
    if raw.get("children") and raw.pop("method", None) is not None:
        return True
    for one in path[:-1]:  # what lies above a fault cannot be summed up any more
        one.pop("points", None)
    if raw.get("children") and raw.pop("points", None) is not None:
        return True
    if not raw.get("children") and not raw.get("_mended"):
        kind = raw.get("kind", "")
        _make_leaf(raw, kind if kind in frozenset(Kind) else "basic")
        return True
    above = next((one["kind"] for one in reversed(path[:-1]) if one.get("kind")), "")
    if above and raw.get("kind") != above:
        if raw.get("children"):
            raw["kind"] = above
        else:
            _make_leaf(raw, above)
        return True
    siblings = path[-2]["children"] if len(path) > 1 else draft["clauses"]
    siblings[:] = [one for one in siblings if one is not raw]
    if not siblings and len(path) > 1:  # a chapter that lost its only clause is no leaf without a method
        return _mend(draft, path[-2]["no"])
    return bool(draft["clauses"])


def _make_leaf(raw: Raw, kind: str) -> None:
    """A clause of which nothing can be refused."""
    no = raw["no"]
    raw.clear()
    shape: Raw = {"method": "veto"} if kind == Kind.VETO else {"method": "all_or_nothing", "points": "0"}
    raw.update({"no": no, "kind": kind, "_mended": True} | shape)


def _path(clauses: list[Raw], no: str) -> list[Raw]:
    """The clauses from the top down to the one with this number."""
    for raw in clauses:
        if raw["no"] == no:
            return [raw]
        if below := _path(raw.get("children") or [], no):
            return [raw, *below]
    return []
