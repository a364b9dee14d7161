"""Frozen weeks as a list and one by one: every measure, the ranking, where points were lost, what a revision changed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.choices import Level, ReportState
from campaigns.measures import MEASURES, PROBLEMS, PROBLEMS_DUE, TOTAL, VISITS, Five, Measure
from campaigns.models import WeeklyFigure, WeeklyReport
from campaigns.reports.cells import Cell, Figures, Openers, address, measure_choices
from campaigns.reports.places import Ground, Place, ground_of, level_below, sees_all_rows, sees_drafts
from campaigns.reports.score import ScoreCard, score_card
from campaigns.rules.thresholds import RedFrom
from foodsafe_portal.lib.formats import score_band
from foodsafe_portal.lib.paging import Page, page_of, without_cursor
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.weeks import Week
from inspections.querysets import PARTS

MOST_CHANGES = 60
REVISIONS = (("", gettext_lazy("各周最新版")), ("all", gettext_lazy("全部版次")))


# --- the list --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One revision of one week with the viewer's own headline figures; ``superseded`` when they see a newer revision."""

    report: WeeklyReport
    superseded: bool
    visits: Cell
    problems: Cell

    @property
    def week(self) -> Week:
        """The week as a calendar knows it."""
        return Week.parse(self.report.week)


@dataclass(frozen=True, slots=True)
class WeekList:
    """Everything the list of frozen weeks shows."""

    page: Page
    rows: tuple[WeekRow, ...]
    place: Place | None
    state: str
    revisions: str
    words: str
    query: str
    sees_drafts: bool


def reports_shown(user: User, params: QueryDict) -> QuerySet[WeeklyReport]:
    """The frozen weeks this person may see, narrowed by the address: ``q`` (2026-W46, 46, 2026-11), ``state``, ``revisions``."""
    seen = WeeklyReport.objects.visible_to(user)
    every = params.get("revisions") == "all"
    rows = seen.with_superseded(user) if every else seen.not_superseded(user)
    if (state := params.get("state", "")) in ReportState.values:
        rows = rows.filter(state=state)
    if words := unicodedata.normalize("NFKC", params.get("q", "")).strip()[:40].replace("\0", ""):
        rows = rows.filter(_of_words(words))
    return rows


def _of_words(words: str) -> Q:
    """Weeks that a search means: a number (46), an ISO week, a part of the Sunday's date, or the beginning of a digest."""
    found = Q(week__icontains=words) | Q(digest__istartswith=words)
    number = words.removeprefix("第").removesuffix("周").strip()
    if number.isascii() and number.isdigit() and len(number) <= 2:
        return Q(week__endswith=f"-W{int(number):02d}")
    pieces = words.split("-")
    if len(words) <= 10 and all(piece.isascii() and piece.isdigit() for piece in pieces):
        if len(pieces) == 3:
            return found | _of_day(*map(int, pieces))
        if len(pieces) == 2:
            return found | Q(sunday__year=int(pieces[0]), sunday__month=int(pieces[1]))
    return found


def _of_day(year: int, month: int, day: int) -> Q:
    """The week that contains a day; none for a day that does not exist."""
    try:
        return Q(week=str(Week.of(date(year, month, day))))
    except ValueError:
        return Q(pk__in=[])


def week_list(user: User, params: QueryDict) -> WeekList:
    """One page of frozen weeks with the figures of the viewer's widest place: five queries."""
    rows = (
        reports_shown(user, params)
        .defer("score", "ranking", "lost_by_unit", "difference")
        .select_related("campaign", "closed_by", "published_by")
    )
    page = page_of(rows, params, order=["-week", "-revision"], exact=True)
    reports: Sequence[WeeklyReport] = page.rows
    place = None
    if reports:
        ground = ground_of(user, reports[0], city=reports[0].campaign.region_id)
        place = ground.roots[0] if ground.roots else None
    fives = _headlines(reports, place) if place else {}
    return WeekList(
        page=page,
        rows=tuple(_week_row(report, place, fives) for report in reports),
        place=place,
        state=params.get("state", ""),
        revisions=params.get("revisions", ""),
        words=params.get("q", ""),
        query=without_cursor(params).urlencode(),
        sees_drafts=sees_drafts(user),
    )


def _headlines(reports: Sequence[WeeklyReport], place: Place) -> dict[tuple[int, str], Five]:
    rows = WeeklyFigure.objects.filter(
        report__in=[report.pk for report in reports],
        measure__in=(VISITS.code, PROBLEMS.code),
        level=place.level,
        region_id=place.code,
        grade=TOTAL,
    ).values_list("report_id", "measure", *PARTS)
    return {(pk, measure): Five(*numbers) for pk, measure, *numbers in rows}


