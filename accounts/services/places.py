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
from accounts.models import Region, Unit
from records.services.rows import save_row

LEVELS: Final = {
    2: RegionLevel.PROVINCE,
    4: RegionLevel.CITY,
    6: RegionLevel.COUNTY,
    9: RegionLevel.TOWNSHIP,
    12: RegionLevel.VILLAGE,
}
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
    seen: str = "",
) -> Region:
    """Enter or correct a region; its code is its key and its path and never changes, its level follows from the code.

    Raises ``AccountRefused`` for a code of the wrong length, a missing region above, or a merger that is half told.
    """
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
    region.code = code
    return save_row(
        row=region,
        values={
            "code": code,
            "name": name.strip(),
            "level": LEVELS[len(code)],
            "residents": residents,
            "successor": successor,
            "closed_on": closed_on,
        },
        by=by,
        noun="region",
        seen=seen,
        territory=code,
    )


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
    """Enter or correct a unit; with a new parent the whole branch below it moves.

    Raises ``AccountRefused`` for a unit below itself.
    """
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
        Unit.objects.filter(path__startswith=old).exclude(pk=saved.pk).update(
            path=Concat(Value(saved.path), Substr(F("path"), len(old) + 1))
        )
    return saved
