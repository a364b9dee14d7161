"""Lists, said once: one definition from which page, fragment, chips, export, API list and bulk selection follow."""

from foodsafe_portal.lib.lists.address import Address, Chip
from foodsafe_portal.lib.lists.asked import Asked, ShownTab, Tab
from foodsafe_portal.lib.lists.columns import Column
from foodsafe_portal.lib.lists.filters import (
    ELSEWHERE,
    OFFERED,
    TOLD,
    Choice,
    Day,
    Key,
    ListFilters,
    Search,
    Territory,
    Word,
    Yes,
)
from foodsafe_portal.lib.lists.listing import WHOLE_CITY, Listing, ListPage, all_listings, listing

__all__ = [
    "ELSEWHERE", "OFFERED", "TOLD", "WHOLE_CITY", "Address", "Asked", "Chip", "Choice", "Column", "Day", "Key", "ListFilters",
    "ListPage", "Listing", "Search", "ShownTab", "Tab", "Territory", "Word", "Yes", "all_listings", "listing",
]  # fmt: skip
