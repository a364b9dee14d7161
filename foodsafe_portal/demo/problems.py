"""Problems of the demonstration city: found on visits, by supervision teams and by the third party, each on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from accounts.models import Unit
from entities.choices import BusinessType
from foodsafe_portal.demo.dice import Weighted
from foodsafe_portal.demo.names import person
from foodsafe_portal.demo.people import People, numbered
from foodsafe_portal.demo.places import CITY, COUNTY_BODIES, Places
from foodsafe_portal.demo.visits import Made
from foodsafe_portal.demo.when import Calendar
from inspections.choices import ProblemKind, ProblemSource
from inspections.deadlines import Deadlines
from inspections.rules.deadlines import Deadline

# The third party's common problems of the demonstration: what, whose, and how far the bureau has come.
# Where every county has such a body, the problem fans out to all of them.
COMMON: Final = (
    ("学校食堂留样不足 125 克、留样记录不全", "市教育局", "major", "submitted"),
    ("校外供餐单位量化分级公示不及时", "市教育局", "minor", "closed"),
    ("农贸市场快检结果未按日公示", "市商务局", "major", "overdue"),
    ("散装食品标签不全", "市市场监管局", "major", "closed"),
    ("餐饮具消毒记录不完整", "市市场监管局", "minor", "second_check"),
    ("校园周边流动摊贩反弹", "市城管局", "serious", "rectifying"),
    ("餐厨废弃物收运台账缺失", "市城管局", "major", "closed"),
    ("食用农产品承诺达标合格证开具率低", "市农业农村局", "serious", "extended"),
    ("医院食堂从业人员健康证过期", "市卫生健康委", "major", "returned"),
    ("景区餐饮明码标价与公示不规范", "市文广旅局", "minor", "closed"),
)
SITES: Final = (
    ("第三中学食堂", "留样冰箱温度记录缺 3 天", "市教育局", "major"),
    ("惠民农贸市场", "快检室未开展检测", "市商务局", "major"),
    ("育才路小学周边", "无证摊贩占道经营", "市城管局", "serious"),
    ("兴旺冷链物流园", "冷库无温度记录", "市市场监管局", "major"),
    ("人民医院食堂", "餐具消毒不合格", "市卫生健康委", "major"),
    ("城北批发市场", "进货票证不能追溯", "市市场监管局", "serious"),
    ("职业高中食堂", "食品添加剂未专柜存放", "市教育局", "serious"),
    ("夜市一条街", "餐厨垃圾乱倒", "市城管局", "minor"),
)  # fmt: skip
SCHOOLS: Final = ("小学", "中学", "高中", "幼儿园")
_ROUTES: Final[Weighted[str]] = Weighted(
    {
        "plain": 78,
        "returned": 7,
        "extended": 4,
        "refused_extension": 1,
        "referred": 2,
        "transferred": 1,
        "late": 7,
    }
)


@dataclass(slots=True)
class Step:
    """One thing that happened to a problem; ``at`` orders the steps."""

    action: str
    to: str
    at: datetime
    by: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a later deadline; ``approved`` is None while nobody has decided."""

    due_on: date
    later: date
    at: datetime
    decided_at: datetime | None
    approved: bool | None


@dataclass(slots=True)
class Case:
    """One problem with everything that happened to it up to the last day."""

    description: str
    source: str
    severity: str
    place: str
    region: str
    unit: Unit
    found_on: date
    recorded_at: datetime
    recorded_by: int
    submitter: int
    checker: int
    closer: int
    deadline: Deadline
    leader: str = ""
    owner: str = ""
    grade: str = ""
    business: int | None = None
    visit: int | None = None
    kind: str = ProblemKind.SINGLE
    on_spot: bool = False
    group: int = 0
    steps: list[Step] = field(default_factory=list)
    extension: Asked | None = None
    office: str = ""

    @property
    def due_on(self) -> date:
        """The deadline after an approved extension."""
        return self.extension.later if self.extension and self.extension.approved else self.deadline.due_on

    @property
    def state(self) -> str:
        """Where the last step left it."""
        return self.steps[-1].to

    def last(self, action: str) -> Step | None:
        """The last step of a kind."""
        return next((step for step in reversed(self.steps) if step.action == action), None)

    def count(self, action: str) -> int:
        """How often a step was taken."""
        return sum(step.action == action for step in self.steps)


