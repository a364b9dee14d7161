"""The only door to acts, under the name the rooms above use."""

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission

__all__ = ["Permission", "requires"]
