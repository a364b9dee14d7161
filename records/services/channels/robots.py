"""Robots that speak in a group of 企业微信, 钉钉 or 飞书: one message a day with how much waits, never with names of people.

Their answer is HTTP 200 even when they refuse; the error number in its body says whether the message was taken.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
from typing import Any, ClassVar

from django.conf import settings

from records.choices import ChannelName
from records.services.channels.base import Answer, Letter, post_json


def _taken(answer: Answer, number: str) -> Answer:
    """The answer by the error number in its body; one that cannot be read is a refusal."""
    if not answer.sent:
        return answer
    try:
        code = json.loads(answer.text)[number]
    except (ValueError, KeyError, TypeError):
        return Answer(False, answer.code, answer.text)
    return Answer(code == 0, str(code), answer.text)


class _Robot:
    name: ClassVar[str]
    personal: ClassVar[bool] = False
    setting: ClassVar[str]
    number: ClassVar[str] = "errcode"

    @property
    def url(self) -> str:
        """The robot's address, which is its secret as well."""
        return str(getattr(settings, self.setting))

    def is_on(self) -> bool:
        """Whether the robot's address is set."""
        return bool(self.url)

    def body(self, letter: Letter) -> dict[str, Any]:
        """The message as the robot wants it."""
        raise NotImplementedError

    def address(self) -> str:
        """The address, signed where the robot asks for that."""
        return self.url

    def send(self, letter: Letter) -> Answer:
        """Say it in the group."""
        return _taken(post_json(self.address(), self.body(letter)), self.number)


class WecomRobot(_Robot):
    """企业微信群机器人 (message type text)."""

    name, setting = ChannelName.WECOM, "NOTIFY_WECOM_URL"

    def body(self, letter: Letter) -> dict[str, Any]:
        """Plain text."""
        return {"msgtype": "text", "text": {"content": letter.text}}


class DingtalkRobot(_Robot):
    """钉钉自定义机器人; with NOTIFY_DINGTALK_SECRET each call is signed (加签)."""

    name, setting = ChannelName.DINGTALK, "NOTIFY_DINGTALK_URL"

    def body(self, letter: Letter) -> dict[str, Any]:
        """Plain text."""
        return {"msgtype": "text", "text": {"content": letter.text}}

    def address(self) -> str:
        """The address with time and signature."""
        secret = settings.NOTIFY_DINGTALK_SECRET
        if not secret:
            return self.url
        stamp = str(round(time.time() * 1000))
        mark = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        sign = urllib.parse.quote_plus(base64.b64encode(mark))
        return f"{self.url}{'&' if '?' in self.url else '?'}timestamp={stamp}&sign={sign}"


class FeishuRobot(_Robot):
    """飞书自定义机器人; with NOTIFY_FEISHU_SECRET each message is signed (签名校验)."""

    name, setting, number = ChannelName.FEISHU, "NOTIFY_FEISHU_URL", "code"

    def body(self, letter: Letter) -> dict[str, Any]:
        """Plain text with time and signature."""
        message: dict[str, Any] = {"msg_type": "text", "content": {"text": letter.text}}
        if secret := settings.NOTIFY_FEISHU_SECRET:
            stamp = str(int(time.time()))
            mark = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
            message |= {"timestamp": stamp, "sign": base64.b64encode(mark).decode()}
        return message
