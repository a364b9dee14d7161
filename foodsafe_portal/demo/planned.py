"""What the plan of the demonstration city says beyond its days: rules, persons, progress, predecessors, and a work notice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from accounts.models import Unit
from campaigns.choices import DueAnchor, NoticeState, ReceiptState, TaskState
from campaigns.models import Campaign, Guidance, Notice, NoticeReceipt, TaskItem, TaskLink
from campaigns.rules.due_rules import Countback, working_days_until
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.names import person
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.when import Calendar
from records.services.calendar import current_calendar

BEFORE: Final = ((4, 1), (12, 3), (16, 12), (25, 20), (26, 20), (28, 26))
"""Task and the one that has to be finished before it."""
TEXT: Final = (
    "近期暗访发现学校食堂留样不足、校园周边摊贩反弹。各县(市、区)即日起专项自查：一、学校食堂留样逐家核对；"
    "二、校园周边 200 米摊贩清理；三、自查结果附数字答复。"
)


def plan_backwards(campaign: Campaign, people: People, calendar: Calendar, *, seed: int) -> None:
    """Give the tasks their rule where their day is one counted backwards, a person, progress, and predecessors."""
    random, workdays = dice(seed, "plan"), current_calendar()
    count = Countback(campaign.review_on, workdays)
    tasks = {task.number: task for task in campaign.tasks.all()}
    for task in tasks.values():
        task.person = person(random)
        task.percent = _percent(task, calendar.until)
        if task.due_on <= campaign.review_on:
            days = working_days_until(task.due_on, campaign.review_on, workdays)
            if count.before(days) == task.due_on:
                task.due_anchor, task.due_days = DueAnchor.REVIEW, days
                years = range(task.due_on.year, campaign.review_on.year + 1)
                task.due_provisional = not set(years) <= workdays.published_years
    TaskItem.objects.bulk_update(
        tasks.values(), ["person", "percent", "due_anchor", "due_days", "due_provisional"]
    )
    TaskLink.objects.bulk_create(TaskLink(task=tasks[after], before=tasks[first]) for after, first in BEFORE)
    _notice(campaign, people, calendar)


def _percent(task: TaskItem, until: date) -> int:
    if task.state == TaskState.DONE:
        return 100
    if task.state == TaskState.OPEN or until <= task.starts_on:
        return 0
    share = (until - task.starts_on).days / max(1, (task.due_on - task.starts_on).days)
    return min(90, round(share * 80))


def _notice(campaign: Campaign, people: People, calendar: Calendar) -> None:
    """One notice to all member units a week ago: most have signed, some answered, one came back."""
    issued = calendar.until - timedelta(days=7)
    office = people["campaign_office"]
    notice = Notice.objects.create(
        campaign=campaign, year=issued.year, number=1, title="学校食堂留样和校园周边摊贩专项自查", text=TEXT, state=NoticeState.ISSUED,
        reply_by=calendar.until + timedelta(days=2), drafted_by=office, drafted_at=calendar.at(issued, 9), issued_by=office,
        issued_at=calendar.at(issued, 10), is_demo=True,
    )  # fmt: skip
    units = Unit.objects.filter(is_member=True).order_by("region_id", "pk")[:58]
    rows = []
    for at, unit in enumerate(units):
        row = NoticeReceipt(notice=notice, unit=unit)
        if at % 9:
            row.state, row.signed_by, row.signed_at = ReceiptState.SIGNED, office, calendar.at(issued, 15)
        if at % 9 and at % 3 == 0:
            row.state, row.answer = (
                ReceiptState.ANSWERED,
                f"自查食堂 {20 + at} 家，留样不足 {at % 5} 处，已补齐。",
            )
            row.answered_by, row.answered_at = office, calendar.at(issued + timedelta(days=3), 16)
        if row.answer and at % 2:
            row.state, row.decided_by, row.decided_at = (
                ReceiptState.ACCEPTED,
                office,
                calendar.at(calendar.until, 9),
            )
        rows.append(row)
    NoticeReceipt.objects.bulk_create(rows)
    Guidance.objects.create(
        campaign=campaign, notice=notice, question="托管机构算不算学校食堂？", answer="不算，另列；由市场监管局自查。",
        asked_by=people["unit_liaison"], asked_at=calendar.at(issued + timedelta(days=1), 10), answered_by=office,
        answered_at=calendar.at(issued + timedelta(days=1), 15),
    )  # fmt: skip
