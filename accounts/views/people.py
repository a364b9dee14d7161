"""Accounts and posts: list, making one, one-time slips, giving and ending posts, language."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import slips
from accounts.choices import RoleName
from accounts.errors import AccountRefused
from accounts.forms import AccountForm, PersonForm, PostForm
from accounts.models import Post, User
from accounts.reports import accounts_shown
from accounts.services import people
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.paging import page_of
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest


@require_safe
@requires(Permission.VIEW_ACCOUNTS)
def account_list(request: PortalRequest) -> HttpResponse:
    """Everybody with an account, with search, role and state."""
    page = page_of(accounts_shown(request.user, request.GET), request, order="username")
    template = "accounts/_account_table.html" if request.htmx else "accounts/account_list.html"
    return render(request, template, {"page": page, "roles": RoleName.choices, "params": request.GET})


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def account_new(request: PortalRequest) -> HttpResponse:
    """Make one account and show its one-time slip."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, password = people.create_account(by=request.user, **form.cleaned_data)
        except AccountRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return render(request, "accounts/slip.html", {"person": user, "password": password})
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/account_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.IMPORT_LEDGER)
def account_slips(request: PortalRequest, batch: int) -> HttpResponse:
    """The one-time slips of an accounts ledger: asked for once, by whoever confirmed it, within the hour."""
    if "accounts" not in request.user.import_kinds:
        raise PermissionDenied
    taken = slips.take(batch, request.user) if request.method == "POST" else None
    context = {"batch": batch, "slips": taken, "waiting": slips.waiting(batch, request.user)}
    return render(request, "accounts/slips.html", context)


def _person(request: PortalRequest, pk: int) -> User:
    """An account within the viewer's scope."""
    return get_object_or_404(User, pk__in=User.objects.visible_to(request.user).filter(pk=pk).values("pk"))


@require_safe
@requires(Permission.VIEW_ACCOUNTS)
def account_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One person: posts past and present, and the acts the viewer may do."""
    return _detail(request, _person(request, pk), PostForm(), 200)


def _detail(request: PortalRequest, person: User, form: PostForm, status: int) -> HttpResponse:
    posts = person.posts.select_related("region", "unit").order_by("valid_to", "-valid_from")
    context = {
        "person": person,
        "posts": posts,
        "form": form,
        "person_form": PersonForm(initial={"name": person.name, "mobile": person.mobile or ""}),
        "today": timezone.localdate(),
        "may_manage": request.user.can(Permission.MANAGE_ACCOUNTS),
        "may_post": request.user.can(Permission.MANAGE_POSTS),
    }
    return render(request, "accounts/account_detail.html", context, status=status)


@require_POST
@requires(Permission.MANAGE_ACCOUNTS)
def account_update(request: PortalRequest, pk: int) -> HttpResponse:
    """Change a person's name or mobile number."""
    person = _person(request, pk)
    form = PersonForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("account-detail", pk=pk)
    try:
        people.update_account(user=person, by=request.user, **form.cleaned_data)
    except AccountRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已保存。"))
    return redirect("account-detail", pk=pk)


@require_POST
@requires(Permission.MANAGE_ACCOUNTS)
def account_reset(request: PortalRequest, pk: int) -> HttpResponse:
    """A new one-time password on a slip, shown once."""
    person = _person(request, pk)
    password = people.reset_password(user=person, by=request.user)
    return render(request, "accounts/slip.html", {"person": person, "password": password})


@require_POST
@requires(Permission.MANAGE_ACCOUNTS)
def account_switch(request: PortalRequest, pk: int) -> HttpResponse:
    """Switch an account on or off."""
    person = _person(request, pk)
    try:
        people.switch_account(user=person, active=request.POST.get("active") == "1", by=request.user)
    except AccountRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("account-detail", pk=pk)


@require_POST
@requires(Permission.MANAGE_POSTS)
def post_give(request: PortalRequest, pk: int) -> HttpResponse:
    """Give a person a post."""
    person = _person(request, pk)
    form = PostForm(request.POST)
    if form.is_valid():
        try:
            people.give_post(user=person, by=request.user, **form.cleaned_data)
        except AccountRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("岗位已授予，对方下一次操作即生效。"))
            return redirect("account-detail", pk=pk)
    return _detail(request, person, form, 422)


@require_POST
@requires(Permission.MANAGE_POSTS)
def post_end(request: PortalRequest, pk: int) -> HttpResponse:
    """End a post: yesterday is its last day, so the next request already goes without it."""
    post = get_object_or_404(Post.objects.visible_to(request.user).select_related("user"), pk=pk)
    try:
        people.end_post(post=post, on=timezone.localdate() - timedelta(days=1), by=request.user)
    except AccountRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("account-detail", pk=post.user_id)


@require_POST
def language(request: PortalRequest) -> HttpResponse:
    """Switch the interface language, also before logging in, and remember it for the person."""
    code = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if code in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            people.choose_language(user=request.user, language=code)
        translation.activate(code)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response
