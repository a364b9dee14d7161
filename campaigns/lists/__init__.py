"""The lists of the campaign room."""

from campaigns.lists.assessments import ASSESSMENTS
from campaigns.lists.evidence import EVIDENCE
from campaigns.lists.notices import GUIDANCE, NOTICES

__all__ = ["ASSESSMENTS", "EVIDENCE", "GUIDANCE", "NOTICES"]
