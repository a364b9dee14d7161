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
        """Let log-ins and password changes reach the trail."""
        from accounts import receivers  # noqa: F401  (importing it connects the receivers)


class PortalAdminConfig(admin_apps.AdminConfig):
    """The plain Django admin, opened by the rights table instead of by superusers."""

    default = False
    default_site = "accounts.admin_site.PortalAdminSite"
