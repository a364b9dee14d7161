"""Freezing a week: count, score, rank, digest, and write an immutable report; then the office publishes it."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.choices import Level, ReportState
from campaigns.errors import AlreadyPublished, WeekNotOver
from campaigns.measures import MEASURES, TOTAL, Figure, Five, Question, digest_of, figures, regions_of
from campaigns.models import Campaign, Rulebook, WeeklyFigure, WeeklyReport
from campaigns.ranking import week_ranking
from campaigns.readings import week_readings
from campaigns.rules.numbers import printed
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import ClauseScore, score
from foodsafe_portal.lib.weeks import Week
from records.services import audit
from records.services.instants import closing_instant


@transaction.atomic
def close_week(*, campaign: Campaign, week: Week, by: Any = None, at: datetime | None = None) -> WeeklyReport:
    """Freeze one campaign's week; with nothing new since, the standing revision is the answer.

    ``at`` stands for now (tests, demonstration data). Raises ``WeekNotOver`` before Sunday 24:00 Asia/Shanghai.
    """
    now = at or timezone.now()
    if not week.has_ended(now):
        raise WeekNotOver(
            _("%(week)s 到 %(sunday)s 24:00 才结束，现在不能冻结；请在下周一以后再试。")
            % {"week": week, "sunday": week.sunday}
        )
    campaign = Campaign.objects.select_for_update(of=("self",)).select_related("rulebook").get(pk=campaign.pk)
    known_at = at or closing_instant()
    question = Question(campaign, week, known_at)
    latest = WeeklyReport.objects.filter(campaign=campaign, week=str(week), is_latest=True).first()
    regions = regions_of(question)
    counted = [figure for measure in MEASURES.values() for figure in figures(measure, question, regions)]
    totals = {f.measure: f.five for f in counted if f.level == Level.CITY and f.grade == TOTAL}
    readings: dict[str, Any] = {}
    if campaign.rulebook:
        readings = week_readings(
            campaign, campaign.rulebook, sunday=week.sunday, known_at=known_at, totals=totals
        )
    facts = _other_facts(campaign.rulebook, readings)
    digest = digest_of(question, [*(f"region|{code}" for code, _level in sorted(regions)), *facts])
    if latest is not None and (
        latest.digest == digest
        or (_same_places(latest, counted) and latest.digest == digest_of(question, facts))
    ):
        return latest
    result, lost = _scored(campaign.rulebook, readings)
    if latest is not None:
        WeeklyReport.objects.filter(pk=latest.pk).update(is_latest=False)
    report = WeeklyReport.objects.create(
        campaign=campaign,
        week=str(week),
        sunday=week.sunday,
        revision=latest.revision + 1 if latest else 1,
        as_of=week.as_of,
        known_at=known_at,
        digest=digest,
        rulebook=campaign.rulebook,
        score=result,
        lost_by_unit=lost,
        ranking=week_ranking(question),
        difference=_difference(latest, counted, result) if latest else [],
        closed_by=by,
    )
    WeeklyFigure.objects.bulk_create([_row(report, figure) for figure in counted], batch_size=2000)
    audit.record(
        by=by,
        action="week.closed",
        target=report,
        territory=campaign.region_id,
        after={"week": str(week), "revision": report.revision, "digest": digest},
    )
    return report


@transaction.atomic
def publish_week(*, report: WeeklyReport, by: Any) -> WeeklyReport:
    """Publish the latest revision of a frozen week; a second publishing is refused."""
    published = WeeklyReport.objects.filter(pk=report.pk, state=ReportState.FROZEN, is_latest=True).update(
        state=ReportState.PUBLISHED, published_by=by, published_at=timezone.now()
    )
    if not published:
        raise AlreadyPublished(_("%(report)s 已经发布或已有更新的版次，请刷新后再看。") % {"report": report})
    report.refresh_from_db()
    audit.record(by=by, action="week.published", target=report, territory=report.campaign.region_id)
    return report


def weeks_to_close(campaign: Campaign, now: datetime) -> list[Week]:
    """The ended weeks of a campaign that nobody has closed yet, oldest first (the beat catches up what it missed)."""
    last = Week.of(timezone.localdate(now)).previous()
    first = Week.of(campaign.started_on)
    newest = (
        WeeklyReport.objects.filter(campaign=campaign)
        .order_by("-week")
        .values_list("week", flat=True)
        .first()
    )
    week = Week.parse(newest).next() if newest else max(first, last)
    due = []
    while week <= last:
        if week.has_ended(now):
            due.append(week)
        week = week.next()
    return due


def _row(report: WeeklyReport, figure: Figure) -> WeeklyFigure:
    five = figure.five
    return WeeklyFigure(
        report=report,
        measure=figure.measure,
        level=figure.level,
        region_id=figure.code,
        grade=figure.grade,
        expected=five.expected,
        done=five.done,
        on_time=five.on_time,
        overdue=five.overdue,
        excluded=five.excluded,
    )


def _same_places(latest: WeeklyReport, counted: list[Figure]) -> bool:
    """Whether a report lists the very places counted now, as digests told before places were part of them cannot say."""
    listed = latest.figures.order_by().values_list("level", "region_id").distinct()
    return set(listed) == {(figure.level, figure.code) for figure in counted}


def _other_facts(rulebook: Rulebook | None, readings: dict[str, Any]) -> list[str]:
    if rulebook is None:
        return []
    return [
        f"rulebook|{rulebook.code}|{rulebook.edition}|{rulebook.digest}",
        *(f"{no}|{json.dumps(readings[no], sort_keys=True, ensure_ascii=False)}" for no in sorted(readings)),
    ]


def _scored(
    rulebook: Rulebook | None, readings: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The score document and the points lost by lead unit, most first."""
    if rulebook is None:
        return None, []
    result = score(parse_rulebook(rulebook.document), readings)
    leads = dict(rulebook.clauses.values_list("no", "lead_unit__name"))
    lost: dict[str, list[ClauseScore]] = defaultdict(list)
    for clause in result.clauses:
        if clause.lost > 0:
            lost[leads.get(clause.no) or "未指定牵头单位"].append(clause)
    entries = [(sum(clause.lost for clause in clauses), unit, clauses) for unit, clauses in lost.items()]
    return result.as_document(), [
        {"unit": unit, "points": printed(Fraction(points)), "clauses": [clause.no for clause in clauses]}
        for points, unit, clauses in sorted(entries, key=lambda entry: (-entry[0], entry[1]))
    ]


def _difference(
    latest: WeeklyReport, counted: list[Figure], result: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Which figures the new revision changes, each with its value before and after."""
    before = {
        (row.measure, row.level, row.region_id, row.grade): Five(
            row.expected, row.done, row.on_time, row.overdue, row.excluded
        )
        for row in latest.figures.all()
    }
    changes: list[dict[str, Any]] = []
    for figure in counted:
        old = before.get((figure.measure, figure.level, figure.code, figure.grade), Five())
        for part in ("expected", "done", "on_time", "overdue", "excluded"):
            was, now = getattr(old, part), getattr(figure.five, part)
            if was != now:
                changes.append(
                    {
                        "measure": figure.measure,
                        "level": figure.level,
                        "code": figure.code,
                        "grade": figure.grade or None,
                        "part": part,
                        "before": was,
                        "after": now,
                    }
                )
    old_score = (latest.score or {}).get("total_low"), (latest.score or {}).get("total_high")
    new_score = (result or {}).get("total_low"), (result or {}).get("total_high")
    if old_score != new_score:
        changes.append({"measure": "score", "before": list(old_score), "after": list(new_score)})
    return changes
