"""The list behind one frozen figure: the same question asked again, so its length is the figure, whatever was written since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Region, Unit, User
from campaigns.choices import Level
from campaigns.measures import (
    GRADES,
    LISTED_PARTS,
    MEASURES,
    PROBLEMS,
    PROBLEMS_DUE,
    TOTAL,
    VISITS,
    Five,
    Listing,
    Measure,
    Question,
    Seen,
    rows_behind,
    rows_in,
)
from campaigns.models import WeeklyFigure, WeeklyReport
from campaigns.reports.cells import Openers, deadline_words
from campaigns.reports.places import Place, level_of
from entities.models import Officer
from foodsafe_portal.lib.formats import week_label
from foodsafe_portal.lib.paging import Page, page_of
from inspections.choices import Exclusion
from inspections.querysets import PARTS, DutyQuerySet, part_condition
from inspections.rules.standing import standing
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

NOBODY = "0"  # the officer of visits that nobody is bound to
DIGITS = (6, 9, 12)  # county, township, village
DUTY_FIELDS = (
    "region_id",
    "grade",
    "arises_on",
    "ceases_on",
    "due_on",
    "fulfilled_on",
    "delivered_on",
    "excluded_on",
    "exclusion",
)
TABS = ("expected", "done", "on_time", "late", "overdue", "open", "undone", "excluded")


class NoSuchFigure(LookupError):
    """A figure that does not exist or that the viewer must not see."""


class RowsRefused(Exception):
    """The viewer may know the number but not the rows; the sentence says why."""


@dataclass(frozen=True)
class Asked:
    """A question as an address puts it, with the figure that answered it.

    ``unit`` narrows it to one unit's problems, ``officer`` to one officer's visits ('0': nobody bound).
    """

    report: WeeklyReport
    measure: Measure
    place: Place
    part: str
    grade: str
    five: Five
    unit: str = ""
    unit_name: str = ""
    officer: str = ""

    @property
    def number(self) -> int:
        """The frozen number."""
        return self.five.value(self.part)

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """The words of the measure's parts."""
        return self.measure.part_words()

    @property
    def part_word(self) -> Any:
        """The word of the part asked for."""
        return self.words[self.part]

    @cached_property
    def question(self) -> Question:
        """What the report asked when it was frozen."""
        return Question.of(self.report)

    def _scope(self) -> str:
        """The place, or whose rows of it: a unit of the whole campaign by its name alone."""
        if not self.unit_name:
            return self.place.name
        return self.unit_name if self.place.level == Level.CITY else f"{self.place.name} · {self.unit_name}"

    def facts(self) -> list[tuple[str, str]]:
        """The question in words, for the page and for the cover of an export."""
        told = [
            (
                _("周报"),
                _("%(week)s第 %(revision)s 版")
                % {"week": week_label(self.report.week), "revision": self.report.revision},
            ),
            (_("范围"), self._scope()),
            (_("指标"), str(self.measure.label)),
            (_("栏目"), str(self.words[self.part])),
        ]
        if self.grade:
            told.append((_("包保等级"), self.grade))
        return told


@dataclass(frozen=True, slots=True)
class PageCell:
    """One cell of a line: how it is printed, what it says, and a second line."""

    kind: str
    text: Any
    small: Any = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list, as known when the week was frozen; ``key`` names the object that its link opens."""

    key: int
    cells: tuple[PageCell, ...]


@dataclass(frozen=True)
class FigureList:
    """Everything the page shows. ``seen`` counts the rows this person sees of the figure; smaller only for a unit's own."""

    asked: Asked
    page: Page
    lines: tuple[Line, ...]
    seen: int
    words: str
    tabs: tuple[Mapping[str, Any], ...]
    chips: tuple[Mapping[str, Any], ...]
    hidden: tuple[tuple[str, str], ...]
    unit: Any

    @property
    def listing(self) -> Listing:
        """How the rows are listed."""
        return self.asked.measure.listing

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The question in words."""
        return self.asked.facts()

    @property
    def whole_url(self) -> str:
        """The list without its search."""
        return next(str(tab["url"]) for tab in self.tabs if tab["active"])

    @property
    def export_query(self) -> str:
        """The question as the export asks it, the search included."""
        asked = self.asked
        question = {
            "report": asked.report.pk,
            "measure": asked.measure.code,
            "level": asked.place.level,
            "code": asked.place.code,
            "part": asked.part,
            "grade": asked.grade,
            "unit": asked.unit,
            "officer": asked.officer,
            "q": self.words,
        }
        return urlencode({name: str(value) for name, value in question.items() if value})

    @property
    def is_partial(self) -> bool:
        """Whether only the rows of the viewer's own unit are listed."""
        return self.seen != self.asked.number


