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
from accounts.services import second_factor
from accounts.services.passwords import is_too_old
from accounts.services.sessions import LAST_SEEN, SIGNED_IN
from accounts.services.signing_in import remember_device
from foodsafe_portal.lib.doors import way_back
from foodsafe_portal.lib.mergers import read_once

FREE_PATHS = ("/static/", "/healthz", "/i18n/")
PASSWORD_PAGES = ("account_change_password", "account_logout")
SECOND_FACTOR_PAGES = (
    "mfa_activate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "account_reauthenticate",
    *PASSWORD_PAGES,
)


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
        if over := self._over(request):
            logout(request)
            if request.path.startswith("/api/"):
                return JsonResponse({"detail": over}, status=401)
            messages.info(request, over)
            return redirect_to_login(way_back(request))
        if user.language and user.language != translation.get_language():
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        if (asked := self._asked_first(request, user)) is not None:
            return asked
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    @staticmethod
    def _asked_first(request: HttpRequest, user: User) -> HttpResponse | None:
        """The way to what a person must do before anything else: a password of their own, then their second factor."""
        old = is_too_old(user, timezone.now())
        if user.must_change_password or old:
            sentence = _("密码已到期，请先改密码。") if old else _("首次登录须先改密码。")
            page, free = "account_change_password", frozenset(PASSWORD_PAGES)
        elif second_factor.is_missing(request, user):
            sentence = _("您的岗位须先绑定动态口令（第二因素）才能继续。")
            page, free = "mfa_activate_totp", frozenset(SECOND_FACTOR_PAGES)
        else:
            return None
        if request.path in {reverse(name) for name in free}:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": sentence}, status=403)
        if not user.must_change_password:
            messages.info(request, sentence)
        return redirect(page)

    @staticmethod
    def _over(request: HttpRequest) -> str:
        """Why the session has ended: silent for too long, or open for too long whatever was done in it; '' while it goes on.

        Remembers this request at most once a minute.
        """
        now = int(timezone.now().timestamp())
        minutes = settings.ADMIN_IDLE_MINUTES if request.user.is_staff else settings.IDLE_MINUTES
        began = request.session.setdefault(SIGNED_IN, now)
        if now - began > settings.SESSION_COOKIE_AGE:
            hours = settings.SESSION_COOKIE_AGE // 3600
            return _("登录已满 %(hours)s 小时，按规定自动退出。登录后可以继续。") % {"hours": hours}
        last = request.session.get(LAST_SEEN)
        if last is not None and now - last > minutes * 60:
            return _("长时间没有操作，已自动退出。登录后可以继续。")
        if last is None or now - last >= 60:
            request.session[LAST_SEEN] = now
        return ""


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
