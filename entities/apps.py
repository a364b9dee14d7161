"""Names the app for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EntitiesConfig(AppConfig):
    """See the package's own sentence."""

    name = "entities"
    verbose_name = _("主体与干部")
