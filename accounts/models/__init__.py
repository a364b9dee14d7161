"""Tables of people and places."""

from accounts.models.people import Post, User
from accounts.models.places import Region, Unit

__all__ = ["Post", "Region", "Unit", "User"]
