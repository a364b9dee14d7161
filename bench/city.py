"""The demonstration city: coverage, the frozen week, and every main page with its queries."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from bench.measuring import Row, hand_over, load_city, milliseconds, portal, tell

PEOPLE_AND_PAGES = (
    ("campaign_office", "dashboard", "clause-list", "task-list", "problem-list", "duty-list", "visit-list", "business-list",
     "officer-list", "change-list", "ledger-home", "report-list", "campaign-home"),
    ("officer", "my-visits"),
    ("system_admin", "account-list", "job-list"),
    ("auditor", "trail"),
)  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- coverage ----------------------------------------------------------------------------------------


def naive_coverage(start: date, sunday: date) -> list[Any]:
    """As a dashboard is first written: one join, distinct counts, grouped by place and grade."""
    from django.db.models import Count, Q

    from entities.models import Business

    visited = Q(visits__visited_on__range=(start, sunday), visits__voided_at__isnull=True)
    return list(
        Business.objects.order_by()
        .values("region__code", "responsibility_grade")
        .annotate(expected=Count("pk", distinct=True), done=Count("pk", filter=visited, distinct=True))
    )


def raw_coverage(start: date, sunday: date) -> list[Any]:
    """The same by hand: every business once, an index probe each."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT region_id, responsibility_grade, count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM inspections_visit v "
            "WHERE v.business_id = b.id AND v.visited_on BETWEEN %s AND %s AND v.voided_at IS NULL)) "
            "FROM entities_business b GROUP BY region_id, responsibility_grade",
            [start, sunday],
        )
        return cursor.fetchall()


