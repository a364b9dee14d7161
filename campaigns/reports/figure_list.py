"""The list behind one frozen figure: the same question asked again, so its length is the figure, whatever was written since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Region, User
from campaigns.choices import Level
from campaigns.measures import (
    GRADES,
    LISTED_PARTS,
    MEASURES,
    PROBLEMS_DUE,
    TOTAL,
    Five,
    Listing,
    Measure,
    Question,
    Seen,
    rows_behind,
)
from campaigns.models import WeeklyFigure, WeeklyReport
from campaigns.reports.cells import Openers, deadline_words
from campaigns.reports.places import Place, level_of
from foodsafe_portal.lib.formats import week_label
from foodsafe_portal.lib.paging import Page, page_of
from inspections.choices import Exclusion
from inspections.querysets import PARTS, DutyQuerySet
from inspections.rules.standing import standing
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

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
    """A question as an address puts it, with the figure that answered it. ``unit`` narrows a ranking's figure to one unit."""

    report: WeeklyReport
    measure: Measure
    place: Place
    part: str
    grade: str
    five: Five
    unit: str = ""
    unit_name: str = ""

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

    def facts(self) -> list[tuple[str, str]]:
        """The question in words, for the page and for the cover of an export."""
        place = self.place.name
        told = [
            (
                _("周报"),
                _("%(week)s第 %(revision)s 版")
                % {"week": week_label(self.report.week), "revision": self.report.revision},
            ),
            (_("范围"), self.unit_name or place),
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
    if unit := params.get("unit") or "":
        if level != Level.CITY or code != report.campaign.region_id or grade or measure != PROBLEMS_DUE:
            raise NoSuchFigure
        return _of_unit(user, report, measure, part, unit)
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


def _of_unit(user: User, report: WeeklyReport, measure: Measure, part: str, unit: str) -> Asked:
    """A line of the ranking of units: its numbers stand in the report, its rows are the week's problems of that unit."""
    line = next((one for one in report.ranking if one["board"] == "unit" and one["code"] == unit), None)
    city = report.campaign.region
    if line is None or part == "excluded":
        raise NoSuchFigure
    five = Five(line["expected"], line["done"], line["on_time"], line["overdue"], 0)
    asked = Asked(
        report, measure, Place(Level.CITY, city.pk, city.name), part, TOTAL, five, unit, line["name"]
    )
    if rows_of(asked, user).count() != asked.number:
        raise NoSuchFigure
    return asked


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
    if asked.unit:
        rows = rows.filter(unit_id=int(asked.unit))
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
        hidden=tuple((name, str(params[name])) for name in ("grade", "unit") if params.get(name)),
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
    if asked.unit:
        parts = [part for part in parts if part != "excluded"]
    unit = f"?unit={asked.unit}" if asked.unit else ""
    return tuple(
        {
            "label": asked.words[part],
            "count": asked.five.value(part),
            "url": opened.url(asked.measure.code, asked.place.level, asked.place.code, part, asked.grade)
            + unit,
            "active": part == asked.part,
        }
        for part in parts
    )


def _chips(asked: Asked, opened: Openers) -> tuple[Mapping[str, Any], ...]:
    """The grade as a chip: taking it off or choosing another opens that figure."""
    if asked.unit:
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
