"""Exact scores behind stored ones: the city's own of a frozen week, and those of assessments, many in a few queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.choices import Level
from campaigns.measures import TOTAL, Five
from campaigns.models import Assessment, Reading, Rulebook, WeeklyReport
from campaigns.readings import week_readings
from campaigns.rules import rulebook as rules
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import Score, score


def readings_of_week(report: WeeklyReport) -> dict[str, dict[str, Any]]:
    """The readings a frozen week was scored with, from its own figures and what was known when it was frozen."""
    assert report.rulebook is not None
    rows = report.figures.filter(level=Level.CITY, grade=TOTAL).values_list(
        "measure", "expected", "done", "on_time", "overdue", "excluded"
    )
    totals = {measure: Five(*numbers) for measure, *numbers in rows}
    return week_readings(
        report.campaign, report.rulebook, sunday=report.sunday, known_at=report.known_at, totals=totals
    )


def own_score(report: WeeklyReport, tree: rules.Rulebook | None = None) -> Score:
    """The city's own score of a frozen week, exact."""
    assert report.rulebook is not None
    return score(tree or parse_rulebook(report.rulebook.document), readings_of_week(report))


def scores_of(
    assessments: Iterable[Assessment], rulebook: Rulebook, tree: rules.Rulebook
) -> tuple[dict[int, Score], dict[int, dict[str, str]]]:
    """The exact score of each assessment of one edition, and what was noted for its clauses; one query."""
    keys = [one.pk for one in assessments if one.rulebook_id == rulebook.pk]
    found: dict[int, dict[str, Any]] = {key: {} for key in keys}
    notes: dict[int, dict[str, str]] = {key: {} for key in keys}
    rows = Reading.objects.valid().filter(assessment__in=keys)
    for key, no, value, note in rows.values_list("assessment_id", "clause__no", "value", "note"):
        assert key is not None
        found[key][no] = value
        notes[key][no] = note
    return {key: score(tree, readings) for key, readings in found.items()}, notes


def by_no(result: Score) -> Mapping[str, Any]:
    """The scored clauses by their numbers."""
    return {one.no: one for one in result.clauses}
