"""The Django admin as a window on the portal: same people, same scope, no own log-in page."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.rules.rights import Permission


class PortalAdminSite(AdminSite):
    """Opens for those whose posts give ``USE_ADMIN``; everybody logs in through the portal's own page."""

    site_header = _("食安创建 · 后台")
    site_title = _("食安创建后台")
    index_title = _("登记与设置")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person may open the admin at all."""
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.can(Permission.USE_ADMIN))

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Send people to the portal's log-in; those logged in without the right get the portal's refusal."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect(f"/login/?next={request.get_full_path()}")
