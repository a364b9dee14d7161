"""Periodic duties leave a pulse each time they end; health checks and metrics read it."""

from __future__ import annotations

from datetime import datetime

from records.models import Pulse


def leave_pulse(*, name: str, at: datetime) -> None:
    """Note that the duty ``name`` of the beat's schedule was done; no act of a person, so the trail has no event of it."""
    Pulse.objects.update_or_create(name=name, defaults={"at": at})


def last_pulses() -> dict[str, datetime]:
    """Each duty that has ever been done, with when it last was."""
    return dict(Pulse.objects.values_list("name", "at"))
