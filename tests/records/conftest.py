"""Who sends ledgers and who decides on them."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.factories import make_region, make_user
from tests.factories.ledgers import make_county, make_liaison


@pytest.fixture
def liaison() -> User:
    """The liaison of a county with two townships."""
    make_county()
    return make_liaison()


@pytest.fixture
def office() -> User:
    """The campaign office of the city that the county lies in."""
    make_region("9901", "示例市")
    make_county()
    return make_user(role="campaign_office", region="9901")
