"""People and places in the admin: accounts and their posts, regions and units, all through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_filters import county_filter
from accounts.errors import AccountRefused
from accounts.models import Post, Region, RegionMerger, RegionTerm, SignInAttempt, Unit, User
from accounts.services import people
from accounts.services.places import save_region, save_unit
from foodsafe_portal.lib.permissions import Permission as P
from records.admin_base import EditedAdmin, ScopedAdmin
from records.admin_ledgers import LedgerDoors
from records.services.rows import RowRefused

REFUSALS = (AccountRefused, RowRefused)


@admin.register(Region)
class RegionAdmin(LedgerDoors, EditedAdmin):
    """Administrative divisions; a merged or abolished one is closed with a successor, never deleted."""

    ledger = "regions"
    refusals = REFUSALS
    view_permissions = (P.USE_ADMIN,)
    change_permissions = (P.MANAGE_REGIONS,)
    list_display = (
        "code",
        "name",
        "level",
        "residents",
        "opened_on",
        "closed_on",
        "successor",
        "former_names",
    )
    list_filter = ("level",)
    ordering = ("code",)
    search_fields = ("code__startswith", "name__startswith")
    fields = ("code", "name", "former_names", "residents", "opened_on", "closed_on", "successor")
    on_change = ("name", "former_names", "residents", "opened_on", "closed_on", "successor")
    shown_after = ("level",)
    autocomplete_fields = ("successor",)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Region:
        """See ``save_region``."""
        values = {name: value for name, value in values.items() if name != "code"}
        return save_region(region=row, by=request.user, seen=seen, **values)


@admin.register(RegionMerger)
class RegionMergerAdmin(ScopedAdmin):
    """What was known of mergers and when; written with the region that was merged."""

    view_permissions = (P.USE_ADMIN,)
    list_display = ("region", "successor", "effective_on", "recorded_at", "withdrawn_at")
    list_select_related = ("region", "successor")


@admin.register(RegionTerm)
class RegionTermAdmin(ScopedAdmin):
    """What was known of when regions stood; written with the region that was opened or closed."""

    view_permissions = (P.USE_ADMIN,)
    list_display = ("region", "opened_on", "closed_on", "recorded_at", "withdrawn_at")
    list_select_related = ("region",)


@admin.register(Unit)
class UnitAdmin(LedgerDoors, EditedAdmin):
    """Government bodies."""

    ledger = "units"
    refusals = REFUSALS
    view_permissions = (P.USE_ADMIN,)
    change_permissions = (P.MANAGE_REGIONS,)
    list_display = ("name", "short_name", "kind", "region", "parent", "is_member")
    list_filter = ("kind", "is_member", county_filter())
    search_fields = ("name", "short_name")
    fields = ("name", "short_name", "kind", "region", "parent", "is_member")
    autocomplete_fields = ("region", "parent")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Unit:
        """See ``save_unit``."""
        return save_unit(unit=row, by=request.user, seen=seen, **values)


@admin.register(User)
class UserAdmin(LedgerDoors, EditedAdmin):
    """Accounts; a new one gets a one-time password, shown once. Password resets are on the portal's page of the person."""

    ledger = "accounts"
    refusals = REFUSALS
    view_permissions = (P.VIEW_ACCOUNTS,)
    change_permissions = (P.MANAGE_ACCOUNTS,)
    list_display = ("username", "name", "is_active", "must_change_password", "created_at")
    list_filter = ("is_active",)
    ordering = ("username",)
    search_fields = ("username__startswith", "name__startswith", "mobile__startswith")
    fields = ("username", "name", "mobile")
    on_change = ("name", "mobile")
    shown_after = ("is_active", "must_change_password", "language", "last_login", "created_at")
    actions = ("switch_on", "switch_off")

    def rows(self, user: Any) -> QuerySet:
        """Each person once, however many posts they hold."""
        everybody = User.objects.all()
        visible = everybody.visible_to(user)
        return everybody if visible is everybody else everybody.filter(pk__in=visible.values("pk"))

    def view_on_site(self, obj: User) -> str:
        """The portal's page of the person: posts, password, switching on and off."""
        return reverse("account-detail", args=(obj.pk,))

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> User:
        """See ``people.create_account`` and ``people.update_account``."""
        name, mobile = values["name"], values["mobile"] or ""
        if row._state.adding:
            made, password = people.create_account(
                username=values["username"], name=name, mobile=mobile, by=request.user
            )
            request.one_time_password = password  # type: ignore[attr-defined]
            return made
        return people.update_account(
            user=User.objects.get(pk=row.pk), name=name, mobile=mobile, by=request.user
        )

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The slip with the one-time password, the only time it is shown."""
        password = request.one_time_password  # type: ignore[attr-defined]
        return render(request, "accounts/slip.html", {"person": obj, "password": password})

    def has_switch_permission(self, request: HttpRequest) -> bool:
        """Whether the switching actions are offered."""
        return self._may_write(request)

    @admin.action(description=gettext_lazy("启用所选账号"), permissions=["switch"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Switch accounts on, one event each."""
        self._switch(request, queryset, active=True)

    @admin.action(description=gettext_lazy("停用所选账号"), permissions=["switch"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Switch accounts off, one event each."""
        self._switch(request, queryset, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, active: bool) -> None:
        done = 0
        for user in queryset.exclude(is_active=active):
            try:
                people.switch_account(user=user, active=active, by=request.user)
                done += 1
            except AccountRefused as refusal:
                messages.error(request, str(refusal))
        words = _("已启用 %(count)s 个账号。") if active else _("已停用 %(count)s 个账号。")
        messages.success(request, words % {"count": done})


@admin.register(Post)
class PostAdmin(LedgerDoors, EditedAdmin):
    """Posts: given, and ended by a last day."""

    ledger = "accounts"
    refusals = REFUSALS
    view_permissions = (P.VIEW_ACCOUNTS, P.MANAGE_POSTS)
    change_permissions = (P.MANAGE_POSTS,)
    list_display = ("user", "role", "title", "unit", "region", "valid_from", "valid_to")
    list_filter = ("role", county_filter())
    search_fields = ("user__username__startswith", "user__name__startswith")
    fields = ("user", "role", "title", "unit", "region", "valid_from", "valid_to")
    on_change = ("valid_to",)
    autocomplete_fields = ("user", "unit", "region")

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """While it has no last day."""
        return Post.objects.filter(pk=row.pk, valid_to__isnull=True).exists()

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Post:
        """See ``people.give_post`` and ``people.end_post``."""
        if row._state.adding:
            return people.give_post(by=request.user, **values)
        if values["valid_to"] is None:
            raise AccountRefused(_("请填终止日期；岗位的其他内容不能改，可终止后另授。"))
        return people.end_post(post=Post.objects.get(pk=row.pk), on=values["valid_to"], by=request.user)


@admin.register(SignInAttempt)
class SignInAttemptAdmin(ScopedAdmin):
    """Wrong attempts to sign in that still count against a name in a place."""

    view_permissions = (P.VIEW_TRAIL,)
    list_display = ("at", "address")
    hidden = ("name_key",)
