"""The API of supervision: visits owed, visits made, problems with every step of their way, and the proof of each."""

from __future__ import annotations

from foodsafe_portal.lib.api import refused_as
from inspections.api.evidence import EvidenceViewSet
from inspections.api.problems import ProblemViewSet
from inspections.api.visits import DutyViewSet, VisitViewSet
from inspections.errors import InspectionRefused
from inspections.rules.states import NotPermitted, StepRefused

refused_as(409, InspectionRefused, StepRefused)
refused_as(403, NotPermitted)

__all__ = ["DutyViewSet", "EvidenceViewSet", "ProblemViewSet", "VisitViewSet"]