def figure_asked(user: User, params: Mapping[str, str]) -> Asked:
    """The figure of an address (report, measure, level, code, part; grade, unit); raises ``NoSuchFigure``."""
    measure, part, grade = (
        MEASURES.get(params.get("measure", "")),
        params.get("part", ""),
        params.get("grade") or TOTAL,
    )
    level, code, number = params.get("level", ""), params.get("code", ""), str(params.get("report", ""))
    if (
        measure is None
        or part not in LISTED_PARTS
        or level not in Level.values
        or grade not in (TOTAL, *GRADES)
    ):
        raise NoSuchFigure
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise NoSuchFigure
    report = (
        WeeklyReport.objects.visible_to(user)
        .defer("score", "lost_by_unit", "difference")
        .select_related("campaign", "campaign__region")
        .filter(pk=int(number))
        .first()
    )
    if report is None:
        raise NoSuchFigure
    for name, narrowed in (("unit", PROBLEMS), ("officer", VISITS)):
        if key := params.get(name) or "":
            if (
                grade
                or measure.listing != narrowed.listing
                or not (key.isascii() and key.isdigit() and len(key) < 16)
            ):
                raise NoSuchFigure
            return _narrowed(
                user, report, measure, part, _place_asked(user, report, level, code), **{name: key}
            )
    figures = list(
        WeeklyFigure.objects.visible_to(user)
        .select_related("region")
        .filter(report=report, level=level, region_id=code)
    )
    if not figures:
        raise NoSuchFigure
    # Figures are written for every place, for a rest (本级) only where it counts something: what is missing is zero.
    mine = (figure for figure in figures if (figure.measure, figure.grade) == (measure.code, grade))
    five = next((Five(*(getattr(figure, name) for name in PARTS)) for figure in mine), Five())
    place = Place(level, code, _place_name(figures[0], report))
    return Asked(report, measure, place, part, grade, five)


def _place_name(figure: WeeklyFigure, report: WeeklyReport) -> str:
    """A place's own name; at a lower level its rest (本级)."""
    if figure.level == level_of(figure.region_id, report.campaign.region_id):
        return figure.region.name
    return _("%(place)s本级") % {"place": figure.region.name}


def _place_asked(user: User, report: WeeklyReport, level: str, code: str) -> Place:
    """The place of a narrowed figure: the campaign's own, or one below it whose figures this person sees."""
    city = report.campaign.region
    if level == Level.CITY and code == city.pk:
        return Place(level, code, city.name)
    figures = WeeklyFigure.objects.visible_to(user).select_related("region")
    figure = figures.filter(report=report, level=level, region_id=code).first()
    if figure is None:
        raise NoSuchFigure
    return Place(level, code, _place_name(figure, report))


def _narrowed(
    user: User,
    report: WeeklyReport,
    measure: Measure,
    part: str,
    place: Place,
    *,
    unit: str = "",
    officer: str = "",
) -> Asked:
    """A place's figure of one unit or officer: the line of the ranking, else the same question counted for them alone.

    Raises ``NoSuchFigure`` where this person does not see every row of it.
    """
    board = (
        report.ranking if measure == PROBLEMS_DUE and place.level == Level.CITY and part != "excluded" else ()
    )
    line = next((one for one in board if one["board"] == "unit" and one["code"] == unit), None)
    if line is not None:
        five, name = Five(line["expected"], line["done"], line["on_time"], line["overdue"], 0), line["name"]
    else:
        name = _holder(user, unit, officer)
        five = five_of(measure, Question.of(report), place, unit=unit, officer=officer)
    asked = Asked(report, measure, place, part, TOTAL, five, unit, name, officer)
    if rows_of(asked, user).count() != asked.number:
        raise NoSuchFigure
    return asked


