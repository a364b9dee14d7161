"""Tables of the campaign."""

from campaigns.models.campaign import Campaign, Directive, LeadingGroup, Membership, Phase, WorkTeam
from campaigns.models.rulebook import Assessment, Clause, Reading, Rulebook
from campaigns.models.tasks import TaskItem, TaskReport, TaskSupport
from campaigns.models.weeks import WeeklyFigure, WeeklyReport

__all__ = [
    "Assessment",
    "Campaign",
    "Clause",
    "Directive",
    "LeadingGroup",
    "Membership",
    "Phase",
    "Reading",
    "Rulebook",
    "TaskItem",
    "TaskReport",
    "TaskSupport",
    "WeeklyFigure",
    "WeeklyReport",
    "WorkTeam",
]
