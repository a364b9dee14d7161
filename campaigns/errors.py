"""Refusals of the campaign room that people can understand."""

from __future__ import annotations


class CampaignRefused(Exception):
    """An act that cannot be done now; the message is a Chinese sentence saying why and what to do."""


class RulebookRefused(CampaignRefused):
    """The edition or the reading cannot be taken; the sentence names the clause."""


class WeekNotOver(CampaignRefused):
    """A week is frozen after its Sunday 24:00."""


class AlreadyPublished(CampaignRefused):
    """Somebody was first."""
