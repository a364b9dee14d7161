"""The export of accounts holds whom the page lists, whoever asks for it."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.urls import reverse

from foodsafe_portal.lib.exports import export_kind
from tests.factories import make_user
from tests.factories.ledgers import make_county

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize("role", ["system_admin", "security_admin"])
def test_the_export_has_a_row_for_every_account_on_the_page(login, role):
    make_county()
    client = login(role=role, region="9901")
    make_user("zhang", role="county_liaison", region="990102")
    off = make_user("li", role="officer", region="990102001")
    off.is_active = False
    off.save(update_fields=["is_active"])
    page = client.get(reverse("account-list"))
    listed = [user.username for user in page.context["page"].rows]
    rows = list(export_kind("accounts").rows(client.user, QueryDict()))
    assert listed and sorted({row[1] for row in rows}) == sorted(listed)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
