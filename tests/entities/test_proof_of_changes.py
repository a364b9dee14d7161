"""A change that moves the denominator is approved on proof, or on a reason, and what has none is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.reports.dashboard import dashboard_page
from entities.errors import ProofMissing
from entities.models import StatusChange
from entities.services import propose_status_change, review_status_change
from records.models import AuditEvent, EvidenceFile
from tests.campaigns.weekly import freeze, get, make_city
from tests.factories import make_business, make_region, make_user
from tests.factories.files import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = date(2026, 11, 4)


@pytest.fixture
def now(time_machine):
    time_machine.move_to(datetime(2026, 11, 12, 2, 0, tzinfo=UTC), tick=False)


@pytest.fixture
def regulator(now):
    make_region("990102001")
    return make_user(role="regulator", region="990102")


def proposed(business=None, *, proof: bool = False, to: str = "suspended") -> StatusChange:
    uploads = (photo(),) if proof else ()
    return propose_status_change(
        business=business or make_business(region="990102001", registered_on=date(2026, 1, 1)),
        to_status=to,
        effective_on=DAY,
        reason="已停业",
        by=make_user(role="county_liaison", region="990102"),
        uploads=uploads,
    )


def test_a_change_of_the_denominator_without_proof_is_not_approved_without_a_reason(regulator):
    change = proposed()
    with pytest.raises(ProofMissing, match="没有佐证"):
        review_status_change(change=change, approve=True, by=regulator, note=" ")
    change.refresh_from_db()
    assert change.state == "proposed"
    review_status_change(change=change, approve=True, by=regulator, note="两次上门未见营业")
    assert AuditEvent.objects.get(action="status_change.approved").after["proven"] is False


def test_a_proven_change_and_one_that_moves_no_denominator_need_no_reason(regulator):
    proven = proposed(proof=True)
    assert review_status_change(change=proven, approve=True, by=regulator).state == "approved"
    beside = proposed(proven.business, to="deregistered")
    assert review_status_change(change=beside, approve=True, by=regulator).state == "approved"


def test_page_and_api_refuse_alike_and_the_business_page_marks_what_was_approved(regulator, login):
    change, client = proposed(), login(regulator)
    assert "没有佐证，必填" in get(client, "/changes/")
    page = client.post(f"/changes/status/{change.pk}/review/", {"decision": "approve"}, follow=True)
    assert "这条状态变更没有佐证" in page.content.decode()
    api = client.post(
        f"/api/v1/status-changes/{change.pk}/review/", {"approve": True}, content_type="application/json"
    )
    assert api.status_code == 409 and "没有佐证" in api.content.decode()
    review_status_change(change=change, approve=True, by=regulator, note="两次上门未见营业")
    assert "无佐证：两次上门未见营业" in get(client, f"/businesses/{change.business_id}/")


def test_the_dashboard_counts_the_excluded_without_proof(time_machine, login):
    time_machine.move_to(datetime(2026, 11, 12, 2, 0, tzinfo=UTC), tick=False)
    campaign = make_city()
    regulator = make_user(role="regulator", region="9901")
    for proof in (True, True, False):
        business = make_business(region="990102001", registered_on=date(2026, 1, 1))
        change = proposed(business, proof=proof)
        review_status_change(change=change, approve=True, by=regulator, note="核实")
    EvidenceFile.objects.update(uploaded_at=datetime(2026, 11, 12, tzinfo=UTC))
    time_machine.move_to(datetime(2026, 11, 16, 4, 0, tzinfo=UTC), tick=False)
    freeze(campaign)
    leader = make_user(role="leader", region="9901")
    page = dashboard_page(leader, campaign, week="", place="", measure="", today=date(2026, 11, 16))
    # three of the city's own are excluded without any change, and one of the three reviewed here has no file
    assert (page.visits.five.excluded, page.visit_notes["excluded"]) == (6, "其中 4 家无佐证")
    html = get(login(leader), "/dashboard/")
    assert "其中 4 家无佐证" in html and "均有佐证" not in html
    assert not StatusChange.objects.proven_at(datetime(2026, 11, 12, tzinfo=UTC) - timedelta(days=1)).exists()
