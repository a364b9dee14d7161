"""Names the app for Django and connects it to the register below."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionsConfig(AppConfig):
    """See the package's own sentence."""

    name = "inspections"
    verbose_name = _("督导与整改")

    def ready(self) -> None:
        """Connect the receivers and answer the register's questions; both need the models, which exist only now."""
        from entities.hooks import introduce
        from inspections import receivers  # noqa: F401
        from inspections.business_facts import BusinessFacts

        introduce(BusinessFacts())
