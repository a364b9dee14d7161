"""The campaign of the demonstration city: leading group, teams, phases and the 28-task plan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import campaigns
from accounts.models import Region, Unit
from campaigns.choices import MemberRole, TaskReportState, TaskState, TeamKind
from campaigns.models import (
    Campaign,
    Directive,
    LeadingGroup,
    Membership,
    Phase,
    TaskItem,
    TaskReport,
    TaskSupport,
    WorkTeam,
)
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.names import person
from foodsafe_portal.demo.people import People, team_counties
from foodsafe_portal.demo.places import BUREAUS, CITY, TEAM_UNITS, Places
from foodsafe_portal.demo.when import Calendar

CODE: Final = "demo"
PLAN_FILE: Final = Path(campaigns.__file__).parent / "data" / "nantong_2016_plan.json"
# Days from the start to the review, as one autumn-to-spring campaign takes them; phases are counted from the start.
DAYS_TO_REVIEW: Final = 121
PHASES: Final = (("动员部署", 0.10), ("自查自评", 0.26), ("全面推进", 0.78), ("迎检冲刺", 1.0))

# Who took over from the bodies of 2016, and which of them leads a task here (the source names no lead unit).
SUCCESSORS: Final[dict[str, tuple[str, ...]]] = {
    "市食药监局": ("市市场监管局",), "市工商局": ("市市场监管局",), "市质监局": ("市市场监管局",), "市编办": ("市委编办",),
    "市农委": ("市农业农村局",), "市海洋渔业局": ("市农业农村局",), "市海洋与渔业局": ("市农业农村局",),
    "市卫计委": ("市卫生健康委",), "市经信委": ("市工信局",), "市粮食局": ("市粮储局",), "市盐务局": ("市市场监管局",),
    "市城建局": ("市住建局",), "市环保局": ("市生态环境局",), "市旅游局": ("市文广旅局",), "市法制办": ("市司法局",),
    "市监察局": (), "市委政法委": ("市委政法委",), "南通出入境检验检疫局": ("示例海关",), "各县(市、区)党委": (),
    "市食品安全相关监管部门": ("市市场监管局", "市农业农村局", "市卫生健康委", "市粮储局", "市城管局", "示例海关"),
}  # fmt: skip
COUNTIES: Final = "各县(市、区)政府"


@dataclass(frozen=True, slots=True)
class Course:
    """How a task of the plan runs here: lead, days from the start until it begins and is due, and until it was done."""

    lead: str
    begins: int
    due: int
    done: int | None = None
    claimed: bool = True


# Nine are done (one of them late), two are overdue, three nobody has claimed yet, the rest is under way.
COURSES: Final[dict[int, Course]] = {
    1: Course("市食安办", 0, 25, 20), 2: Course("市委编办", 0, 30, 28), 3: Course("市市场监管局", 10, 60, 55),
    4: Course("市粮储局", 10, 65, 60), 5: Course("市农业农村局", 15, 110), 6: Course("市农业农村局", 15, 120),
    7: Course("市商务局", 15, 96), 8: Course("市教育局", 15, 100), 9: Course("市市场监管局", 20, 66, 70),
    10: Course("市城管局", 20, 92), 11: Course("市市场监管局", 20, 74), 12: Course("市市场监管局", 20, 125),
    13: Course("市食安办", 10, 50, 46), 14: Course("市公安局", 20, 68, 66), 15: Course("市市场监管局", 25, 70),
    16: Course("市市场监管局", 25, 118), 17: Course("市工信局", 30, 130), 18: Course("市商务局", 30, 140),
    19: Course("市食安办", 15, 62, 58), 20: Course("市委宣传部", 30, 72, 71), 21: Course("市卫生健康委", 40, 120),
    22: Course("市工信局", 50, 150, claimed=False), 23: Course("市农业农村局", 45, 150), 24: Course("市商务局", 60, 160, claimed=False),
    25: Course("市教育局", 20, 130), 26: Course("市委宣传部", 20, 110), 27: Course("市市场监管局", 20, 105),
    28: Course("市食安办", 80, 170, claimed=False),
}  # fmt: skip
_PROGRESS: Final = (
    "本周召开推进会，明确责任到人。", "已完成底数摸排，正在逐项核对。", "开展现场检查 12 家次，问题当场交办。",
    "完成方案修订并印发。", "组织培训一期，参训 86 人。", "与相关单位会商一次，形成纪要。",
)  # fmt: skip


def lead_units() -> list[str]:
    """The short names of the bodies that lead a task, in the order of the list of bureaus."""
    leads = {course.lead for course in COURSES.values()}
    return [short for _, short, _ in BUREAUS if short in leads or short in {"市文广旅局"}]


def load_campaign(places: Places, people: People, calendar: Calendar, *, seed: int) -> Campaign:
    """Write the campaign with everything that hangs on it but figures and rulebook."""
    random = dice(seed, "campaign")
    started = min(calendar.weeks[0].monday, calendar.until - timedelta(days=75))
    campaign = Campaign.objects.create(
        code=CODE, name="示例市创建国家食品安全示范城市(演示数据)", region_id=CITY, started_on=started,
        review_on=calendar.until + timedelta(days=DAYS_TO_REVIEW), review_label="省级初评", is_demo=True,
        batch_no="演示批次",
    )  # fmt: skip
    phases = _phases(campaign)
    _groups(campaign, places, people, random, started)
    _teams(campaign, places, people, random, started)
    _tasks(campaign, phases, places, people, calendar, random)
    Directive.objects.create(
        campaign=campaign, text="对学校食堂和校园周边问题要一校一策，月底前见成效。", given_on=calendar.until - timedelta(days=11),
        given_by=people["leader"], unit=places.unit("市教育局"), due_on=calendar.until + timedelta(days=15),
        recorded_at=calendar.at(calendar.until - timedelta(days=11), 10),
    )  # fmt: skip
    return campaign


def _phases(campaign: Campaign) -> list[Phase]:
    length = (campaign.review_on - campaign.started_on).days
    phases, begins = [], campaign.started_on
    for order, (name, share) in enumerate(PHASES, 1):
        ends = campaign.started_on + timedelta(days=round(length * share))
        phases.append(Phase(campaign=campaign, order=order, name=name, starts_on=begins, ends_on=ends))
        begins = ends + timedelta(days=1)
    return Phase.objects.bulk_create(phases)


def _groups(campaign: Campaign, places: Places, people: People, random: Random, since: date) -> None:
    """The city's leading group with the mayor at its head, and one in every county."""
    city = LeadingGroup.objects.create(
        campaign=campaign, region_id=CITY, name=f"{places.names[CITY]}创建国家食品安全示范城市工作领导小组"
    )
    government = places.unit("市政府")
    heads = [
        ("赵文", "市委副书记、市长", MemberRole.HEAD), (people["leader"].name, "副市长", MemberRole.DEPUTY),
        ("孙磊", "副市长", MemberRole.DEPUTY), ("钱芳", "市政府副秘书长", MemberRole.DEPUTY),
    ]  # fmt: skip
    members = [_member(name, title, role, government, since, group=city) for name, title, role in heads]
    for _, short, _ in BUREAUS:
        members.append(
            _member(
                person(random), f"{short}主要负责人", MemberRole.MEMBER, places.unit(short), since, group=city
            )
        )
    office = places.unit("市食安办")
    members.append(
        _member("韩磊", "市市场监管局局长、创建办主任", MemberRole.OFFICE, office, since, group=city)
    )
    for county in places.counties:
        name = places.names[county]
        group = LeadingGroup.objects.create(
            campaign=campaign, region_id=county, name=f"{name}创建工作领导小组"
        )
        seat = places.unit(f"{name}政府", county)
        for title, role in (
            ("主要领导", MemberRole.HEAD),
            ("分管领导", MemberRole.DEPUTY),
            ("食安办主任", MemberRole.OFFICE),
        ):
            members.append(_member(person(random), f"{name}{title}", role, seat, since, group=group))
    Membership.objects.bulk_create(members)


