"""Digests by e-mail through the portal's mail server (``EMAIL_URL``); on with ``NOTIFY_MAIL``."""

from __future__ import annotations

import smtplib
from typing import ClassVar

from django.conf import settings
from django.core.mail import EmailMessage

from records.choices import ChannelName
from records.services.channels.base import Answer, Letter


class MailChannel:
    """One message a person; its Message-ID is the digest's key, so that a repeated one is recognised."""

    name: ClassVar[str] = ChannelName.MAIL
    personal: ClassVar[bool] = True

    def is_on(self) -> bool:
        """Whether mail was asked for."""
        return bool(settings.NOTIFY_MAIL)

    def send(self, letter: Letter) -> Answer:
        """Hand the message to the mail server."""
        message = EmailMessage(
            letter.subject,
            letter.text,
            to=[letter.address],
            headers={"Message-ID": f"<{letter.key}@portal>", "Auto-Submitted": "auto-generated"},
        )
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            refused = next(iter(error.recipients.values()))
            return Answer(False, str(refused[0]), str(refused[1]))
        except smtplib.SMTPResponseException as error:
            return Answer(False, str(error.smtp_code), str(error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            return Answer(False, type(error).__name__, str(error))
        return Answer(True, "250")
