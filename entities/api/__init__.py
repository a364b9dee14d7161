"""The API of the register: businesses, their dated changes, officers and who is bound to what."""

from __future__ import annotations

from typing import Any

from entities.api.businesses import BusinessViewSet
from entities.api.changes import GradeChangeViewSet, StatusChangeViewSet
from entities.api.officers import AssignmentViewSet, OfficerViewSet
from entities.errors import Refused, StaleVersion
from entities.services.businesses import plain_value
from foodsafe_portal.lib.api import refused_as


def both_values(refusal: StaleVersion) -> dict[str, Any]:
    """What the other person saved and what this one sent, field by field, and the version to send next."""
    return {
        "version": refusal.saved_version,
        "clashes": {
            name: {"saved": plain_value(saved), "yours": plain_value(yours)}
            for name, (saved, yours) in refusal.clashes.items()
        },
    }


refused_as(409, Refused)
refused_as(409, StaleVersion, more=both_values)

__all__ = [
    "AssignmentViewSet",
    "BusinessViewSet",
    "GradeChangeViewSet",
    "OfficerViewSet",
    "StatusChangeViewSet",
]
