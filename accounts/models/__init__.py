"""Tables of people and places."""

from accounts.models.people import Post, User
from accounts.models.places import Region, RegionMerger, RegionTerm, Unit
from accounts.models.signing_in import SignInAttempt

__all__ = ["Post", "Region", "RegionMerger", "RegionTerm", "SignInAttempt", "Unit", "User"]
