"""Digests by text message through any gateway that speaks the portal's small HTTP protocol.

The portal sends ``POST NOTIFY_SMS_URL`` with ``Authorization: Bearer NOTIFY_SMS_KEY``, ``Idempotency-Key: <digest>`` and the JSON
document ``{"to": "<number>", "text": "<at most 300 characters>"}``. Any 2xx answer means accepted; everything else is tried again
with the same key, by which the gateway tells a repeated message from a new one.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings

from records.choices import ChannelName
from records.services.channels.base import Answer, Letter, post_json

LONGEST: Final = 300


class SmsChannel:
    """One short message a person."""

    name: ClassVar[str] = ChannelName.SMS
    personal: ClassVar[bool] = True

    def is_on(self) -> bool:
        """Whether a gateway is set."""
        return bool(settings.NOTIFY_SMS_URL)

    def send(self, letter: Letter) -> Answer:
        """Hand the message to the gateway."""
        headers = {"Idempotency-Key": letter.key, "Authorization": f"Bearer {settings.NOTIFY_SMS_KEY}"}
        return post_json(
            settings.NOTIFY_SMS_URL, {"to": letter.address, "text": letter.subject[:LONGEST]}, headers
        )
