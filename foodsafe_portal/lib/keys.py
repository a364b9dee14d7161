"""Secret keys that can be changed without losing what older ones made: the first makes, all of them read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and the short name by which what it made is recognised; the name tells nothing of the secret."""

    secret: bytes

    @property
    def name(self) -> str:
        """Eight hexadecimal digits."""
        return hashlib.sha256(b"key name:" + self.secret).hexdigest()[:8]

    def mac(self, text: bytes) -> str:
        """HMAC-SHA256 of ``text``, in hexadecimal digits."""
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


class KeyRing:
    """The keys of one purpose, the newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self.keys = tuple(Key(text.encode()) for text in secrets)

    def sign(self, text: bytes) -> str:
        """``name:mac`` under the newest key."""
        newest = self.keys[0]
        return f"{newest.name}:{newest.mac(text)}"

    def signed(self, text: bytes, signature: str) -> bool | None:
        """Whether ``signature`` is that of ``text``; None when its key is not here."""
        name, _, mac = signature.partition(":")
        for key in self.keys:
            if key.name == name:
                return hmac.compare_digest(key.mac(text), mac)
        return None
