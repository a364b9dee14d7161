"""Regions and units: entered, corrected, merged, each with its event."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _

from accounts.choices import RegionLevel
from accounts.errors import AccountRefused
from accounts.mergers import lock_places, places_noted
from accounts.models import Region, Unit
from accounts.rules.regions import LEVEL_OF_DIGITS, with_former_name
from records.services.instants import writing_instant
from records.services.ledger_units import follow_units
from records.services.rows import save_row

LEVELS: Final = {digits: RegionLevel(level) for digits, level in LEVEL_OF_DIGITS.items()}
_ABOVE: Final = {4: 2, 6: 4, 9: 6, 12: 9}


@transaction.atomic
def save_region(
    *,
    region: Region,
    name: str,
    residents: int | None,
    successor: Region | None,
    closed_on: date | None,
    by: Any,
    opened_on: date | None = None,
    former_names: str = "",
    seen: str = "",
) -> Region:
    """Enter or correct a region; its code is its key and its path and never changes, its level follows from the code.

    A merged region names its successor; its facts stay where they were and are read and counted there from the day it was
    closed. A name given up stays among the former names, by which ledgers still find the region. Raises ``AccountRefused`` for a
    code of the wrong length, a missing region above, or a merger that is half told.
    """
    at = writing_instant()
    lock_places()
    code = region.code.strip()
    if len(code) not in LEVELS or not code.isdecimal():
        raise AccountRefused(_("区划代码“%(code)s”不对：应为 2、4、6、9 或 12 位数字。") % {"code": code})
    if len(code) in _ABOVE and not Region.objects.filter(pk=code[: _ABOVE[len(code)]]).exists():
        raise AccountRefused(
            _("上一级地区 %(code)s 还没有登记，请先登记上级。") % {"code": code[: _ABOVE[len(code)]]}
        )
    if successor is not None and closed_on is None:
        raise AccountRefused(_("填了“并入”就要填撤销日期。"))
    if successor is not None and (successor.pk == code or successor.closed_on is not None):
        raise AccountRefused(_("不能并入自己，也不能并入已撤销的地区。"))
    if successor is not None and len(successor.pk) != len(code):
        raise AccountRefused(_("只能并入同一层级的地区；请填写接收这个地区的同级地区。"))
    if opened_on is not None and closed_on is not None and closed_on < opened_on:
        raise AccountRefused(_("撤销日期早于启用日期；请核对。"))
    new, name = region._state.adding, name.strip()
    old = "" if new else Region.objects.values_list("name", flat=True).get(pk=code)
    region.code = code
    values = {
        "code": code,
        "name": name,
        "level": LEVELS[len(code)],
        "residents": residents,
        "successor": successor,
        "opened_on": opened_on,
        "closed_on": closed_on,
        "former_names": with_former_name(former_names, old, name),
    }
    with places_noted([code], at=at):
        return save_row(row=region, values=values, by=by, noun="region", seen=seen, territory=code)


@transaction.atomic
def save_unit(
    *,
    unit: Unit,
    name: str,
    short_name: str,
    kind: str,
    region: Region,
    parent: Unit | None,
    is_member: bool,
    by: Any,
    seen: str = "",
) -> Unit:
    """Enter or correct a unit; with a new parent the whole branch below it moves, and what was sent for its units.

    Raises ``AccountRefused`` for a unit below itself.
    """
    lock_places()
    old = "" if unit._state.adding else Unit.objects.values_list("path", flat=True).get(pk=unit.pk)
    if parent is not None and old and parent.path.startswith(old):
        raise AccountRefused(_("上级单位不能是本单位或它的下级。"))
    values = {
        "name": name.strip(),
        "short_name": short_name.strip(),
        "kind": kind,
        "region": region,
        "parent": parent,
        "is_member": is_member,
    }
    saved = save_row(row=unit, values=values, by=by, noun="unit", seen=seen)
    saved.refresh_from_db(fields=["path"])
    if old and saved.path != old:
        below = Unit.objects.filter(path__startswith=old).exclude(pk=saved.pk)
        moved = [old, *below.values_list("path", flat=True)]
        below.update(path=Concat(Value(saved.path), Substr(F("path"), len(old) + 1)))
        follow_units(paths={path: saved.path + path[len(old) :] for path in moved})
    return saved
