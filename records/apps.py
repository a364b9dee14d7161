"""Names the app for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """See the package's own sentence."""

    name = "records"
    verbose_name = _("登记")