def frozen_by_hand(report: Any) -> list[Any]:
    """The figures of a frozen week, by hand."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT region_id, grade, expected, done, on_time, overdue, excluded FROM campaigns_weeklyfigure "
            "WHERE report_id = %s AND measure = 'visits'",
            [report.pk],
        )
        return cursor.fetchall()


def coverage(label: str) -> list[Row]:
    """Coverage counted from the duties, and read from the frozen week."""
    from campaigns.measures import MEASURES, Question, counted
    from campaigns.models import WeeklyFigure, WeeklyReport
    from foodsafe_portal.lib.periods import Period

    report = WeeklyReport.objects.filter(is_latest=True).select_related("campaign").latest("sunday")
    question = Question.of(report)
    start = Period.containing(question.sunday, "quarter").start
    peer = milliseconds(lambda: naive_coverage(start, question.sunday), runs=3)
    floor = milliseconds(lambda: raw_coverage(start, question.sunday))
    counts = milliseconds(lambda: counted(MEASURES["visits"], question))
    figures = WeeklyFigure.objects.filter(report=report, measure="visits")
    fields = ("region_id", "grade", "expected", "done", "on_time", "overdue", "excluded")
    read = milliseconds(lambda: list(figures.values_list(*fields)))
    by_hand = milliseconds(lambda: frozen_by_hand(report))
    return [
        Row(f"coverage by place and grade counted from the duties, {label}", counts, peer, floor, "ms"),
        Row(f"coverage read from the frozen week, {label}", read, peer, by_hand, "ms"),
    ]


# --- the week ----------------------------------------------------------------------------------------


def bare_week(question: Any) -> None:
    """What closing a week cannot do without: count three measures, hash their facts."""
    from django.db import connection

    from foodsafe_portal.lib.periods import Period

    day, known = question.sunday, question.known_at
    period = Period.containing(day, "quarter").code
    parts = (
        "count(*) FILTER (WHERE excluded_on IS NULL OR excluded_on > %(day)s), "
        "count(*) FILTER (WHERE fulfilled_on <= %(day)s), "
        "count(*) FILTER (WHERE fulfilled_on <= %(day)s AND delivered_on <= due_on), "
        "count(*) FILTER (WHERE (fulfilled_on IS NULL OR fulfilled_on > %(day)s) AND due_on <= %(day)s), "
        "count(*) FILTER (WHERE excluded_on <= %(day)s)"
    )
    force = (
        "(d.superseded_at IS NULL OR d.superseded_at > %(known)s) AND d.recorded_at <= %(known)s AND d.arises_on <= %(day)s "
        "AND (d.ceases_on IS NULL OR d.ceases_on > %(day)s)"
    )
    sources = (
        ("inspections_visitduty d", "entities_business o", "o.id = d.business_id", "o.match_key", "d.period = %(period)s"),
        ("inspections_rectificationduty d", "inspections_problem o", "o.id = d.problem_id", "o.code", "d.due_on > %(monday)s"),
        ("inspections_rectificationduty d", "inspections_problem o", "o.id = d.problem_id", "o.code", "true"),
    )  # fmt: skip
    values = {"day": day, "known": known, "period": period, "monday": day - timedelta(days=7)}
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for duty, other, join, key, which in sources:
            cursor.execute(
                f"SELECT d.region_id, d.grade, {parts} FROM {duty} WHERE {force} AND {which} GROUP BY 1, 2",
                values,
            )
            cursor.fetchall()
            cursor.execute(
                f"SELECT {key}, d.region_id, d.grade, d.due_on, d.fulfilled_on FROM {duty} JOIN {other} ON {join} "
                f"WHERE {force} AND {which}",
                values,
            )
            for line in sorted("|".join(map(str, row)) for row in cursor.fetchall()):
                digest.update(line.encode())


def week(label: str, runs: int = 2) -> list[Row]:
    """Closing a week that was never closed: count, score, rank, digest, freeze."""
    from campaigns.measures import Question
    from campaigns.models import WeeklyReport
    from campaigns.services.weeks import close_week

    report = WeeklyReport.objects.filter(is_latest=True).select_related("campaign").latest("sunday")
    question = Question.of(report)
    best = float("inf")
    for _run in range(runs):
        with undone():
            WeeklyReport.objects.filter(campaign=report.campaign, week=report.week).delete()
            begun = time.perf_counter()
            close_week(campaign=report.campaign, week=question.week)
            best = min(best, (time.perf_counter() - begun) * 1000)
    floor = milliseconds(lambda: bare_week(question), runs=runs)
    return [Row(f"closing a week: figures, score, ranking, digest, {label}", best, None, floor, "ms")]


# --- pages -------------------------------------------------------------------------------------------


def client_of(username: str) -> Any:
    """A signed-in browser."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    client = Client(raise_request_exception=True)
    client.force_login(User.objects.get(username=username), backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def page(client: Any, path: str, label: str, runs: int = 4) -> list[Row]:
    """Time and queries of one page, from the first middleware to the last byte."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
        asked = len(queries)
    return [
        Row(f"page {path}, {label}", milliseconds(lambda: client.get(path), runs=runs), unit="ms"),
        Row(f"page {path}, {label}: queries", asked, unit="queries"),
    ]


def pages(label: str) -> Iterator[Row]:
    """Every main page of the navigation, and one business, problem and officer."""
    from django.urls import reverse

    from entities.models import Business, Officer
    from inspections.models import Problem

    for username, *names in PEOPLE_AND_PAGES:
        client = client_of(username)
        paths = [reverse(name) for name in names]
        if username == "campaign_office":
            first = Business.objects.latest("pk").name
            paths += [f"{reverse('business-list')}?q={first[:2]}", f"{reverse('problem-list')}?overdue=1"]
            paths += [
                reverse("business-detail", args=[Business.objects.order_by("pk")[0].pk]),
                reverse("problem-detail", args=[Problem.objects.order_by("pk")[0].pk]),
                reverse("officer-detail", args=[Officer.objects.order_by("pk")[0].pk]),
            ]
        for path in paths:
            yield from page(client, path, label)


TEMPLATE_ROWS = """{% for b in page %}<tr><th scope="row"><a href="{% url 'business-detail' b.pk %}">{{ b.name }}</a>
<small>{{ b.credit_code }} · {{ b.licence_no }}</small></th><td class="nowrap">{{ b.get_business_type_display }}</td>
<td class="nowrap">{{ b.region.name }}</td><td><span class="scale">{{ b.get_responsibility_grade_display }}</span></td>
<td><span class="scale">{{ b.get_risk_grade_display }}</span></td><td>{{ b.get_credit_grade_display }}</td>
<td>{{ b.get_catering_grade_display }}</td><td>{% if b.high_risk %}<span class="badge">高风险</span>{% endif %}
<span class="badge">{{ b.get_status_display }}</span></td><td>{% for a in b.assignments.all %}{{ a.officer.name }} {% endfor %}</td>
<td>{{ b.licence_valid_to|date:"Y-m-d" }}</td></tr>{% endfor %}"""


def list_cpu(label: str) -> list[Row]:
    """CPU of the fifty rows of the business list: ours, a plain template over objects, and bare strings."""
    from html import escape

    from django.core.paginator import Paginator
    from django.template import Context, Template, engines
    from django.utils import timezone

    from accounts.lists import Places
    from accounts.models import Region
    from entities.models import Business
    from entities.reports.businesses import COLUMNS, business_lines

    today = timezone.localdate()
    row = engines["jinja2"].env.get_template("entities/pieces.html").module.business_row
    template = Template(TEMPLATE_ROWS)
    queryset = Business.objects.order_by("-pk")
    places = Places(Region.objects.all())

    def ours() -> None:
        rows = business_lines(list(queryset.only(*COLUMNS)[:50]), places, today)
        "".join(row(one, True) for one in rows)

    def peer() -> None:
        found = queryset.select_related("region").prefetch_related("assignments__officer")
        template.render(Context({"page": Paginator(found, 50).page(1)}))

    def bare() -> None:
        rows = queryset.values_list(*COLUMNS)[:50]
        "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in rows)

    cpu = [milliseconds(job, runs=10, clock=time.process_time) for job in (ours, peer, bare)]
    return [Row(f"CPU of the 50 rows of the business list, {label}", *cpu, "ms")]


def main() -> None:
    """Measure on ``DATABASE_URL`` and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--businesses", type=int, required=True)
    parser.add_argument("--weeks", type=int, default=12)
    options = parser.parse_args()
    with portal():
        tell(f"loading the city of {options.businesses:,}")
        spent = load_city(options.businesses, options.weeks)
        label = f"{options.businesses:,} businesses"
        hand_over([Row(f"loading the demonstration city, {label}, {options.weeks} weeks closed", spent)])
        for part in (coverage, week, list_cpu, pages):
            tell(part.__name__)
            hand_over(part(label))


if __name__ == "__main__":
    main()
