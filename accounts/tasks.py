"""Celery's way into the accounts room: each task is one line of work."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.services import signing_in


@shared_task
def forget_attempts() -> int:
    """Delete log-in attempts that count for nothing any more."""
    return signing_in.forget_attempts(timezone.now())
