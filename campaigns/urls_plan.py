"""Addresses of tasks, clauses and the campaign's organisation."""

from __future__ import annotations

from django.urls import path

from campaigns.views import assessments, clauses, gantt, matrix, plan, replan, task_dates

urlpatterns = [
    path("tasks/", plan.task_list, name="task-list"),
    path("tasks/gantt/", gantt.task_gantt, name="task-gantt"),
    path("tasks/export/", plan.task_export, name="task-export"),
    path("tasks/<int:pk>/", plan.task_detail, name="task-detail"),
    path("tasks/<int:pk>/claim/", plan.task_claim, name="task-claim"),
    path("tasks/<int:pk>/report/", plan.task_report, name="task-report"),
    path("tasks/<int:pk>/extend/", task_dates.task_extend, name="task-extend"),
    path("tasks/extensions/<int:pk>/decide/", task_dates.task_extension_decide, name="task-extension-decide"),
    path("tasks/reports/<int:pk>/decide/", plan.report_decide, name="task-report-decide"),
    path("clauses/", clauses.clause_list, name="clause-list"),
    path("clauses/export/", clauses.reading_export, name="reading-export"),
    path("clauses/rulebook/export/", clauses.rulebook_export, name="rulebook-export"),
    path("clauses/<int:pk>/reading/", clauses.reading_new, name="reading-new"),
    path("assessments/", assessments.assessment_list, name="assessment-list"),
    path("assessments/export/", assessments.assessment_export, name="assessment-export"),
    path("assessments/matrix/", matrix.assessment_matrix, name="assessment-matrix"),
    path("assessments/matrix/export/", matrix.matrix_export, name="matrix-export"),
    path("assessments/lost/", matrix.lost_remedy, name="lost-remedy"),
    path("assessments/lost/all/", matrix.lost_remedies, name="lost-remedies"),
    path("assessments/new/", assessments.assessment_new, name="assessment-new"),
    path("assessments/<int:pk>/", assessments.assessment_detail, name="assessment-detail"),
    path("assessments/<int:pk>/save/", assessments.assessment_save, name="assessment-save"),
    path("assessments/<int:pk>/give/", assessments.assessment_give, name="assessment-give"),
    path("assessments/<int:pk>/hand-in/", assessments.assessment_hand_in, name="assessment-hand-in"),
    path("assessments/<int:pk>/return/", assessments.assessment_return, name="assessment-return"),
    path("assessments/<int:pk>/close/", assessments.assessment_close, name="assessment-close"),
    path("campaign/", plan.campaign_home, name="campaign-home"),
    path("campaign/directives/", plan.directive_new, name="directive-new"),
    path("campaign/replan/", replan.replan_page, name="replan"),
    path("campaign/replan/load/", replan.plan_load, name="plan-load"),
    path("campaign/replan/apply/", replan.replan_apply, name="replan-apply"),
    path("campaign/replan/<int:pk>/reverse/", replan.replan_reverse, name="replan-reverse"),
]
