"""A score is worded once: the dashboard and the page of clauses say the same of vetoes, key clauses, the pass line and the instant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.models import Clause, WeeklyReport
from campaigns.reports.score import score_card
from tests.campaigns.weekly import freeze, get, make_city

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(time_machine: Any) -> WeeklyReport:
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    return freeze(make_city())


def as_of(html: str) -> list[str]:
    return re.findall(r"2026-11-16 \d{2}:\d{2}", html)[:1]


def test_both_pages_word_every_condition_of_a_score_alike(report, login):
    leader = login(role="leader", region="9901")
    board, clauses = get(leader, "/dashboard/"), get(leader, "/clauses/")
    card, _tree = score_card(report.rulebook, report.score, week=report.week)
    assert [condition.asked for condition in card.conditions] == ["否决项", "关键项 ≥ 60%", "总分 ≥ 90"]
    for condition in card.conditions:
        for html in (board, clauses):
            assert condition.asked in html and condition.badge[1] in html and condition.note in html
    assert as_of(board) == as_of(clauses) == ["2026-11-16 00:00"]


def test_an_unread_veto_is_never_said_not_to_have_happened(report, login):
    clauses = get(login(role="leader", region="9901"), "/clauses/")
    assert "1 项未读数" in clauses and "未触发" not in clauses


def test_key_clauses_are_counted_once_for_the_floor_and_the_tab(report, login):
    chapter = Clause.objects.create(
        rulebook=report.rulebook, no="1", title="两个责任", kind="key", points="60", order=9
    )
    Clause.objects.filter(no__startswith="1.").update(parent=chapter)
    clauses = get(login(role="leader", region="9901"), "/clauses/")
    card, _tree = score_card(report.rulebook, report.score, week=report.week)
    assert card.key_nos == ("1",)
    assert "关键 1</a>" in clauses and "共 1 项" in clauses


def test_the_pass_line_stands_beside_the_total_it_is_about(report):
    card, _tree = score_card(report.rulebook, report.score, week=report.week)
    total = card.conditions[-1]
    assert f"{card.total_low:.2f}–{card.total_high:.2f}" in total.note
    document = report.rulebook.document | {
        "pass": {"no_veto": True, "min_base": "90", "key_min_rate": "0.60"}
    }
    report.rulebook.document = document
    card, _tree = score_card(report.rulebook, report.score, week=report.week)
    assert card.conditions[-1].asked == "基础分 ≥ 90"
    assert f"{card.base_low:.2f}–{card.base_high:.2f}" in card.conditions[-1].note
