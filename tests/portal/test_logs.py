"""Log lines carry the request they belong to, and are JSON where a machine reads them."""

from __future__ import annotations

import io
import json
import logging

import pytest

from foodsafe_portal.logs import logging_settings
from records.services.context import Origin, origin


@pytest.fixture
def lines():
    """What a logger says with the settings of production, line by line."""
    said = io.StringIO()
    settings = logging_settings(level="INFO", as_json=True)["formatters"]["line"]
    handler = logging.StreamHandler(said)
    handler.setFormatter(settings["()"](**{name: value for name, value in settings.items() if name != "()"}))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in said.getvalue().splitlines()]
    root.removeHandler(handler)


def test_a_line_is_one_json_document_with_its_request(lines):
    token = origin.set(Origin(request_id="abc", address="10.0.0.1", channel="page"))
    try:
        logging.getLogger("entities").warning("没有找到 %s", "张记面馆")
    finally:
        origin.reset(token)
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("没有找到 张记面馆", "warning", "entities")
    assert (line["request_id"], line["channel"]) == ("abc", "page")
    assert line["timestamp"].endswith("+08:00")
    assert "address" not in line


def test_an_error_carries_its_traceback_on_the_same_line(lines):
    try:
        raise ValueError("a mistake")
    except ValueError:
        logging.getLogger("records").exception("the job broke")
    (line,) = lines()
    assert "ValueError: a mistake" in line["exception"]
    assert "request_id" not in line
