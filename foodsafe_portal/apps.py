"""Loads the Celery application with Django, so that services can wake workers."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PortalConfig(AppConfig):
    """The project package as an app: template tags and the Celery application."""

    name = "foodsafe_portal"
    verbose_name = "食安创建"

    def ready(self) -> None:
        """Bind shared tasks to the portal's Celery application."""
        from foodsafe_portal import celery  # noqa: F401  (importing it configures the application)

        # Job handlers, ledger kinds and exports register themselves when their module is read.
        autodiscover_modules("tasks", "ledgers", "lists", "exports")
