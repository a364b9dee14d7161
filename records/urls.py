"""Addresses of the records room."""

from __future__ import annotations

from django.urls import path

from records.views import jobs, ledgers, trail

urlpatterns = [
    path("ledgers/", ledgers.ledger_home, name="ledger-home"),
    path("ledgers/upload/", ledgers.ledger_upload, name="ledger-upload"),
    path("ledgers/template/<slug:kind>.xlsx", ledgers.ledger_template, name="ledger-template"),
    path("ledgers/<int:pk>/", ledgers.ledger_batch, name="ledger-batch"),
    path("ledgers/<int:pk>/confirm/", ledgers.ledger_confirm, name="ledger-confirm"),
    path("ledgers/<int:pk>/abandon/", ledgers.ledger_abandon, name="ledger-abandon"),
    path("ledgers/<int:pk>/recheck/", ledgers.ledger_recheck, name="ledger-recheck"),
    path("ledgers/<int:pk>/choose/", ledgers.ledger_choose, name="ledger-choose"),
    path("ledgers/<int:pk>/forget/", ledgers.ledger_forget, name="ledger-forget"),
    path("ledgers/<int:pk>/stop/", ledgers.ledger_stop, name="ledger-stop"),
    path("ledgers/<int:pk>/approve/", ledgers.ledger_approve, name="ledger-approve"),
    path("ledgers/<int:pk>/decline/", ledgers.ledger_decline, name="ledger-decline"),
    path("ledgers/<int:pk>/undo/", ledgers.ledger_undo, name="ledger-undo"),
    path("ledgers/<int:pk>/undo/approve/", ledgers.ledger_undo_approve, name="ledger-undo-approve"),
    path("ledgers/<int:pk>/undo/decline/", ledgers.ledger_undo_decline, name="ledger-undo-decline"),
    path("ledgers/<int:pk>/marked.xlsx", ledgers.ledger_marked, name="ledger-marked"),
    path("ledgers/<int:pk>/original/", ledgers.ledger_original, name="ledger-original"),
    path("ledgers/<int:pk>/missing/", ledgers.ledger_missing, name="ledger-missing"),
    path("trail/", trail.trail, name="trail"),
    path("trail/<int:pk>/", trail.event_detail, name="trail-event"),
    path("trail/verify/", trail.trail_verify, name="trail-verify"),
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/<uuid:pk>/", jobs.job_detail, name="job-detail"),
    path("jobs/<uuid:pk>/cancel/", jobs.job_cancel, name="job-cancel"),
]
