"""Seals short secrets for the database: AES-256-GCM, bound to what they are for, with keys that change without a stop."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "s1:"
"""How every sealed text begins, so that one that was stored before sealing is told apart."""

NONCE_BYTES = 12


class SealBroken(Exception):
    """None of the keys opens this text: the key is lost, or somebody changed the text or put it elsewhere."""


def seal(text: str, *, purpose: str, keys: Sequence[str]) -> str:
    """``text`` as only the first of ``keys`` opens it, and only for the same ``purpose``."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    closed = AESGCM(_key(keys[0])).encrypt(nonce, text.encode(), purpose.encode())
    return MARK + base64.urlsafe_b64encode(nonce + closed).decode()


def unseal(sealed: str, *, purpose: str, keys: Sequence[str]) -> str:
    """What was sealed with any of ``keys``; a text without the mark was never sealed. Raises ``SealBroken``."""
    if not sealed.startswith(MARK):
        return sealed
    whole = base64.urlsafe_b64decode(sealed.removeprefix(MARK))
    for key in keys:
        try:
            return (
                AESGCM(_key(key)).decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], purpose.encode()).decode()
            )
        except InvalidTag:
            continue
    raise SealBroken(purpose)


def _key(text: str) -> bytes:
    """256 bits out of a key as it is written down."""
    return hashlib.sha256(text.encode()).digest()
