"""What one's own account is open with: signed-in browsers, tokens of programs, the second factor; each can be ended."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import ApiToken, OpenSession, ResetRequest
from accounts.services import second_factor, sessions
from accounts.services.passwords import profile
from accounts.services.tokens import revoke_token
from foodsafe_portal.lib.requests import PortalRequest


@require_safe
@login_required
def my_sessions(request: PortalRequest) -> HttpResponse:
    """One's own signed-in browsers and tokens, and how long they last."""
    user = request.user
    context = {
        "sessions": sessions.sessions_of(user, here=request.session.session_key),
        "tokens": ApiToken.objects.filter(user=user).order_by("-created_at"),
        "bound": second_factor.is_bound(user),
        "due_on": second_factor.due_on(user),
        "idle_minutes": settings.ADMIN_IDLE_MINUTES if user.is_staff else settings.IDLE_MINUTES,
        "hours": settings.SESSION_COOKIE_AGE // 3600,
        "password_days": profile().days,
        "resets": ResetRequest.objects.filter(user=user, used_at__isnull=False)
        .select_related("asked_by", "decided_by")
        .order_by("-used_at")[:5],
    }
    return render(request, "accounts/sessions.html", context)


@require_POST
@login_required
def session_end(request: PortalRequest, pk: int) -> HttpResponse:
    """Sign out one of one's browsers; of another person's there is none."""
    sessions.end_session(session=get_object_or_404(OpenSession, user=request.user, pk=pk), by=request.user)
    messages.success(request, _("已退出那个浏览器的登录。"))
    return redirect("my-sessions")


@require_POST
@login_required
def token_revoke(request: PortalRequest, pk: int) -> HttpResponse:
    """Take back one of one's tokens."""
    token = get_object_or_404(ApiToken, user=request.user, pk=pk)
    revoke_token(user=request.user, by=request.user, token=token)
    messages.success(request, _("令牌已撤销。"))
    return redirect("my-sessions")