def _teams(campaign: Campaign, places: Places, people: People, random: Random, since: date) -> None:
    """Four work teams and three supervision teams, which share the counties."""
    work = (
        ("综合协调组", "统筹推进、督办、通报和资料"), ("业务指导组", "对照评价细则指导自查自评和整改"),
        ("技术支持组", "抽检监测、智慧监管和数据核对"), ("宣传报道组", "宣传动员、满意度和知晓率"),
    )  # fmt: skip
    members = []
    for at, (name, duty) in enumerate(work):
        team = WorkTeam.objects.create(campaign=campaign, kind=TeamKind.WORK, name=name, duty=duty)
        head = people["campaign_office"].name if at == 0 else person(random)
        members.append(_member(head, "组长", MemberRole.HEAD, places.unit("市食安办"), since, team=team))
        members += [
            _member(person(random), "组员", MemberRole.MEMBER, None, since, team=team) for _ in range(3)
        ]
    for at, name in enumerate(TEAM_UNITS):
        team = WorkTeam.objects.create(
            campaign=campaign,
            kind=TeamKind.SUPERVISION,
            name=name,
            duty="按月督查所分县(市、区),回头看已销号问题",
        )
        team.counties.set(Region.objects.filter(code__in=team_counties(places, at)))
        head = people["supervision_team"].name if at == 0 else person(random)
        members.append(_member(head, "组长", MemberRole.HEAD, places.unit(name), since, team=team))
        members += [
            _member(person(random), "组员", MemberRole.MEMBER, places.unit(name), since, team=team)
            for _ in range(2)
        ]
    Membership.objects.bulk_create(members)


