"""Saving a row of a settings table: under lock, against what was seen, with one event that holds before and after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from foodsafe_portal.lib.instants import stamp
from records.services import audit

Row = TypeVar("Row", bound=models.Model)
Lines = Sequence[Mapping[str, Any]]


class RowRefused(Exception):
    """A row that cannot be saved or taken out; the sentence says why and what to do."""


def plain(value: Any) -> Any:
    """A value as the trail keeps it: dates in ISO form, rows by their key, decimals as text."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def values_of(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """The stored values of some fields, ready for the trail; a foreign key by its key."""
    return {name: plain(row._meta.get_field(name).value_from_object(row)) for name in names}  # type: ignore[union-attr]


def row_digest(row: models.Model, names: Iterable[str]) -> str:
    """A mark of what somebody saw, ``field,field:digest``: the same as long as nobody has changed these fields since."""
    known = sorted(names)
    seen = json.dumps(values_of(row, known), ensure_ascii=False, sort_keys=True, default=str)
    return f"{','.join(known)}:{hashlib.sha256(seen.encode()).hexdigest()[:32]}"


def unchanged_since(stored: models.Model, seen: str, names: Iterable[str]) -> bool:
    """Whether the fields that a mark of ``row_digest`` names still hold what it saw; they must be among ``names``."""
    marked = seen.partition(":")[0].split(",")
    return set(marked) <= set(names) and row_digest(stored, marked) == seen


@transaction.atomic
def save_row(
    *,
    row: Row,
    values: Mapping[str, Any],
    by: Any,
    noun: str,
    seen: str = "",
    lines: Mapping[str, Lines] | None = None,
    sets: Mapping[str, Iterable[models.Model]] | None = None,
    reason: str = "",
    territory: str = "",
) -> Row:
    """Write ``values`` into a new or a stored row; the event is ``noun.created`` or ``noun.updated``.

    ``seen`` is the ``row_digest`` of the fields the person had open (some of ``values``), '' = not asked. ``lines`` are rows
    that belong to it, by related name; they are replaced whole. ``sets`` are many-to-many fields. Saving what is already
    there records nothing. Raises ``RowRefused`` when somebody else saved in between or when a constraint of the database
    says no.
    """
    new = row._state.adding
    stored = row if new else type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if not new and seen and not unchanged_since(stored, seen, values):
        raise RowRefused(_stale(stored, values))
    before = {} if new else values_of(stored, values)
    for name, value in values.items():
        setattr(stored, name, value)
    after = values_of(stored, values)
    was, becomes = {} if new else _belongings(stored, lines, sets), _asked(lines, sets)
    if not new and before == after and was == becomes:
        return stored
    try:
        with transaction.atomic():
            stored.save(force_insert=new)
            _replace(stored, lines or {}, was, becomes)
    except IntegrityError as error:
        raise RowRefused(
            _("“%(row)s”与已有的记录重复或不符，没有保存；请刷新后核对。") % {"row": stored}
        ) from error
    for name, chosen in (sets or {}).items():
        getattr(stored, name).set(chosen)
    before, after = {**before, **was}, {**after, **becomes}
    changed = [name for name in after if new or before.get(name) != after[name]]
    audit.record(
        by=by,
        action=f"{noun}.created" if new else f"{noun}.updated",
        target=stored,
        territory=territory,
        before=None if new else {name: before.get(name) for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
    return stored


@transaction.atomic
def remove_row(*, row: models.Model, by: Any, noun: str, territory: str = "") -> None:
    """Take out a row that nothing uses; the event ``noun.removed`` keeps what it held. Raises ``RowRefused``."""
    names = [field.name for field in row._meta.concrete_fields if not field.primary_key]
    stored = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    audit.record(
        by=by, action=f"{noun}.removed", target=stored, territory=territory, before=values_of(stored, names)
    )
    try:
        with transaction.atomic():
            stored.delete()
    except (ProtectedError, RestrictedError) as error:
        raise RowRefused(_("“%(row)s”已被使用，不能删除。") % {"row": row}) from error


def _stale(stored: models.Model, typed: Mapping[str, Any]) -> str:
    """Both values of every field in which what was typed differs from what somebody else saved."""
    saved = values_of(stored, typed)
    clashes = [
        _("%(label)s：现为“%(saved)s”，您填的是“%(typed)s”")
        % {"label": stored._meta.get_field(name).verbose_name, "saved": saved[name], "typed": plain(value)}  # type: ignore[union-attr]
        for name, value in typed.items()
        if saved[name] != plain(value)
    ]
    return _("您打开之后，别人已保存过这条记录；请重新打开再改。%(clashes)s") % {
        "clashes": "；".join(clashes)
    }


def _belongings(
    row: models.Model, lines: Mapping[str, Lines] | None, sets: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What belongs to the row now, in the shape of what is asked for."""
    found: dict[str, Any] = {}
    for name, asked in (lines or {}).items():
        manager = getattr(row, name)
        fields = list(asked[0]) if asked else _fields_of(manager)
        found[name] = _sorted([values_of(line, fields) for line in manager.all()])
    for name in sets or {}:
        found[name] = sorted(plain(other) for other in getattr(row, name).all())
    return found


def _asked(lines: Mapping[str, Lines] | None, sets: Mapping[str, Any] | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        name: _sorted([plain(line) for line in rows]) for name, rows in (lines or {}).items()
    }
    return asked | {name: sorted(plain(other) for other in chosen) for name, chosen in (sets or {}).items()}


def _fields_of(manager: Any) -> list[str]:
    """The fields of rows that belong to another, without their key and without the owner."""
    own = {manager.field.name}
    return [
        f.name
        for f in manager.model._meta.concrete_fields
        if f.name not in own and not getattr(f, "auto_created", False)
    ]


def _sorted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(lines, key=lambda line: json.dumps(line, ensure_ascii=False, sort_keys=True, default=str))


def _replace(
    row: models.Model, lines: Mapping[str, Lines], was: Mapping[str, Any], becomes: Mapping[str, Any]
) -> None:
    for name, asked in lines.items():
        if was.get(name) == becomes[name]:
            continue
        manager = getattr(row, name)
        manager.all().delete()
        manager.model._default_manager.bulk_create(
            [manager.model(**{manager.field.name: row}, **line) for line in asked]
        )
