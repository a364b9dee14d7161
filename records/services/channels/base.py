"""What every channel has in common: a letter in, the other side's answer out; nothing is raised for a broken line."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

SECONDS: Final = 10
MOST_READ: Final = 2_000


@dataclass(frozen=True, slots=True)
class Letter:
    """One digest: ``key`` stays the same over every attempt, so that the other side can tell a repeated one."""

    key: str
    address: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: ``code`` is its own (an HTTP status, an error number), ``text`` its words."""

    sent: bool
    code: str
    text: str = ""


class Channel(Protocol):
    """One way out of the house."""

    name: ClassVar[str]
    personal: ClassVar[bool]
    """Whether each person gets a digest of their own; a robot speaks once a day to its group."""

    def is_on(self) -> bool:
        """Whether the settings are there."""
        ...

    def send(self, letter: Letter) -> Answer:
        """Hand the letter over and return what the other side answered."""
        ...


def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Send a JSON document; ``sent`` says that the other side answered 2xx, ``text`` is its answer."""
    request = urllib.request.Request(
        url,
        data=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return Answer(True, str(response.status), response.read(MOST_READ).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(False, str(error.code), error.read(MOST_READ).decode("utf-8", "replace"))
    except (OSError, ValueError) as error:
        return Answer(False, type(error).__name__, str(error))
