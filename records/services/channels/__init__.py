"""The channels a digest may leave by, behind one interface; each is off until its settings are there."""

from __future__ import annotations

from typing import Any

from records.choices import ChannelName
from records.services.channels.base import Answer, Channel, Letter
from records.services.channels.mail import MailChannel
from records.services.channels.robots import DingtalkRobot, FeishuRobot, WecomRobot
from records.services.channels.sms import SmsChannel

__all__ = ["Answer", "Channel", "Letter", "active_channels", "channel_named"]

_channels: dict[str, Any] = {
    ChannelName.MAIL: MailChannel(),
    ChannelName.SMS: SmsChannel(),
    ChannelName.WECOM: WecomRobot(),
    ChannelName.DINGTALK: DingtalkRobot(),
    ChannelName.FEISHU: FeishuRobot(),
}


def channel_named(name: str) -> Channel:
    """The channel with this code."""
    return _channels[name]


def active_channels() -> list[Channel]:
    """The channels whose settings are there."""
    return [channel for channel in _channels.values() if channel.is_on()]
