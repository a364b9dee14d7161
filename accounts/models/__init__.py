"""Tables of people and places."""

from accounts.models.people import Post, User
from accounts.models.places import Region, RegionMerger, RegionTerm, Unit

__all__ = ["Post", "Region", "RegionMerger", "RegionTerm", "Unit", "User"]
