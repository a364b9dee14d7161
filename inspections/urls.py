"""Addresses of the inspections room."""

from __future__ import annotations

from django.urls import URLPattern, path

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
    path("problems/<int:pk>/sign/", problems.problem_sign, name="problem-sign"),
    path("problems/<int:pk>/plan/", problems.problem_plan, name="problem-plan"),
    path("problems/<int:pk>/submit/", problems.problem_submit, name="problem-submit"),
    path("problems/<int:pk>/check/", problems.problem_check, name="problem-check"),
    path("problems/<int:pk>/verify/", problems.problem_verify, name="problem-verify"),
    path("problems/<int:pk>/extend/", problems.problem_extend, name="problem-extend"),
    path("problems/<int:pk>/extension/", problems.problem_extension, name="problem-extension"),
    path("problems/<int:pk>/transfer/", problems.problem_transfer, name="problem-transfer"),
    path("problems/<int:pk>/refer/", problems.problem_refer, name="problem-refer"),
    path("problems/<int:pk>/referral/", problems.problem_referral, name="problem-referral"),
    path("problems/<int:pk>/revisit/", problems.problem_revisit, name="problem-revisit"),
    path("problems/<int:pk>/void/", problems.problem_void, name="problem-void"),
    path("evidence/<uuid:pk>/", evidence.evidence_file, name="evidence-file"),
]