def _week_row(report: Any, place: Place | None, fives: Mapping[tuple[int, str], Five]) -> WeekRow:
    openers = Openers(report.pk)
    cells = [
        Cell(
            fives.get((report.pk, measure), Five()),
            openers.urls(measure, place.level, place.code) if place else {},
        )
        for measure in (VISITS.code, PROBLEMS.code)
    ]
    return WeekRow(report, report.superseded, *cells)


def week_rows(user: User, params: QueryDict) -> Iterator[tuple[Any, ...]]:
    """The list's rows for an export, in the columns of ``reports``."""
    rows = reports_shown(user, params).select_related("campaign", "closed_by", "published_by")
    fields = rows.defer("ranking", "lost_by_unit", "difference").order_by("-week", "-revision", "pk")
    for report in fields.iterator(chunk_size=200):
        score = report.score or {}
        yield (
            report.week,
            report.sunday,
            report.revision,
            report.get_state_display(),
            report.known_at,
            str(report.closed_by or ""),
            report.published_at,
            str(report.published_by or ""),
            score_band(score.get("total_low"), score.get("total_high")) if score else "",
            report.digest,
        )


# --- one week --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MeasureTable:
    """One measure: the viewer's place with its five figures, then the parts of the place."""

    measure: Measure
    words: Mapping[str, Any]
    unit: Any
    whole: Cell
    rows: tuple[tuple[Place, Cell], ...]
    level: str
    red: RedFrom


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of a ranking board; ``urls`` is empty where the viewer does not see the rows."""

    rank: int | None
    tied: bool
    name: str
    rate: str
    five: Five
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Board:
    """A ranking board: the places in order and the names of those without a case, who are not ranked."""

    title: str
    lines: tuple[Standing, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LostByUnit:
    """What a lead unit's clauses lost."""

    unit: str
    points: float
    clauses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """One number that the newer revision changed."""

    what: str
    place: str
    grade: str
    part: str
    before: Any
    after: Any
    url: str


@dataclass(frozen=True)
class WeekDetail:
    """Everything the page of one frozen week shows."""

    report: WeeklyReport
    week: Week
    ground: Ground
    place: Place | None
    revisions: Sequence[WeeklyReport]
    latest: WeeklyReport
    tables: Sequence[MeasureTable]
    boards: Sequence[Board]
    score: ScoreCard | None
    lost: Sequence[LostByUnit]
    changes: Sequence[Changed]
    changes_in_all: int
    previous: WeeklyReport | None


def week_detail(user: User, report: WeeklyReport, *, place: str = "") -> WeekDetail:
    """One frozen week as the viewer may see it. Raises LookupError for a place outside their territory."""
    city = report.campaign.region_id
    ground = ground_of(user, report, city=city)
    here = ground.at(place) if place else (ground.roots[0] if ground.roots else None)
    if place and here is None:
        raise LookupError(place)
    revisions = list(
        WeeklyReport.objects.visible_to(user)
        .filter(campaign=report.campaign_id, week=report.week)
        .only("pk", "campaign_id", "week", "revision", "is_latest", "state", "known_at")
        .order_by("-revision")
    )
    may_read_score = user.can(Permission.VIEW_RULEBOOK)
    card = None
    if report.rulebook is not None and report.score and may_read_score:
        card, _tree = score_card(report.rulebook, report.score, week=report.week)
    previous = next((one for one in revisions if one.revision == report.revision - 1), None)
    changes = _changes(report, ground, may_read_score=may_read_score) if previous else []
    return WeekDetail(
        report=report,
        week=Week.parse(report.week),
        ground=ground,
        place=here,
        revisions=revisions,
        latest=revisions[0] if revisions else report,
        tables=_tables(report, ground, here) if here else (),
        boards=_boards(user, report, ground),
        score=card,
        lost=_lost(report) if may_read_score else (),
        changes=changes[:MOST_CHANGES],
        changes_in_all=len(changes),
        previous=previous,
    )


def _tables(report: WeeklyReport, ground: Ground, here: Place) -> tuple[MeasureTable, ...]:
    """Every measure for a place and its parts, in one query."""
    below = level_below(here, ground.city)
    places = Q(level=here.level, region_id=here.code)
    if below:
        places |= Q(level=below) & in_territory(here.code)
    rows = report.figures.filter(places, grade=TOTAL).values_list(
        "measure", "level", "region_id", "grade", *PARTS
    )
    fives = {(measure, level, code, grade): Five(*numbers) for measure, level, code, grade, *numbers in rows}
    figures = Figures(Openers(report.pk), fives)
    return tuple(_table(measure, figures, ground, here, below or here.level) for measure in measure_choices())


