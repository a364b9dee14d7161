"""Addresses of tasks, clauses and the campaign's organisation."""

from __future__ import annotations

from django.urls import path

from campaigns.views import clauses, plan

urlpatterns = [
    path("tasks/", plan.task_list, name="task-list"),
    path("tasks/export/", plan.task_export, name="task-export"),
    path("tasks/<int:pk>/", plan.task_detail, name="task-detail"),
    path("tasks/<int:pk>/claim/", plan.task_claim, name="task-claim"),
    path("tasks/<int:pk>/report/", plan.task_report, name="task-report"),
    path("tasks/reports/<int:pk>/decide/", plan.report_decide, name="task-report-decide"),
    path("clauses/", clauses.clause_list, name="clause-list"),
    path("clauses/export/", clauses.reading_export, name="reading-export"),
    path("clauses/rulebook/export/", clauses.rulebook_export, name="rulebook-export"),
    path("clauses/<int:pk>/reading/", clauses.reading_new, name="reading-new"),
    path("assessments/<int:pk>/", clauses.assessment_detail, name="assessment-detail"),
    path("campaign/", plan.campaign_home, name="campaign-home"),
    path("campaign/directives/", plan.directive_new, name="directive-new"),
    path("campaign/review/", plan.review_move, name="review-move"),
]
