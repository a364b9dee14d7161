"""Addresses of the entities room."""

from __future__ import annotations

from django.urls import path

from entities.views import businesses, changes, duplicates, officers

urlpatterns = [
    path("businesses/", businesses.business_list, name="business-list"),
    path("businesses/export/", businesses.business_export, name="business-export"),
    path("businesses/new/", businesses.business_new, name="business-new"),
    path("businesses/<int:pk>/", businesses.business_detail, name="business-detail"),
    path("businesses/<int:pk>/edit/", businesses.business_edit, name="business-edit"),
    path("businesses/<int:pk>/status/", businesses.business_status, name="business-status"),
    path("businesses/<int:pk>/grade/", businesses.business_grade, name="business-grade"),
    path("businesses/<int:pk>/assign/", businesses.business_assign, name="business-assign"),
    path("assignments/<int:pk>/end/", businesses.assignment_end, name="assignment-end"),
    path("officers/", officers.officer_list, name="officer-list"),
    path("officers/export/", officers.officer_export, name="officer-export"),
    path("officers/<int:pk>/", officers.officer_detail, name="officer-detail"),
    path("officers/<int:pk>/pledge/", officers.pledge_sign, name="pledge-sign"),
    path("duplicates/", duplicates.duplicate_list, name="duplicate-list"),
    path("duplicates/export/", duplicates.duplicate_export, name="duplicate-export"),
    path("duplicates/seek/", duplicates.duplicate_seek, name="duplicate-seek"),
    path("duplicates/<int:pk>/", duplicates.duplicate_detail, name="duplicate-detail"),
    path("duplicates/<int:pk>/merge/", duplicates.duplicate_merge, name="duplicate-merge"),
    path("duplicates/<int:pk>/apart/", duplicates.duplicate_apart, name="duplicate-apart"),
    path("duplicates/<int:pk>/withdraw/", duplicates.duplicate_withdraw, name="duplicate-withdraw"),
    path("changes/", changes.change_list, name="change-list"),
    path("changes/status/<int:pk>/review/", changes.status_change_review, name="status-change-review"),
    path("changes/grade/<int:pk>/review/", changes.grade_change_review, name="grade-change-review"),
]