def _table(measure: Measure, figures: Figures, ground: Ground, here: Place, level: str) -> MeasureTable:
    red = measure.red[level]

    def cell(place: Place) -> Cell:
        found = figures.cell(measure.code, place.level, place.code)
        return Cell(found.five, found.urls, red.reached(found.five.overdue, graded=False))

    rows = [(place, cell(place)) for place in ground.below(here)]
    rows = [row for row in rows if row[0].code != here.code or row[1].five != Five()]
    rows.sort(key=lambda row: (-row[1].five.overdue, row[0].code))
    return MeasureTable(measure, measure.part_words(), measure.unit, cell(here), tuple(rows), level, red)


def _boards(user: User, report: WeeklyReport, ground: Ground) -> tuple[Board, ...]:
    """Both rankings; ties share a number and all of them stand there."""
    openers = Openers(report.pk)
    city_open = sees_all_rows(user, "problem", ground.city)
    boards = []
    for board, title in (("county", _("县（市、区）整改排名")), ("unit", _("成员单位整改排名"))):
        lines = [line for line in report.ranking if line["board"] == board]
        ranks = [line["rank"] for line in lines]
        standings = []
        for line in lines:
            if line["rank"] is None:
                continue
            urls: Mapping[str, str] = {}
            if board == "county" and (Level.COUNTY.value, line["code"]) in ground.places:
                urls = openers.urls(PROBLEMS_DUE.code, Level.COUNTY, line["code"])
            elif board == "unit" and city_open:
                city = openers.urls(PROBLEMS_DUE.code, Level.CITY, ground.city)
                urls = {part: f"{url}?unit={line['code']}" for part, url in city.items()}
            five = Five(line["expected"], line["done"], line["on_time"], line["overdue"], 0)
            tied = ranks.count(line["rank"]) > 1
            standings.append(Standing(line["rank"], tied, line["name"], f"{line['rate']}%", five, urls))
        left_out = tuple(line["name"] for line in lines if line["rank"] is None)
        boards.append(Board(title, tuple(standings), left_out))
    return tuple(boards)


def _lost(report: WeeklyReport) -> tuple[LostByUnit, ...]:
    """Lost points by lead unit, most first, each clause with its page."""
    return tuple(
        LostByUnit(
            entry["unit"],
            entry["points"],
            tuple((no, address("clause-list", week=report.week, no=no)) for no in entry["clauses"]),
        )
        for entry in report.lost_by_unit
    )


def _changes(report: WeeklyReport, ground: Ground, *, may_read_score: bool) -> list[Changed]:
    """The difference to the previous revision, as far as the viewer sees the places; totals before grades."""
    openers = Openers(report.pk)
    found = []
    for change in report.difference:
        if change["measure"] == "score":
            if may_read_score:
                before, after = score_band(*change["before"]), score_band(*change["after"])
                found.append(
                    Changed(_("得分"), "", "", "", before, after, address("clause-list", week=report.week))
                )
            continue
        place = ground.places.get((change["level"], change["code"]))
        measure = MEASURES.get(change["measure"])
        if place is None or measure is None:
            continue
        grade = change["grade"] or TOTAL
        found.append(
            Changed(
                str(measure.label),
                place.name,
                grade,
                str(measure.words[change["part"]]),
                change["before"],
                change["after"],
                openers.url(measure.code, place.level, place.code, change["part"], grade),
            )
        )
    return sorted(found, key=lambda change: bool(change.grade))


# --- the figures as a table to take away -----------------------------------------------------------


def report_for(user: User, number: str) -> WeeklyReport | None:
    """The frozen week with this key, if the viewer may see it."""
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    people_and_places = ("campaign", "campaign__region", "rulebook", "closed_by", "published_by")
    return (
        WeeklyReport.objects.visible_to(user)
        .select_related(*people_and_places)
        .filter(pk=int(number))
        .first()
    )


def figure_rows(user: User, params: QueryDict) -> Iterator[tuple[Any, ...]]:
    """Every figure of ``report`` this person may see, in the columns of ``figures``; nothing for an unknown report."""
    report = report_for(user, params.get("report", ""))
    if report is None:
        return
    ground = ground_of(user, report, city=report.campaign.region_id)
    rows = (
        report.figures.visible_to(user)
        .order_by("pk")
        .values_list("measure", "level", "region_id", "grade", *PARTS)
    )
    for measure, level, code, grade, *numbers in rows.iterator(chunk_size=2000):
        place = ground.places.get((level, code))
        label = MEASURES[measure].label if measure in MEASURES else measure
        yield (
            str(label),
            Level(level).label,
            code,
            place.name if place else "",
            grade or _("合计"),
            *numbers,
        )
