"""Names the app for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionsConfig(AppConfig):
    """See the package's own sentence."""

    name = "inspections"
    verbose_name = _("督导与整改")
