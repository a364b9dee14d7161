"""Addresses of the inspections room."""

from __future__ import annotations

from django.urls import URLPattern, path

from inspections.views import duties, visits

urlpatterns: list[URLPattern] = [
    path("visits/mine/", visits.my_visits, name="my-visits"),
    path("visits/mine/<int:business_id>/", visits.visit_quick, name="visit-quick"),
    path("visits/new/<int:business_id>/", visits.visit_new, name="visit-new"),
    path("visits/", visits.visit_list, name="visit-list"),
    path("visits/export/", visits.visit_export, name="visit-export"),
    path("visits/<int:pk>/", visits.visit_detail, name="visit-detail"),
    path("visits/<int:pk>/void/", visits.visit_void, name="visit-void"),
    path("duties/", duties.duty_list, name="duty-list"),
    path("duties/export/", duties.duty_export, name="duty-export"),
]
