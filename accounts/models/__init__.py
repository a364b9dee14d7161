"""Tables of people and places."""

from accounts.models.people import Post, User
from accounts.models.places import Region, RegionMerger, RegionTerm, Unit
from accounts.models.security import ApiToken, FormerPassword, OpenSession, ResetRequest
from accounts.models.signing_in import SignInAttempt

__all__ = [
    "ApiToken",
    "FormerPassword",
    "OpenSession",
    "Post",
    "Region",
    "RegionMerger",
    "RegionTerm",
    "ResetRequest",
    "SignInAttempt",
    "Unit",
    "User",
]
