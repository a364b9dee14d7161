"""The Celery application: messages only wake workers, the database is the truth about work."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foodsafe_portal.settings")

app = Celery("foodsafe_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
