"""What a cell means that names a region, and what speaks of an object that an undo would take out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Model

from accounts.models import Region
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.identifiers import territory_upper
from foodsafe_portal.lib.typography import plain
from records.ledgers import Rows

CHANGED_SINCE = "导入之后又被修改过，没有还原"


def find_regions(rows: Rows, territory: str, *, closed: bool = False) -> list[str | None]:
    """Row → region code, from a code, a name, or the names from the county down run together.

    ``closed``: the code of a region that was closed is understood too, because facts may still stand there.
    """
    found: list[str | None] = [None] * len(rows)
    column = rows.column("region")
    if not any(column):
        return found
    here = Region.objects.in_territory(territory).values_list("code", "name", "closed_on")
    gone = {code for code, _name, closed_on in here if closed_on}
    names = {code: name for code, name, closed_on in here if not closed_on}
    by_name: dict[str, set[str]] = defaultdict(set)
    for code in names:
        path = ""
        for digits in (12, 9, 6, 4):
            if digits <= len(code) and code[:digits] in names:
                path = plain(names[code[:digits]]) + path
                by_name[path].add(code)
    for index, said in enumerate(column):
        if not said:
            continue
        text = plain(said)
        known = text in names or (closed and text in gone)
        codes = {text} if known else by_name.get(text, set())
        if len(codes) == 1:
            found[index] = next(iter(codes))
        elif codes:
            rows.error(
                index,
                "region",
                "region_ambiguous",
                f"有 {len(codes)} 个地方叫“{said}”；请写上县(市、区)或填区划代码",
            )
        elif text.isdigit() and not territory <= text < territory_upper(territory):
            rows.error(index, "region", "other_territory", f"“{said}”不在您的辖区内；请由该地办理")
        else:
            rows.error(index, "region", "unknown_region", f"您的辖区内没有“{said}”；请核对区划代码或名称")
    return found


def in_use(model: type[Model], keys: Collection[Any], *, apart_from: Iterable[type[Model]]) -> dict[Any, str]:
    """Objects that rows of other tables speak of, with the reason why they must stay."""
    reasons: dict[Any, str] = {}
    left_out = set(apart_from)
    for relation in model._meta.get_fields(include_hidden=True) if keys else ():
        if not relation.auto_created or relation.concrete or relation.related_model in left_out | {None}:
            continue
        table: Any = relation.related_model
        field = relation.field  # type: ignore[union-attr]
        if field.many_to_many:
            continue  # its own table is asked by itself
        users = among(table._base_manager.all(), field.attname, keys)
        why = f"已有{table._meta.verbose_name}，没有删除"
        reasons |= dict.fromkeys(users.values_list(field.attname, flat=True).distinct(), why)
    return reasons
