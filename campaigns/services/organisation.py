"""The campaign and its organisation: head row, leading groups, teams, members, phases and the task list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Region, Unit, User
from campaigns.choices import EditionState, TaskState
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, LeadingGroup, Membership, Phase, Rulebook, TaskItem, WorkTeam
from records.services.rows import remove_row, save_row


class OrganisationRefused(CampaignRefused):
    """A row of the campaign's organisation that cannot be saved as asked."""


def in_reach(by: User, region_code: str) -> bool:
    """Whether a region lies in the territory this person works for; what lies above it can be read, not written."""
    return any(region_code.startswith(code) for code in by.scope.regions("business"))


def _reached(by: User | None, region_code: str) -> None:
    if by is not None and not in_reach(by, region_code):
        raise OrganisationRefused(_("这个创建不在您的辖区内，只能查看。"))


def _in_order(first: date, last: date | None, what: str, until: str) -> None:
    if last is not None and last < first:
        raise OrganisationRefused(
            _("%(until)s %(last)s 早于%(what)s %(first)s。")
            % {"until": until, "last": last, "what": what, "first": first}
        )


@transaction.atomic
def save_campaign(
    *, campaign: Campaign, values: Mapping[str, Any], by: User | None, seen: str = ""
) -> Campaign:
    """Enter a campaign or correct its head row; a stored one's review date moves by ``move_review_date`` alone.

    Without ``by`` the installation itself acts, which reaches every region (``founding``).
    Raises ``OrganisationRefused`` outside the territory, for a rulebook that is still a draft, and for dates out of order.
    """
    region: Region = values.get("region") or campaign.region
    _reached(by, region.pk)
    rulebook: Rulebook | None = values.get("rulebook")
    if rulebook is not None and rulebook.state != EditionState.PUBLISHED:
        raise OrganisationRefused(
            _("评价细则“%(rulebook)s”还是草稿，请先发布再选用。") % {"rulebook": rulebook}
        )
    if not campaign._state.adding:
        stored = Campaign.objects.get(pk=campaign.pk)
        if "review_on" in values and values["review_on"] != stored.review_on:
            raise OrganisationRefused(_("迎检日期由领导小组调整，并写明依据；这里不能改。"))
        _in_order(values.get("started_on", stored.started_on), stored.review_on, _("启动日期"), _("迎检日期"))
    else:
        _in_order(values["started_on"], values["review_on"], _("启动日期"), _("迎检日期"))
    return save_row(row=campaign, values=values, by=by, noun="campaign", seen=seen, territory=region.pk)


@transaction.atomic
def save_leading_group(
    *, group: LeadingGroup, campaign: Campaign, region: Region, name: str, by: User, seen: str = ""
) -> LeadingGroup:
    """Enter or correct a leading group, one per region of the campaign."""
    _reached(by, campaign.region_id)
    if not region.pk.startswith(campaign.region_id):
        raise OrganisationRefused(
            _("%(region)s不在%(region2)s内。") % {"region": region, "region2": campaign.region}
        )
    values = {"campaign": campaign, "region": region, "name": name.strip()}
    return save_row(row=group, values=values, by=by, noun="leading_group", seen=seen)


@transaction.atomic
def save_team(
    *,
    team: WorkTeam,
    campaign: Campaign,
    kind: str,
    name: str,
    duty: str,
    counties: Iterable[Region],
    by: User,
    seen: str = "",
) -> WorkTeam:
    """Enter or correct a work team or supervision team with the regions it looks after."""
    _reached(by, campaign.region_id)
    chosen = list(counties)
    outside = [region.name for region in chosen if not region.pk.startswith(campaign.region_id)]
    if outside:
        raise OrganisationRefused(
            _("%(outside)s不在%(region)s内。") % {"outside": "、".join(outside), "region": campaign.region}
        )
    return save_row(
        row=team,
        values={"campaign": campaign, "kind": kind, "name": name.strip(), "duty": duty.strip()},
        by=by,
        noun="work_team",
        seen=seen,
        sets={"counties": chosen},
        territory=campaign.region_id,
    )


@transaction.atomic
def save_membership(
    *,
    membership: Membership,
    group: LeadingGroup | None,
    team: WorkTeam | None,
    person_name: str,
    title: str,
    role: str,
    unit: Unit | None,
    valid_from: date,
    valid_to: date | None,
    by: User,
    seen: str = "",
) -> Membership:
    """A person's dated place in one leading group or one team."""
    if (group is None) == (team is None):
        raise OrganisationRefused(_("领导小组和工作组请选且只选一个。"))
    body = group or team
    assert body is not None
    _reached(by, body.campaign.region_id)
    _in_order(valid_from, valid_to, _("起始日期"), _("终止日期"))
    values = {
        "group": group,
        "team": team,
        "person_name": person_name.strip(),
        "title": title.strip(),
        "role": role,
        "unit": unit,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    return save_row(
        row=membership, values=values, by=by, noun="membership", seen=seen, territory=body.campaign.region_id
    )


@transaction.atomic
def save_phase(
    *,
    phase: Phase,
    campaign: Campaign,
    order: int,
    name: str,
    starts_on: date,
    ends_on: date,
    by: User,
    seen: str = "",
) -> Phase:
    """One phase of the plan."""
    _reached(by, campaign.region_id)
    _in_order(starts_on, ends_on, _("开始日期"), _("结束日期"))
    values = {
        "campaign": campaign,
        "order": order,
        "name": name.strip(),
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    return save_row(row=phase, values=values, by=by, noun="phase", seen=seen, territory=campaign.region_id)


@transaction.atomic
def save_task(
    *,
    task: TaskItem,
    values: Mapping[str, Any],
    supports: Sequence[Unit],
    by: User,
    seen: str = "",
) -> TaskItem:
    """Enter or correct a task of the list with its cooperating units; a finished task stays as it ended."""
    campaign: Campaign = values.get("campaign") or task.campaign
    _reached(by, campaign.region_id)
    if not task._state.adding and TaskItem.objects.filter(pk=task.pk, state=TaskState.DONE).exists():
        raise OrganisationRefused(_("这项任务已经办结，不能再改。"))
    _in_order(values["starts_on"], values["due_on"], _("开始日期"), _("完成期限"))
    phase: Phase | None = values.get("phase")
    if phase is not None and phase.campaign_id != campaign.pk:
        raise OrganisationRefused(_("阶段“%(phase)s”不属于这个创建。") % {"phase": phase})
    units = list(dict.fromkeys(supports))
    if values["lead_unit"] in units:
        raise OrganisationRefused(
            _("%(lead_unit)s已是牵头单位，不用再列为配合单位。") % {"lead_unit": values["lead_unit"]}
        )
    return save_row(
        row=task,
        values=values,
        by=by,
        noun="task",
        seen=seen,
        lines={"supports": [{"unit": unit} for unit in units]},
        territory=campaign.region_id,
    )


@transaction.atomic
def withdraw_draft(*, rulebook: Rulebook, by: User) -> None:
    """Take out a draft edition that nothing has used. Raises ``OrganisationRefused`` or ``RowRefused``."""
    if Rulebook.objects.exclude(state=EditionState.DRAFT).filter(pk=rulebook.pk).exists():
        raise OrganisationRefused(_("评价细则“%(rulebook)s”已发布，不能删除。") % {"rulebook": rulebook})
    remove_row(row=rulebook, by=by, noun="rulebook")
