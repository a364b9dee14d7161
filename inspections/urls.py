"""Addresses of the inspections room."""

from __future__ import annotations

from django.urls import URLPattern, path

from inspections.acts import ACTS
from inspections.views import duties, evidence, problems, visits

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
    path("problems/", problems.problem_list, name="problem-list"),
    path("problems/new/", problems.problem_new, name="problem-new"),
    path("problems/export/", problems.problem_export, name="problem-export"),
    path("problems/<int:pk>/", problems.problem_detail, name="problem-detail"),
    *(
        path(f"problems/<int:pk>/{act.code}/", problems.act_view(act), name=f"problem-{act.code}")
        for act in ACTS
    ),
    path("evidence/<uuid:pk>/", evidence.evidence_file, name="evidence-file"),
]
