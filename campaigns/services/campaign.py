"""The campaign itself: its review date and the leaders' instructions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, Directive
from records.services import audit


@transaction.atomic
def move_review_date(*, campaign: Campaign, to: date, reason: str, by: Any) -> Campaign:
    """Move the review date; the reason is kept in the trail."""
    if not reason.strip():
        raise CampaignRefused(_("调整迎检日期要写明依据。"))
    if to <= campaign.started_on:
        raise CampaignRefused(
            _("迎检日期 %(to)s 不能早于启动日期 %(started_on)s。")
            % {"to": to, "started_on": campaign.started_on}
        )
    before = campaign.review_on
    moved = (
        Campaign.objects.filter(pk=campaign.pk, review_on=before).exclude(review_on=to).update(review_on=to)
    )
    if not moved:
        raise CampaignRefused(_("迎检日期已是这一天，或刚被别人调整，请刷新后再看。"))
    campaign.refresh_from_db()
    audit.record(
        by=by,
        action="campaign.review_moved",
        target=campaign,
        before={"review_on": str(before)},
        after={"review_on": str(to)},
        reason=reason.strip(),
    )
    return campaign


@transaction.atomic
def give_directive(
    *, campaign: Campaign, text: str, unit: Unit | None, due_on: date | None, on: date, by: Any
) -> Directive:
    """A leader's written instruction (批示), with the unit that carries it out and its deadline."""
    if not text.strip():
        raise CampaignRefused(_("批示内容不能为空。"))
    if due_on and due_on < on:
        raise CampaignRefused(_("办结期限 %(due_on)s 早于批示日期 %(on)s。") % {"due_on": due_on, "on": on})
    directive = Directive.objects.create(
        campaign=campaign,
        text=text.strip(),
        given_on=on,
        given_by=by,
        unit=unit,
        due_on=due_on,
        recorded_at=timezone.now(),
    )
    audit.record(
        by=by,
        action="directive.given",
        target=directive,
        territory=campaign.region_id,
        after={"unit": unit.name if unit else None, "due_on": str(due_on) if due_on else None},
    )
    return directive
