"""Where the running act came from: set by middleware, commands and workers, read by the trail."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Request number, address and channel (page, api, admin, command, worker) of an act."""

    request_id: str = ""
    address: str | None = None
    channel: str = "command"


COMMAND = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=COMMAND)
