"""The assessments of the demonstration city: a mock and a provincial one handed in, one being filled, lost points in hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from campaigns.choices import AssessmentKind, ReadingSource, TaskState
from campaigns.models import (
    Assessment,
    AssessmentSeat,
    Campaign,
    Clause,
    LostPoint,
    Reading,
    Remedy,
    SheetEntry,
    TaskItem,
)
from campaigns.rules.numbers import rounded
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import Score, score
from campaigns.rules.typed import Typed
from campaigns.services.assessments import sheet_digest
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.when import Calendar
from inspections.models import Problem

# Clause → reading and what the assessors noted; they are stricter than the city itself.
# What both looked at besides; the provincial one left network catering and the questionnaire's satisfaction for later.
_ALIKE: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "1.4": ({"value": "3"}, "少一场应急演练"),
    "1.5": ({"value": "86.1"}, "抽查册上 72 家未定级"),
    "2.1": ({"value": "4.6"}, ""),
    "2.2": ({"occurrences": 60}, "台账与平台核对"),
    "2.3": ({"value": "97"}, "抽 10 名干部，1 人没有承诺书"),
    "2.4": ({"value": "82"}, ""),
    "3.4.3": ({"deducted": "0.25", "reason": "一家供餐单位未公示等级"}, "一家供餐单位未公示等级"),
    "3.4.5": ({"met": True}, ""),
    "4.1": ({"value": "3.6"}, "农残兽残批次不足"),
    "4.3": ({"value": "88"}, "超期完成未剔除"),
    "4.4": ({"occurrences": 12}, "12 件逾期未销号"),
    "4.5": ({"value": "100"}, ""),
    "5.2": ({"value": "20"}, "两个月只有一场"),
    "5.3": ({"value": "98.5"}, "抽 20 件，1 件超期答复"),
    "6.1": ({"occurrences": 1}, ""),
    "6.2": ({"occurrences": 0}, "制度创新未获采用"),
    "6.3": ({"occurrences": 1}, ""),
    "6.4": ({"occurrences": 0}, ""),
    "7.3": ({"value": "3.4"}, ""),
    "7.4": ({"value": "100"}, ""),
}
MOCK: Final[dict[str, tuple[dict[str, Any], str]]] = _ALIKE | {
    "3.5": ({"deducted": "1", "reason": "两个平台入网资质不全"}, "两个平台入网资质不全"),
    "7.2": ({"value": "80.2"}, ""),
    "1.1": ({"met": True}, "领导小组会议纪要齐全"),
    "1.2": ({"value": "3"}, "第四次会议未见纪要"),
    "1.3": ({"deducted": "1", "reason": "经费到位凭证不全"}, "经费到位凭证不全"),
    "3.1": ({"sites": ["4.25", "4.5", "4.75"]}, "抽查 3 个主体，公示不全"),
    "3.2": ({"sites": [2, 1, 3, 1]}, "留样不足、温度记录空白"),
    "3.3": ({"occurrences": 7}, "公示栏未更新"),
    "3.4.1": ({"value": "80"}, "两所学校画面中断"),
    "3.4.2": ({"occurrences": 4}, "校园周边流动摊贩"),
    "3.4.4": ({"value": "100"}, ""),
    "3.6": ({"sites": ["2.25", "2.5"]}, "小作坊标识不清"),
    "4.2": ({"value": "98.1"}, ""),
    "5.1.1": ({"value": "80.2"}, ""),
    "5.1.2": ({"value": "80.9"}, "知晓率偏低"),
    "7.1": ({"happened": False}, ""),
}
PROVINCIAL: Final[dict[str, tuple[dict[str, Any], str]]] = _ALIKE | {
    "1.1": ({"met": True}, ""),
    "1.2": ({"value": "3"}, "党委会研究记录少一次"),
    "1.3": ({"deducted": "1.25", "reason": "两个县未单列抽检经费"}, "两个县未单列抽检经费"),
    "3.1": ({"sites": ["4", "4.25", "4.5", "4.25"]}, "省级多查 1 个点位"),
    "3.2": ({"sites": [3, 2, 3, 2, 1]}, "冷链 2 处、后厨 9 处"),
    "3.3": ({"occurrences": 6}, "两个市场补了公示"),
    "3.4.1": ({"value": "78.5"}, "县区学校未接入"),
    "3.4.2": ({"occurrences": 5}, "多查 3 所学校"),
    "3.4.4": ({"value": "100"}, ""),
    "3.6": ({"sites": ["2.5", "2.25"]}, ""),
    "4.2": ({"value": "98.1"}, ""),
    "5.1.2": ({"value": "79.4"}, "问卷样本 1,200 份"),
    "7.1": ({"happened": False}, ""),
}
NEXT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "1.1": ({"met": True}, "已看原件"),
    "1.2": ({"value": "4"}, "第四次会议纪要已补"),
    "3.3": ({"occurrences": 4}, "公示栏停在上周"),
}
_TIED: Final = 4
"""Of how many lost clauses tasks or problems are in hand; the others stand in the list of those nobody works on."""


def load_assessments(campaign: Campaign, people: People, calendar: Calendar) -> None:
    """Two assessments handed in, one that its assessor is filling, and what is done about the points lost most."""
    last = calendar.weeks[-1].sunday
    mock = _held(
        campaign,
        people,
        calendar,
        AssessmentKind.MOCK,
        "第一次模拟测评（演示）",
        last - timedelta(days=18),
        MOCK,
    )
    province = _held(
        campaign,
        people,
        calendar,
        AssessmentKind.PROVINCIAL,
        "省级中期评估（演示）",
        last - timedelta(days=9),
        PROVINCIAL,
    )
    _given(campaign, people, calendar, "第二次模拟测评（演示）", last + timedelta(days=5), NEXT)
    _in_hand(mock[0], mock[1], people, calendar, MOCK)
    _in_hand(province[0], province[1], people, calendar, PROVINCIAL)


def _given(
    campaign: Campaign,
    people: People,
    calendar: Calendar,
    title: str,
    held_on: date,
    read: dict[str, tuple[dict[str, Any], str]],
    kind: AssessmentKind = AssessmentKind.MOCK,
) -> Assessment:
    """An assessment that the assessor was given and has filled this far."""
    assert campaign.rulebook is not None
    assessor, office = people["assessor"], people["campaign_office"]
    at = calendar.at(min(held_on, calendar.until), 17)
    one = Assessment.objects.create(
        campaign=campaign,
        rulebook=campaign.rulebook,
        kind=kind,
        title=title,
        held_on=held_on,
        assessor=assessor,
    )
    AssessmentSeat.objects.create(assessment=one, user=assessor, given_by=office, given_at=at)
    clauses = {clause.no: clause for clause in campaign.rulebook.clauses.filter(no__in=list(read))}
    for no, (value, note) in read.items():
        reading = Reading.objects.create(
            campaign=campaign, clause=clauses[no], assessment=one, on=held_on, value=value, note=note,
            source=ReadingSource.ASSESSED, recorded_by=assessor, recorded_at=at,
        )  # fmt: skip
        SheetEntry.objects.create(
            assessment=one, clause=clauses[no], typed=Typed.from_reading(value, note).as_document(), reading=reading,
            saved_by=assessor, saved_at=at,
        )  # fmt: skip
    return one


def _held(
    campaign: Campaign,
    people: People,
    calendar: Calendar,
    kind: AssessmentKind,
    title: str,
    held_on: date,
    read: dict[str, tuple[dict[str, Any], str]],
) -> tuple[Assessment, Score]:
    """An assessment that was handed in."""
    one = _given(campaign, people, calendar, title, held_on, read, kind)
    readings = {no: value for no, (value, _note) in read.items()}
    result = score(parse_rulebook(one.rulebook.document), readings)
    typed = {no: Typed.from_reading(value, note) for no, (value, note) in read.items()}
    one.handed_in_at, one.handed_in_by = calendar.at(min(held_on, calendar.until), 18), people["assessor"]
    one.score, one.digest = result.as_document(), sheet_digest(one, readings, typed)
    one.save(update_fields=["handed_in_at", "handed_in_by", "score", "digest"])
    return one, result


def _in_hand(
    one: Assessment,
    result: Score,
    people: People,
    calendar: Calendar,
    read: dict[str, tuple[dict[str, Any], str]],
) -> None:
    """The clauses that lost most, tied to an open task of their lead unit or to open problems of the city."""
    office, at = people["campaign_office"], calendar.at(calendar.until, 18)
    clauses: dict[str, Clause] = {clause.no: clause for clause in one.rulebook.clauses.all()}
    tasks = {
        task.lead_unit_id: task
        for task in TaskItem.objects.filter(campaign=one.campaign)
        .exclude(state=TaskState.DONE)
        .order_by("-number")
    }
    problems = list(
        Problem.objects.filter(source="mock", voided_at__isnull=True, closed_on__isnull=True).order_by("pk")[
            :6
        ]
    )
    losing = sorted(
        (scored for scored in result.clauses if scored.lost > 0), key=lambda scored: (-scored.lost, scored.no)
    )
    for scored in losing[:_TIED]:
        clause, points = clauses[scored.no], rounded(scored.lost, 3)
        task = tasks.get(clause.lead_unit_id or 0)
        if task is None and not problems:
            continue
        lost = LostPoint.objects.create(
            campaign=one.campaign, clause=clause, assessment=one, points=points, regained=points,
            why=read[scored.no][1] or scored.facts, noted_by=office, noted_at=at,
        )  # fmt: skip
        if task is not None:
            Remedy.objects.create(lost=lost, task=task, started_by=office, started_at=at)
        else:
            for problem in problems[:3]:
                Remedy.objects.create(lost=lost, problem=problem, started_by=office, started_at=at)
