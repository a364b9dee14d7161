"""Names the app and its admin site for Django."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """See the package's own sentence."""

    default = True
    name = "accounts"
    verbose_name = _("人员与辖区")

    def ready(self) -> None:
        """Let log-ins and password changes reach the trail, and reading by territory know of merged regions."""
        from accounts import mergers, receivers  # noqa: F401  (importing them connects them)


class PortalAdminConfig(admin_apps.AdminConfig):
    """The plain Django admin, opened by the rights table instead of by superusers."""

    default = False
    default_site = "accounts.admin_site.PortalAdminSite"
