"""The first text of a bulletin: overall, figures, ranking, typical problems, demands; figures and ranking are the frozen week's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import translation

from accounts.models import User
from campaigns.measures import MEASURES, TOTAL, Measure
from campaigns.models import WeeklyReport
from campaigns.rules.papers import LONGEST, length_of, lines_of
from foodsafe_portal.lib import formats
from foodsafe_portal.lib.weeks import Week
from inspections.choices import Severity
from inspections.models import Problem

TYPICAL: Final = 3
NAMED: Final = 5
PART_WORDS: Final = (
    ("expected", "应完成"), ("done", "已完成"), ("on_time", "按时"), ("overdue", "逾期"), ("excluded", "剔除另列"),
)  # fmt: skip


def bulletin_title(report: WeeklyReport) -> str:
    """What the bulletin of a week is called."""
    week = Week.parse(report.week)
    return f"关于{week.year}年第{week.number}周创建工作进展情况的通报"


def bulletin_text(user: User, report: WeeklyReport) -> str:
    """The text of a week's bulletin, one paragraph a line; papers are written in Chinese whatever the reader's language."""
    figures = _city(report)
    lines = ["一、总体情况"]
    lines += [_overall(MEASURES[key], row) for key, row in figures.items() if key in MEASURES]
    lines.append("二、排名情况")
    for board, words in (("county", "县（市、区）"), ("unit", "成员单位")):
        lines += _ranked(report, board, words)
    lines.append("三、典型问题")
    lines += _typical(user, report) or ["本周没有严重或较重的逾期问题。"]
    lines += [
        "四、工作要求",
        "各地各单位要对照通报的问题逐项整改，按期在平台上反馈结果；逾期未反馈的，按督办规则处理。",
    ]
    return "\n".join(lines)


def bulletin_values(user: User, report: WeeklyReport) -> dict[str, Any]:
    """What the template of a bulletin is filled with; the footer binds its numbers to the frozen week."""
    with translation.override("zh-hans"):
        text = bulletin_text(user, report)
    count = length_of(text)
    binding = f"代拟稿 · 数据：{report.week} 周报第 {report.revision} 版，校验码 {report.digest[:16]} · 正文 {count} 字"
    if count > LONGEST:
        binding += f"，超过 {LONGEST} 字，请精简"
    return {
        "number": "",
        "title": bulletin_title(report),
        "addressee": "各县（市、区）、各成员单位",
        "lines": lines_of(text),
        "signatory": f"{report.campaign.region.name}创建工作领导小组办公室",
        "issued_on": "",
        "binding": binding,
    }


def _city(report: WeeklyReport) -> dict[str, Mapping[str, Any]]:
    rows = report.figures.filter(region_id=report.campaign.region_id, grade=TOTAL, level="city")
    return {row["measure"]: row for row in rows.order_by("pk").values()}


def _overall(measure: Measure, row: Mapping[str, Any]) -> str:
    told = "，".join(f"{words}{row[part]}{measure.unit}" for part, words in PART_WORDS)
    return f"{measure.name}：{told}；完成率{formats.percent(row['done'], row['expected'])}。"


def _ranked(report: WeeklyReport, board: str, words: str) -> list[str]:
    rows = [row for row in report.ranking if row["board"] == board]
    ranked = [row for row in rows if row["rank"] is not None]
    left_out = [row["name"] for row in rows if row["rank"] is None]
    heading = f"（一）{words}" if board == "county" else f"（二）{words}"
    if not ranked:
        return [heading, "本周均没有到期问题，不排名。"]
    best = "、".join(f"{row['name']}（{row['rate']}%，{row['expected']}个）" for row in ranked[:NAMED])
    lines = [
        heading,
        f"按到期问题按时整改率，居前的是{best}。",
    ]
    behind = [row for row in ranked[NAMED:] if row["overdue"]][-3:]
    if behind:
        last = "、".join(f"{row['name']}（{row['rate']}%，{row['expected']}个）" for row in behind)
        lines.append(f"居后的是{last}。")
    if left_out:
        lines.append(f"本周没有到期问题、不参加排名的有{'、'.join(left_out)}。")
    return lines


def _typical(user: User, report: WeeklyReport) -> list[str]:
    rows = Problem.objects.visible_to(user).in_territory(report.campaign.region_id).overdue_now(report.sunday)
    worst = rows.filter(severity__in=[Severity.SERIOUS, Severity.MAJOR]).select_related("unit", "region")
    return [
        f"{one.place or one.region.name}：{one.description.strip()[:80]}（{one.code}，"
        f"{one.unit.name if one.unit else '责任单位待定'}，{one.due_on.month}月{one.due_on.day}日到期）。"
        for one in worst.order_by("due_on", "pk")[:TYPICAL]
    ]
