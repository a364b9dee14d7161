"""Refusals of the accounts room that people can understand."""

from __future__ import annotations


class AccountRefused(Exception):
    """An act that cannot be done; the message is a Chinese sentence saying why and what to do."""