class Desk:
    """Makes cases: who is responsible, by when, and what happened until the last day."""

    def __init__(
        self, places: Places, people: People, calendar: Calendar, random: Random, liaisons: dict[str, int]
    ) -> None:
        self.places, self.people, self.calendar = places, people, calendar
        self.random, self.liaisons = random, liaisons
        self._policy = Deadlines()
        self._deadlines: dict[tuple[str, date], Deadline] = {}
        self._leaders: dict[int, tuple[str, str]] = {}

    def from_visit(self, visit: Made) -> Case:
        """What an officer found at a business; the township's government or a county bureau puts it right."""
        random, shop, places = self.random, visit.shop, self.places
        assert visit.finding is not None
        _, item, severity, words = visit.finding
        county = places.names[shop.county]
        if shop.business_type == BusinessType.CANTEEN and any(word in shop.name for word in SCHOOLS):
            unit = places.unit(f"{county}教育局", shop.county)
        elif random.random() < 0.4:
            unit = places.unit(f"{county}市场监管局", shop.county)
        else:
            unit = places.unit(places.names[shop.township], shop.township)
        case = self._case(
            f"{item}：{words}", ProblemSource.VISIT, severity, shop.name, shop.village, unit, visit.on,
            self.people.of_county("township_liaison", places, shop.county).pk,
            self.people.of_county("county_liaison", places, shop.county).pk,
        )  # fmt: skip
        case.recorded_at = visit.recorded_at
        case.recorded_by = self.people["officer"].pk if visit.carer.user else case.checker
        case.business, case.visit, case.grade = shop.id, visit.id, shop.grade_on(visit.on)
        case.on_spot = severity == "minor" and random.random() < 0.4
        case.office = f"{places.local_name(shop.township)}市场监管所"
        self._live(case, "on_spot" if case.on_spot else _ROUTES.draw(random))
        return case

    def common(self, on: date) -> Iterator[Case]:
        """The third party's common problems: the city's own, and the counties' where they have such a body."""
        for at, (words, short, severity, fate) in enumerate(COMMON, 1):
            for region, unit in self._units_of(short):
                city = region == CITY
                checker = (
                    "campaign_office"
                    if city
                    else numbered("county_liaison", self.places.counties.index(region))
                )
                case = self._case(
                    words, ProblemSource.THIRD_PARTY, severity, self.places.names[region], region, unit, on,
                    self.liaisons[short], self.people[checker].pk,
                )  # fmt: skip
                case.kind, case.group = ProblemKind.COMMON, at
                case.recorded_by = self.people["assessor"].pk
                case.closer = self.people["supervision_team" if city else "campaign_office"].pk
                self._live(case, fate if city else _ROUTES.draw(self.random))
                yield case

    def _units_of(self, short: str) -> Iterator[tuple[str, Unit]]:
        """A bureau of the city and the bodies of the counties that answer to it."""
        yield CITY, self.places.unit(short)
        local = {above: name for _, name, _, above in COUNTY_BODIES}
        if short in local:
            for county in self.places.counties:
                yield county, self.places.unit(f"{self.places.names[county]}{local[short]}", county)

    def at_sites(self, count: int) -> Iterator[Case]:
        """What supervision teams and the public saw at sites."""
        for at in range(count):
            site, words, short, severity = SITES[at % len(SITES)]
            county = self.places.counties[(at * 5) % len(self.places.counties)]
            on = self.calendar.workday_from(self.calendar.until - timedelta(days=self.random.randint(1, 60)))
            source = ProblemSource.INSPECTION if at % 4 else ProblemSource.COMPLAINT
            case = self._case(
                words, source, severity, f"{self.places.names[county]}{site}", county, self.places.unit(short),
                min(on, self.calendar.until), self.liaisons[short],
                self.people.of_county("county_liaison", self.places, county).pk,
            )  # fmt: skip
            case.recorded_by = self.people["supervision_team"].pk
            self._live(case, _ROUTES.draw(self.random))
            yield case

    def _case(
        self, description: str, source: str, severity: str, place: str, region: str, unit: Unit, on: date, submitter: int,
        checker: int,
    ) -> Case:  # fmt: skip
        if (severity, on) not in self._deadlines:
            self._deadlines[severity, on] = self._policy.of(severity, on)
        leader, owner = self._leaders.setdefault(unit.pk, (person(self.random), person(self.random)))
        return Case(
            description=description, source=str(source), severity=severity, place=place, region=region, unit=unit,
            found_on=on, recorded_at=self.calendar.at(on, 18), recorded_by=checker, submitter=submitter, checker=checker,
            closer=self.people["campaign_office"].pk, deadline=self._deadlines[severity, on], leader=leader, owner=owner,
        )  # fmt: skip

    # --- what happens to it -----------------------------------------------------------------------

    def _live(self, case: Case, route: str) -> None:
        """Take the steps of a route one after the other and stop at the last day."""
        case.steps.append(Step("open", "to_sign", case.recorded_at, case.recorded_by, case.description))
        for step in self._steps(case, route):
            if step.at.date() > self.calendar.until:
                break
            case.steps.append(step)
        self._cut_extension(case)

    def _steps(self, case: Case, route: str) -> Iterator[Step]:
        random, policy_days = self.random, max(1, case.deadline.policy.days)
        clock = _Clock(self.calendar, case.recorded_at)
        unit, first, second = case.submitter, case.checker, case.closer
        if route == "on_spot":
            yield Step("submit", "submitted", clock.on(0), unit, "当场整改")
        else:
            yield Step("sign", "rectifying", clock.on(random.choice((0, 1))), unit)
            if route == "transferred":
                yield Step("transfer", "to_sign", clock.on(1), first, "职责不在本单位，改派")
                yield Step("sign", "rectifying", clock.on(1), unit)
            if route == "referred":
                yield from self._referred(case, clock)
                return
            if case.severity != "minor":
                yield Step(
                    "plan", "rectifying", clock.on(random.choice((0, 1))), unit, "明确措施、责任人和完成时间"
                )
            if route in {"extended", "refused_extension"}:
                yield from self._extended(case, clock, approved=route == "extended")
            if route in {"rectifying", "overdue"} or (
                route == "extended" and case.kind == ProblemKind.COMMON
            ):
                return
            share = 1.0 + random.random() if route == "late" else random.uniform(0.2, 0.8)
            yield Step(
                "submit",
                "submitted",
                clock.on(max(0, int(policy_days * share) - 1)),
                unit,
                "已按要求整改，附照片",
            )
        if route == "submitted":
            return
        if route == "returned":
            yield Step("return", "returned", clock.on(1), first, "照片看不清整改部位，请补充")
            if case.kind == ProblemKind.COMMON:
                return
            yield Step("submit", "submitted", clock.on(1), unit, "已补充整改照片")
        yield Step("pass_first", "second_check", clock.on(random.choice((0, 1))), first, "资料齐全，同意")
        if route == "second_check":
            return
        yield Step("close", "closed", clock.on(random.choice((0, 0, 1))), second, "现场抽查属实，销号")
        if random.random() < 0.05:
            passed = random.random() < 0.9
            if passed:
                yield Step("revisit", "closed", clock.on(8), self.people["supervision_team"].pk, "回头看合格")
            else:
                yield Step(
                    "reopen",
                    "reopened",
                    clock.on(8),
                    self.people["supervision_team"].pk,
                    "回头看发现问题反弹",
                )

    def _referred(self, case: Case, clock: _Clock) -> Iterator[Step]:
        regulator = case.checker
        if len(case.region) >= 6:
            regulator = self.people.of_county("regulator", self.places, case.region[:6]).pk
        yield Step("refer", "referred", clock.on(1), case.checker, "涉嫌违法，移交市场监管部门")
        if self.random.random() < 0.6:
            yield Step("file_case", "case_filed", clock.on(4), regulator, "符合立案条件，予以立案")
        else:
            yield Step(
                "decline_case", "case_declined", clock.on(4), regulator, "情节轻微，责令改正，不予立案"
            )
        yield Step("close_case", "case_closed", clock.on(14), regulator, "处理完毕，结案")

    def _extended(self, case: Case, clock: _Clock, *, approved: bool) -> Iterator[Step]:
        asked = clock.on(1)
        due = case.deadline.due_on
        later = self.calendar.after(due, 10)
        decided = clock.on(1)
        case.extension = Asked(due, later, asked, decided, approved)
        yield Step("request_extension", "rectifying", asked, case.submitter, "设备采购周期较长，申请延期")
        name = "approve_extension" if approved else "refuse_extension"
        words = "同意延期" if approved else "现有条件可以完成，不同意延期"
        yield Step(name, "rectifying", decided, self.people["campaign_office"].pk, words)

    def _cut_extension(self, case: Case) -> None:
        """What of an extension had happened by the last day: nothing, only the request, or the decision too."""
        if case.extension is None:
            return
        if not case.last("request_extension"):
            case.extension = None
        elif not (case.last("approve_extension") or case.last("refuse_extension")):
            case.extension = replace(case.extension, decided_at=None, approved=None)


class _Clock:
    """Working days and hours that only go forward."""

    def __init__(self, calendar: Calendar, start: datetime) -> None:
        self._calendar, self._now = calendar, start

    def on(self, working_days: int) -> datetime:
        """The next instant, so many working days later; several steps of one day are minutes apart."""
        if working_days:
            day = self._calendar.after(self._now.date(), working_days)
            self._now = self._calendar.at(day, 9, 30)
        else:
            self._now += timedelta(minutes=25)
        return self._now