def _member(name: str, title: str, role: str, unit: Unit | None, since: date, **place: Any) -> Membership:
    return Membership(person_name=name, title=title, role=role, unit=unit, valid_from=since, **place)


def liaisons(people: People) -> dict[str, int]:
    """The account that reports for a body, by its short name."""
    others = [short for short in lead_units() if short != "市教育局"]
    found = {short: people[f"unit_liaison_{at}"].pk for at, short in enumerate(others, 2)}
    return found | {"市教育局": people["unit_liaison"].pk}


def _tasks(
    campaign: Campaign,
    phases: list[Phase],
    places: Places,
    people: People,
    calendar: Calendar,
    random: Random,
) -> None:
    document = json.loads(PLAN_FILE.read_text(encoding="utf-8"))
    by_unit = liaisons(people)
    # The courses were written for a campaign of 75 days so far; a longer one stretches them up to the last day.
    elapsed = (calendar.until - campaign.started_on).days

    def day(offset: int) -> date:
        return campaign.started_on + timedelta(
            days=round(offset * elapsed / 75) if offset <= 75 else elapsed + offset - 75
        )

    supports: list[TaskSupport] = []
    reports: list[TaskReport] = []
    for row in document["tasks"]:
        course = COURSES[row["number"]]
        due, done = day(course.due), day(course.done) if course.done is not None else None
        state = TaskState.DONE if done else TaskState.CLAIMED if course.claimed else TaskState.OPEN
        task = TaskItem.objects.create(
            campaign=campaign, number=row["number"], system=row["system"], title=row["title"], targets=row["targets"],
            phase=next(phase for phase in phases if due <= phase.ends_on), lead_unit=places.unit(course.lead),
            starts_on=day(course.begins), due_on=due, state=state, done_on=done,
            claimed_by_id=by_unit[course.lead] if course.claimed else None,
            claimed_at=calendar.at(campaign.started_on + timedelta(days=6), 10) if course.claimed else None,
        )  # fmt: skip
        supports += [
            TaskSupport(task=task, unit=unit)
            for unit in _helpers(row["responsible_units"], course.lead, places)
        ]
        if course.claimed:
            told = _reports(task, by_unit[course.lead], people["campaign_office"].pk, calendar, random)
            if any(report.state == TaskReportState.SUBMITTED for report in told):
                task.state = TaskState.REPORTED
                task.save(update_fields=["state"])
            reports += told
    TaskSupport.objects.bulk_create(supports)
    TaskReport.objects.bulk_create(reports)


def _helpers(named: list[str], lead: str, places: Places) -> list[Unit]:
    """The cooperating bodies of a task in today's names, each once, the lead left out; 各县 is one row per county."""
    shorts: dict[str, None] = {}
    units: list[Unit] = []
    for name in named:
        if name == COUNTIES:
            units += [places.unit(f"{places.names[county]}政府", county) for county in places.counties]
        else:
            shorts |= dict.fromkeys(SUCCESSORS.get(name, (name,)))
    return units + [places.unit(short) for short in shorts if short != lead]


def _reports(task: TaskItem, by: int, office: int, calendar: Calendar, random: Random) -> list[TaskReport]:
    """A report for most weeks in which the task ran; the newest of a few waits for the office, some were returned once."""
    reports = []
    for week in calendar.weeks:
        over = task.done_on is not None and week.monday > task.done_on
        if week.sunday < task.starts_on or over or random.random() < 0.2:
            continue
        ends_it = task.done_on is not None and task.done_on in week
        waiting = week == calendar.weeks[-1] and not ends_it and random.random() < 0.5
        sent = calendar.at(week.monday + timedelta(days=3), 16)
        progress = f"{task.title}：{random.choice(_PROGRESS)}"
        common = {
            "task": task,
            "unit": task.lead_unit,
            "week": str(week),
            "progress": progress,
            "submitted_by_id": by,
        }
        decided = {"decided_by_id": office, "decided_at": sent + timedelta(hours=18)}
        if random.random() < 0.06:
            reports.append(
                TaskReport(
                    **common, **decided, submitted_at=sent, state=TaskReportState.RETURNED, reason="没有佐证，请补充数据来源"
                )
            )  # fmt: skip
        if waiting:
            reports.append(TaskReport(**common, submitted_at=sent, state=TaskReportState.SUBMITTED))
        else:
            reports.append(
                TaskReport(
                    **common,
                    **decided,
                    submitted_at=sent,
                    state=TaskReportState.APPROVED,
                    claims_done=ends_it,
                )
            )
    return reports
