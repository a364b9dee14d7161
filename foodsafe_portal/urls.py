"""Addresses of the portal."""

from __future__ import annotations

from allauth.account import views as account_views
from django.contrib import admin
from django.urls import include, path

from foodsafe_portal import views

handler500 = views.broken

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("login/", account_views.login, name="account_login"),
    path("logout/", account_views.logout, name="account_logout"),
    path("password/", account_views.password_change, name="account_change_password"),
    path("", include("records.urls")),
    path("", include("accounts.urls")),
    path("", include("entities.urls")),
    path("", include("inspections.urls")),
    path("", include("campaigns.urls")),
    path("", include("campaigns.urls_plan")),
    path("api/v1/", include("foodsafe_portal.api_urls")),
    path("admin/", admin.site.urls),
]
