"""Addresses of work notices and of the library of answers."""

from __future__ import annotations

from django.urls import path

from campaigns.views import notices

urlpatterns = [
    path("notices/", notices.notice_list, name="notice-list"),
    path("notices/export/", notices.notice_export, name="notice-export"),
    path("notices/new/", notices.notice_new, name="notice-new"),
    path("notices/<int:pk>/", notices.notice_detail, name="notice-detail"),
    path("notices/<int:pk>/issue/", notices.notice_issue, name="notice-issue"),
    path("notices/<int:pk>/extend/", notices.notice_extend, name="notice-extend"),
    path("notices/receipts/<int:pk>/sign/", notices.notice_sign, name="notice-sign"),
    path("notices/receipts/<int:pk>/answer/", notices.notice_answer, name="notice-answer"),
    path("notices/receipts/<int:pk>/decide/", notices.notice_decide, name="notice-decide"),
    path("guidance/", notices.guidance_list, name="guidance-list"),
    path("guidance/export/", notices.guidance_export, name="guidance-export"),
    path("guidance/ask/", notices.guidance_ask, name="guidance-ask"),
    path("guidance/<int:pk>/answer/", notices.guidance_answer, name="guidance-answer"),
]
