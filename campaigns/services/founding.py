"""The door for a new installation: the city's regions, its three administrators and its campaign, in one act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.rules.regions import prefix_of
from accounts.rules.rights import Role
from accounts.services.people import create_account, give_post
from accounts.services.places import save_region
from accounts.slips import Slip
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign
from campaigns.services.organisation import save_campaign
from records.services import audit

ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
"""GB/T 22239-2019 8.1.4: who runs the machine, who gives rights and who reads the trail are three people."""

PRESUMED_SPAN = timedelta(days=365)
"""Campaign default: a review day nobody has named yet is presumed a year after the beginning, and labelled so."""


@dataclass(frozen=True, slots=True)
class Founded:
    """What a new installation was given; the passwords are kept nowhere else."""

    region: Region
    campaign: Campaign
    slips: tuple[Slip, ...]


def is_unfounded() -> bool:
    """Whether nobody could sign in yet: there is no account, no region and no campaign."""
    return not (User.objects.exists() or Region.objects.exists() or Campaign.objects.exists())


@transaction.atomic
def found_city(
    *,
    code: str,
    name: str,
    administrators: Sequence[str] = (),
    campaign_code: str = "main",
    started_on: date,
    review_on: date | None = None,
) -> Founded:
    """Make an empty installation usable: regions of the city, its three administrators and its campaign.

    ``code`` is the GB/T 2260 code of the city, county or zone (990100 and 9901 are the same city). ``administrators`` are up to
    three user names: system, security, audit; a missing one is called by its role. Raises ``CampaignRefused`` in a database
    that is not empty, and for a code, a name or a day that cannot be.
    """
    if not is_unfounded():
        raise CampaignRefused(_("库里已有账号、地区或创建，不能再次初始化；请用现有管理员登录。"))
    region = _regions(code, name)
    slips = tuple(_administrator(role, username, region) for role, username in _named(administrators))
    campaign = save_campaign(
        campaign=Campaign(code=campaign_code),
        values={
            "code": campaign_code,
            "name": _("%(city)s创建国家食品安全示范城市") % {"city": region.name},
            "region": region,
            "started_on": started_on,
            "review_on": review_on or started_on + PRESUMED_SPAN,
            "review_label": "" if review_on else _("迎检日期待定（暂按一年）"),
        },
        by=None,
    )
    audit.record(by=None, action="city.founded", target=campaign, after={"region": region.pk})
    return Founded(region, campaign, slips)


def _regions(code: str, name: str) -> Region:
    """The city's own region and those above it, whose names the regions' ledger fills in later."""
    own = prefix_of(code)
    if own is None:
        raise CampaignRefused(
            _("区划代码“%(code)s”不对：应为 6 位（如 990100），县级为 6 位、市级可写 4 位。") % {"code": code}
        )
    if not name.strip():
        raise CampaignRefused(_("城市名称不能为空；请用 --name 填写，如“示例市”。"))
    for above in (own[:digits] for digits in (2, 4) if digits < len(own)):
        _entered(above, _("%(code)s（上级，名称待补）") % {"code": above})
    return _entered(own, name)


def _entered(code: str, name: str) -> Region:
    return save_region(
        region=Region(code=code), name=name, residents=None, successor=None, closed_on=None, by=None
    )


def _named(usernames: Sequence[str]) -> list[tuple[Role, str]]:
    """Each administrator with a user name; the same name twice would make one person two administrators."""
    given = [name.strip() for name in usernames if name.strip()]
    if len(given) > len(ADMINISTRATORS) or len(set(given)) < len(given):
        raise CampaignRefused(_("管理员最多写三个不同的用户名，依次为系统、安全、审计管理员。"))
    names = given + [role.value for role in ADMINISTRATORS[len(given) :]]
    return list(zip(ADMINISTRATORS, names, strict=True))


def _administrator(role: Role, username: str, region: Region) -> Slip:
    user, password = create_account(username=username, name="", by=None)
    post = give_post(user=user, role=role, region=region, unit=None, by=None)
    return Slip(user.username, user.name, post.get_role_display(), password)
