"""What is kept of a row so that it can be put back: values ready for JSON, and voided rows written anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Model

from foodsafe_portal.lib.bulk import Values, insert


def ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values ready for JSON: days and instants as ISO text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def stand_again(model: type[Model], rows: Sequence[Mapping[str, Any]], own: Mapping[str, Values]) -> int:
    """Write rows that were voided (``QuerySet.values()``) anew, as later rows; returns how many.

    ``own`` gives the columns that a later row has of its own, such as ``recorded_at``; its key is new, and everything else is
    what the voided row said.
    """
    copied = [
        field.attname
        for field in model._meta.concrete_fields
        if not field.primary_key and field.attname not in own
    ]
    return insert(model, {name: [row[name] for row in rows] for name in copied} | dict(own))
