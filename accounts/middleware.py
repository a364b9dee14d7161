"""Per-request rules about the person: first password change, idle time-out, language, no caching."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.errors import SignInWaits
from accounts.models import User
from accounts.services.signing_in import remember_device
from foodsafe_portal.lib.doors import way_back
from foodsafe_portal.lib.mergers import read_once

LAST_SEEN = "last_seen"
FREE_PATHS = ("/static/", "/healthz", "/i18n/")


class PersonMiddleware:
    """Ends idle sessions, insists on the first password change and keeps signed-in pages out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under the person's rules; what is merged is read once for all of it."""
        with read_once():
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated or request.path.startswith(FREE_PATHS):
            return self.get_response(request)
        if self._idle(request):
            logout(request)
            if request.path.startswith("/api/"):
                return JsonResponse({"detail": _("长时间没有操作，已自动退出。登录后可以继续。")}, status=401)
            messages.info(request, _("长时间没有操作，已自动退出。登录后可以继续。"))
            return redirect_to_login(way_back(request))
        if user.language and user.language != translation.get_language():
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        if user.must_change_password and request.path not in {
            reverse("account_change_password"),
            reverse("account_logout"),
        }:
            if request.path.startswith("/api/"):
                return JsonResponse({"detail": _("首次登录须先改密码。")}, status=403)
            return redirect("account_change_password")
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    @staticmethod
    def _idle(request: HttpRequest) -> bool:
        """Whether the session has been silent for too long; remembers this request at most once a minute."""
        now = int(timezone.now().timestamp())
        minutes = settings.ADMIN_IDLE_MINUTES if request.user.is_staff else settings.IDLE_MINUTES
        last = request.session.get(LAST_SEEN)
        if last is not None and now - last > minutes * 60:
            return True
        if last is None or now - last >= 60:
            request.session[LAST_SEEN] = now
        return False


class SignInMiddleware:
    """Marks the browser of whoever signed in, and answers guesses that come too fast with how long to wait."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; the cookie goes with the answer to a log-in."""
        response = self.get_response(request)
        user = getattr(request, "signed_in", None)
        if isinstance(user, User):
            remember_device(request, response, user)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of a name that has to wait; the API says it in its own words."""
        if not isinstance(exception, SignInWaits):
            return None
        minutes = math.ceil(exception.seconds / 60)
        page = render(request, "429.html", {"minutes": minutes}, status=429)
        page.headers["Retry-After"] = str(exception.seconds)
        add_never_cache_headers(page)
        return page
