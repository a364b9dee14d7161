"""Addresses of the accounts room."""

from __future__ import annotations

from django.urls import path

from accounts.views import people

urlpatterns = [
    path("accounts/", people.account_list, name="account-list"),
    path("accounts/new/", people.account_new, name="account-new"),
    path("accounts/slips/<int:batch>/", people.account_slips, name="account-slips"),
    path("accounts/<int:pk>/", people.account_detail, name="account-detail"),
    path("accounts/<int:pk>/update/", people.account_update, name="account-update"),
    path("accounts/<int:pk>/reset/", people.account_reset, name="account-reset"),
    path("accounts/<int:pk>/switch/", people.account_switch, name="account-switch"),
    path("accounts/<int:pk>/posts/", people.post_give, name="post-give"),
    path("posts/<int:pk>/end/", people.post_end, name="post-end"),
    path("i18n/setlang/", people.language, name="set_language"),
]
