"""Addresses of the records room."""

from __future__ import annotations

from django.urls import path

from records.views import jobs, trail

urlpatterns = [
    path("trail/", trail.trail, name="trail"),
    path("trail/<int:pk>/", trail.event_detail, name="trail-event"),
    path("trail/verify/", trail.trail_verify, name="trail-verify"),
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/<uuid:pk>/", jobs.job_detail, name="job-detail"),
    path("jobs/<uuid:pk>/cancel/", jobs.job_cancel, name="job-cancel"),
]
