"""The labelled demonstration rulebook, what was read for its clauses week by week, and a mock assessment beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import campaigns
from campaigns.choices import AssessmentKind, ReadingSource
from campaigns.models import Assessment, Campaign, Reading, Rulebook
from campaigns.services.rulebooks import draft_rulebook, pin_rulebook, publish_rulebook
from foodsafe_portal.demo.bulk import insert, next_id
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.when import Calendar

FILE: Final = Path(campaigns.__file__).parent / "data" / "demo_rulebook.json"

# (clause, weeks before the last one, reading): the later ones replace the earlier ones as clauses are looked at again.
# 3.4.3, 3.5, 6.4 and the veto 7.4 stay unassessed, so that the score remains a band and the result open.
READINGS: Final[tuple[tuple[str, int, dict[str, Any]], ...]] = (
    ("1.1", 11, {"met": True}),
    ("1.2", 11, {"value": "3"}), ("1.2", 1, {"value": "4"}),
    ("1.3", 8, {"deducted": "0.5", "reason": "两个县未单列抽检经费"}),
    ("1.4", 10, {"value": "1"}), ("1.4", 3, {"value": "3"}),
    ("1.5", 11, {"value": "86.20"}), ("1.5", 6, {"value": "88.10"}), ("1.5", 0, {"value": "88.96"}),
    ("2.3", 11, {"value": "97.80"}), ("2.3", 4, {"value": "99.53"}),
    ("3.1", 9, {"sites": ["4", "4.25", "5", "4.5"]}), ("3.1", 2, {"sites": ["4.5", "4.75", "5", "4.75"]}),
    ("3.2", 7, {"sites": [2, 1, 3, 2, 4, 2]}), ("3.2", 1, {"sites": [1, 1, 2, 1, 2, 1]}),
    ("3.3", 7, {"occurrences": 9}), ("3.3", 1, {"occurrences": 6}),
    ("3.4.1", 6, {"value": "79.50"}), ("3.4.1", 1, {"value": "83.33"}),
    ("3.4.2", 6, {"occurrences": 4}), ("3.4.2", 1, {"occurrences": 3}),
    ("3.4.4", 5, {"value": "100"}),
    ("3.4.5", 5, {"met": True}),
    ("3.6", 4, {"sites": ["2.5", "2.75", "3", "2.5"]}),
    ("4.1", 9, {"value": "2.9"}), ("4.1", 5, {"value": "3.4"}), ("4.1", 1, {"value": "3.8"}),
    ("4.2", 6, {"value": "98.6"}),
    ("4.5", 3, {"value": "100"}),
    ("5.1.1", 4, {"value": "81.4"}),
    ("5.1.2", 4, {"value": "82.6"}),
    ("5.2", 8, {"value": "18"}), ("5.2", 2, {"value": "22"}),
    ("5.3", 7, {"value": "99.2"}),
    ("6.1", 6, {"occurrences": 1}),
    ("6.2", 4, {"occurrences": 1}),
    ("6.3", 3, {"occurrences": 1}),
    ("7.1", 11, {"happened": False}),
    ("7.2", 4, {"value": "81.4"}),
    ("7.3", 5, {"value": "3.4"}), ("7.3", 1, {"value": "3.8"}),
)  # fmt: skip
# What the third party read in the mock assessment; it is stricter than the city itself.
MOCK: Final[dict[str, dict[str, Any]]] = {
    "1.1": {"met": True}, "1.2": {"value": "3"}, "1.3": {"deducted": "1", "reason": "经费到位凭证不全"},
    "3.1": {"sites": ["4.25", "4.5", "4.75"]}, "3.2": {"sites": [2, 1, 3, 1]}, "3.3": {"occurrences": 7},
    "3.4.1": {"value": "80"}, "3.4.2": {"occurrences": 4}, "3.4.4": {"value": "100"}, "3.6": {"sites": ["2.25", "2.5"]},
    "4.2": {"value": "98.1"}, "5.1.1": {"value": "80.2"}, "5.1.2": {"value": "80.9"}, "7.1": {"happened": False},
}  # fmt: skip
_ASSESSED: Final = frozenset({"3.1", "3.2", "3.3", "3.6", "5.1.1", "5.1.2", "7.2"})


def load_rulebook(campaign: Campaign, people: People) -> Rulebook:
    """Publish the edition and pin it to the campaign."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    office = people["campaign_office"]
    rulebook = Rulebook.objects.filter(
        code=document["code"]
    ).first()  # stays while a frozen week holds on to it
    if rulebook is None:
        names = {name: document[name] for name in ("code", "title", "edition", "source")}
        rulebook = publish_rulebook(
            rulebook=draft_rulebook(**names, document=document, is_demo=True, by=office), by=office
        )
    campaign.rulebook = pin_rulebook(campaign=campaign, rulebook=rulebook, by=office).rulebook
    return rulebook


def load_readings(campaign: Campaign, people: People, calendar: Calendar) -> None:
    """What bodies reported and the third party measured over the weeks, and the mock assessment."""
    assert campaign.rulebook is not None
    clauses = dict(campaign.rulebook.clauses.values_list("no", "pk"))
    office, assessor = people["campaign_office"].pk, people["assessor"]
    last = calendar.weeks[-1].sunday
    mock = Assessment.objects.create(
        campaign=campaign, rulebook=campaign.rulebook, kind=AssessmentKind.MOCK, title="第一次模拟测评(演示)",
        held_on=last - timedelta(days=18), assessor=assessor, closed_at=None,
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    key = next_id(Reading)
    for no, weeks_ago, value in _by_day(READINGS, len(calendar.weeks)):
        on = last - timedelta(days=7 * weeks_ago + 2)
        source = ReadingSource.ASSESSED if no in _ASSESSED else ReadingSource.REPORTED
        rows.append(
            (
                key,
                campaign.pk,
                clauses[no],
                None,
                on,
                value,
                str(source),
                "演示数据",
                office,
                calendar.at(on, 17),
                None,
            )
        )
        key += 1
    for no, value in MOCK.items():
        on = mock.held_on
        note = "第三方模拟测评"
        read = (value, str(ReadingSource.ASSESSED), note, assessor.pk, calendar.at(on, 17), None)
        rows.append((key, campaign.pk, clauses[no], mock.pk, on, *read))
        key += 1
    insert(Reading, _COLUMNS, rows)


_COLUMNS: Final = (
    "id", "campaign_id", "clause_id", "assessment_id", "on", "value", "source", "note", "recorded_by_id", "recorded_at",
    "voided_at",
)  # fmt: skip


def _by_day(
    readings: tuple[tuple[str, int, Mapping[str, Any]], ...], weeks: int
) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """The readings, the newest per clause and day: with few weeks the earliest ones fall into the first of them."""
    kept = {(no, min(weeks_ago, weeks - 1)): value for no, weeks_ago, value in readings}
    for (no, weeks_ago), value in kept.items():
        yield no, weeks_ago, value
