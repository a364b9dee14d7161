"""One log line for each event, with the request it belongs to: plain for people, JSON in production."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from records.services.context import origin

SHANGHAI = ZoneInfo("Asia/Shanghai")


def with_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the number of the running request and its channel, where there is one."""
    where = origin.get()
    if where.request_id:
        event["request_id"] = where.request_id
        event["channel"] = where.channel
    return event


def with_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the time with the portal's offset (+08:00)."""
    event["timestamp"] = datetime.now(SHANGHAI).isoformat(timespec="milliseconds")
    return event


def logging_settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING: every logger of the portal and its libraries speaks through structlog."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        with_time,
        with_origin,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    rendered: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
    }