def _holder(user: User, unit: str, officer: str) -> str:
    """The name of the unit or officer; raises ``NoSuchFigure`` for one this person does not see."""
    if officer == NOBODY:
        return _("未包保")
    rows = Unit.objects.visible_to(user) if unit else Officer.objects.visible_to(user)
    named = rows.filter(pk=int(unit or officer)).first()
    if named is None:
        raise NoSuchFigure
    return str(named.name)


def _held_by(unit: str, officer: str) -> Q:
    if unit:
        return Q(unit_id=int(unit))
    return Q(officer__isnull=True) if officer == NOBODY else Q(officer_id=int(officer)) if officer else Q()


def five_of(measure: Measure, question: Question, place: Place, *, unit: str = "", officer: str = "") -> Five:
    """The five figures of one unit or officer in a place: what the measure asks, counted for them alone."""
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    rows = rows_in(measure, question, level=place.level, code=place.code).filter(_held_by(unit, officer))
    return Five(**rows.order_by().aggregate(**counts))


def rows_of(asked: Asked, user: User, words: str = "") -> DutyQuerySet:
    """The rows behind a figure that this person may see, narrowed to the search ``words``; raises ``RowsRefused``."""
    listing = asked.measure.listing
    if not user.can(listing.permission):
        raise RowsRefused(_("您的岗位只看数量，不看经营主体明细。"))
    rows = rows_behind(
        asked.measure,
        asked.question,
        part=asked.part,
        level=asked.place.level,
        code=asked.place.code,
        grade=asked.grade,
    ).visible_to(user)
    rows = rows.filter(_held_by(asked.unit, asked.officer))
    return rows.filter(_matching(words, listing)) if words else rows


def _matching(words: str, listing: Listing) -> Q:
    """Rows that a search finds: by name or number of what they are about."""
    plain = words.replace("\0", "")
    found = Q()
    for field in listing.searched:
        found |= Q(**{field: plain})
    return found


def figure_page(user: User, asked: Asked, params: QueryDict, opened: Openers) -> FigureList:
    """The page of a figure as its address asks for it: search, one page of rows, its sister figures as tabs."""
    words = params.get("q", "").strip()[:60]
    whole = rows_of(asked, user)
    seen = whole.count()
    rows = rows_of(asked, user, words) if words else whole
    order = ("due_on", "id") if asked.part in {"overdue", "open", "undone"} else ("id",)
    page = page_of(_with_names(rows, asked), params, order=order, exact=True, total=None if words else seen)
    badges = _Badges(asked.question.sunday, current_calendar())
    names = _Names.mentioned(asked.place, (row.region_id for row in page.rows))
    return FigureList(
        asked=asked,
        page=page,
        lines=tuple(_line(row, asked, badges, names) for row in page.rows),
        seen=seen,
        words=words,
        tabs=_tabs(asked, opened),
        chips=_chips(asked, opened),
        hidden=tuple((name, str(params[name])) for name in ("grade", "unit", "officer") if params.get(name)),
        unit=asked.measure.unit,
    )


def _with_names(rows: DutyQuerySet, asked: Asked) -> QuerySet:
    """The rows with everything a line prints."""
    listing = asked.measure.listing
    return rows.select_related(*listing.related).only(*DUTY_FIELDS, *listing.fields)


class _Names:
    """Names of regions, each with what stands between it and the figure's own place."""

    def __init__(self, place: Place, regions: QuerySet[Region]) -> None:
        self._start = len(place.code)
        self._paths: dict[str, str] = {}
        self._names = dict(regions.values_list("code", "name"))

    @classmethod
    def mentioned(cls, place: Place, codes: Iterable[str]) -> _Names:
        """For one page of rows."""
        wanted = {code[:digits] for code in codes for digits in (*DIGITS, len(code))}
        return cls(place, Region.objects.filter(code__in=wanted))

    def path(self, code: str) -> str:
        """``红旗街道 红星社区`` within a county; the place's own name for what lies nowhere below it."""
        if code not in self._paths:
            below = [code[:digits] for digits in DIGITS if self._start < digits <= len(code)] or [code]
            self._paths[code] = " ".join(self._names.get(one, one) for one in below)
        return self._paths[code]


