"""What a post must carry."""

from __future__ import annotations

from accounts.rules.rights import Role

# Roles whose scope is a territory; without one their holder would see nothing.
NEEDS_REGION = frozenset(
    {Role.CAMPAIGN_OFFICE, Role.LEADER, Role.COUNTY_LIAISON, Role.TOWNSHIP_LIAISON, Role.REGULATOR}
    | {Role.SUPERVISION_TEAM, Role.UNIT_LIAISON}
)
