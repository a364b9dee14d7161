"""Names the app for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """See the package's own sentence."""

    name = "campaigns"
    verbose_name = _("创建")

    def ready(self) -> None:
        """Connect the receivers; they need the models, which exist only now."""
        from campaigns import receivers  # noqa: F401
        from campaigns.views.proof import show_proof_of_reports

        show_proof_of_reports()