def _seen(duty: Any, asked: Asked, badges: _Badges, names: _Names) -> Seen:
    """A duty as it stood on the Sunday of the week."""
    sunday = asked.question.sunday
    done_on = duty.fulfilled_on if duty.fulfilled_on and duty.fulfilled_on <= sunday else None
    return Seen(duty, names.path(duty.region_id), done_on, badges.of(duty))


def _line(duty: Any, asked: Asked, badges: _Badges, names: _Names) -> Line:
    """A duty in the columns of the page."""
    seen, listing = _seen(duty, asked, badges, names), asked.measure.listing
    return Line(
        listing.subject_id(duty),
        tuple(
            PageCell(column.kind, column.value(seen), column.small(seen) if column.small else "")
            for column in listing.page
        ),
    )


class _Badges:
    """Tone and words of a duty's state at the end of a Sunday; a long export meets few different ones."""

    def __init__(self, sunday: date, calendar: WorkCalendar) -> None:
        self._sunday, self._calendar = sunday, calendar
        self._known: dict[tuple[Any, ...], tuple[str, str]] = {}

    def of(self, duty: Any) -> tuple[str, str]:
        """(tone, words) of one duty."""
        key = (duty.exclusion, duty.excluded_on, duty.due_on, duty.fulfilled_on, duty.delivered_on)
        if key not in self._known:
            self._known[key] = self._words(duty)
        return self._known[key]

    def _words(self, duty: Any) -> tuple[str, str]:
        stands = standing(duty, self._sunday, self._calendar, running=False)
        if stands.badge is None:
            return "wait", _("剔除：%(why)s") % {"why": Exclusion(duty.exclusion).label}
        return stands.badge.tone, deadline_words(stands)


def _tabs(asked: Asked, opened: Openers) -> tuple[Mapping[str, Any], ...]:
    """The figure's parts as tabs, each with its own frozen number."""
    parts = [part for part in TABS if part != "undone" or asked.part == "undone"]
    if asked.unit and asked.measure == PROBLEMS_DUE:
        parts = [part for part in parts if part != "excluded"]
    held = {name: key for name, key in (("unit", asked.unit), ("officer", asked.officer)) if key}
    holder = f"?{urlencode(held)}" if held else ""
    return tuple(
        {
            "label": asked.words[part],
            "count": asked.five.value(part),
            "url": opened.url(asked.measure.code, asked.place.level, asked.place.code, part, asked.grade)
            + holder,
            "active": part == asked.part,
        }
        for part in parts
    )


def _chips(asked: Asked, opened: Openers) -> tuple[Mapping[str, Any], ...]:
    """The grade as a chip: taking it off or choosing another opens that figure."""
    if asked.unit or asked.officer:
        return ()

    def url(grade: str) -> str:
        return opened.url(asked.measure.code, asked.place.level, asked.place.code, asked.part, grade)

    if asked.grade:
        return ({"label": _("包保等级"), "value": asked.grade, "remove_url": url(TOTAL)},)
    options = [(_("包保 %(grade)s 级") % {"grade": grade}, url(grade)) for grade in GRADES]
    return ({"label": _("包保等级"), "value": _("全部"), "options": options},)


# --- exports ---------------------------------------------------------------------------------------


def exported_rows(listing: Listing, user: User, params: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """The rows behind a figure for an export, in the columns of ``listing``; raises ``NoSuchFigure`` for a figure listed otherwise."""
    asked = figure_asked(user, params)
    if asked.measure.listing.key != listing.key:
        raise NoSuchFigure
    rows = _with_names(rows_of(asked, user, (params.get("q") or "").strip()[:60]), asked)
    badges = _Badges(asked.question.sunday, current_calendar())
    names = _Names(asked.place, Region.objects.below(asked.place.code))
    for duty in rows.order_by("due_on", "id").iterator(chunk_size=2000):
        yield listing.values(_seen(duty, asked, badges, names))


def in_words(user: User, params: Mapping[str, str]) -> list[tuple[str, str]]:
    """The question of an export's address, for its cover."""
    asked = figure_asked(user, params)
    told = asked.facts()
    if words := (params.get("q") or "").strip():
        told.append((_("查找"), words))
    return told
