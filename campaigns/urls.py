"""Addresses of the campaigns room."""

from __future__ import annotations

from django.urls import path

from campaigns.views import dashboard, figures, weeks

urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("figures/export/", figures.figure_export, name="figure-export"),
    path(
        "figures/<int:report>/<slug:measure>/<slug:level>/<slug:code>/<slug:part>/",
        figures.figure_list,
        name="figure-list",
    ),
    path("reports/", weeks.report_list, name="report-list"),
    path("reports/export/", weeks.report_export, name="report-export"),
    path("reports/close/", weeks.report_close, name="report-close"),
    path("reports/closing/<uuid:pk>/", weeks.report_closing, name="report-closing"),
    path("reports/<int:pk>/", weeks.report_detail, name="report-detail"),
    path("reports/<int:pk>/export/", weeks.report_figures, name="report-figures"),
    path("reports/<int:pk>/publish/", weeks.report_publish, name="report-publish"),
]
