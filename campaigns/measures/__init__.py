"""What is measured: each measure asks one question of versioned rows, and its number is the length of its list.

A measure is one entry (``model.Measure``) in a module of its own, named in the last lines here; pages, lists, exports, commands,
the API, the ledger of rulebooks and the score read the entries and know no measure by name. Nothing here asks for today's date.
"""

from campaigns.measures.counting import (
    canonical_facts,
    counted,
    county_of,
    digest_of,
    existing,
    figures,
    regions_of,
    rows_behind,
    township_of,
)
from campaigns.measures.model import (
    GRADES,
    LISTED_PARTS,
    MEASURES,
    TOTAL,
    ComparedPart,
    Figure,
    Five,
    Listing,
    Measure,
    PageColumn,
    Question,
    Seen,
    listings,
    register,
)
from campaigns.measures.problems import PROBLEMS, PROBLEMS_DUE
from campaigns.measures.visits import VISITS

__all__ = [
    "GRADES",
    "LISTED_PARTS",
    "MEASURES",
    "PROBLEMS",
    "PROBLEMS_DUE",
    "TOTAL",
    "VISITS",
    "ComparedPart",
    "Figure",
    "Five",
    "Listing",
    "Measure",
    "PageColumn",
    "Question",
    "Seen",
    "canonical_facts",
    "counted",
    "county_of",
    "digest_of",
    "existing",
    "figures",
    "listings",
    "regions_of",
    "register",
    "rows_behind",
    "township_of",
]

# The order in which pages show them.
for _measure in (VISITS, PROBLEMS_DUE, PROBLEMS):
    register(_measure)
