"""Names the app for Django and tells the navigation what waits here."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EntitiesConfig(AppConfig):
    """See the package's own sentence."""

    name = "entities"
    verbose_name = _("主体与干部")

    def ready(self) -> None:
        """The count needs the models, which exist only now."""
        from accounts.navigation import learn_badge
        from entities.reports.duplicates import waiting_pairs

        learn_badge("duplicate-list", waiting_pairs)
