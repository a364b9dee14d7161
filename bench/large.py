"""A register of a million businesses and 300,000 problems, written by bulk SQL: search, lists, the week, what is overdue."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bench.city import client_of, coverage, list_cpu, page, week
from bench.commands import memory_at_rest, run_command
from bench.measuring import Row, hand_over, load_city, milliseconds, portal, seconds, tell

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "福鑫源顺达兴隆旺盛利民祥和泰安康佳美味香鲜记园楼阁轩居坊铺店家春秋"
KINDS = ("小吃店", "餐饮店", "超市", "便利店", "火锅店", "面馆", "食品厂", "早餐店", "烤肉店", "奶茶店")
# How often: in a tenth of the names, in a thousandth, in a handful.
TERMS = ("超市", "王福", "鑫源顺", "傅记火锅", "鹦鹉", "琥珀楼阁")
TODAY = date(2026, 11, 16)


def generate(model: Any, count: int, expressions: Mapping[str, str]) -> None:
    """Insert ``count`` rows whose named columns are SQL expressions over ``n``; the others take their default."""
    from django.db import connection

    columns, values, params = [], [], []
    for field in model._meta.concrete_fields:
        if field.attname in expressions:
            values.append(expressions[field.attname])
        elif field.primary_key:
            continue
        else:
            values.append("%s")
            default = field.get_default()
            params.append(json.dumps(default) if isinstance(default, dict | list) else default)
        columns.append(f'"{field.column}"')
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM generate_series(1, {count}) n",
            params,
        )


def pick(choices: str, by: str) -> str:
    """SQL: one of the words, evenly."""
    return f"(ARRAY[{choices}])[1 + ({by})::bigint %% {choices.count(',') + 1}]"


def _array(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in words)


def businesses(count: int) -> None:
    """Names of six to eight characters; places and grades spread over the city."""
    from accounts.models import Region
    from entities.models import Business

    towns = _array(Region.objects.filter(level="township").values_list("code", flat=True))
    scattered = "hashint4(n)::bigint + 2147483648"
    name = " || ".join(
        [pick(_array(SURNAMES), scattered), pick(_array(GIVEN), f"({scattered}) / 41"), pick(_array(GIVEN), f"({scattered}) / 1301"),
         pick(_array(KINDS), f"({scattered}) / 40009")]
    )  # fmt: skip
    name = (
        f"CASE WHEN n %% 100000 = 7 THEN '鹦鹉' WHEN n %% 250000 = 11 THEN '琥珀楼阁' ELSE '' END || {name}"
    )
    generate(
        Business,
        count,
        {
            "match_key": "'bench:' || n",
            "name": name,
            "credit_code": "'92990102MB' || lpad(n::text, 8, '0')",
            "licence_no": "'JY3' || lpad(n::text, 13, '0')",
            "business_type": pick("'catering', 'sales', 'small_catering'", "n"),
            "premises_address": "'示例路' || n || '号'",
            "region_id": pick(towns, scattered),
            "responsibility_grade": pick("'B', 'C', 'C', 'C', 'C', 'D', 'D', 'D', 'D', ''", "n / 3"),
            "high_risk": "n %% 20 = 0",
            "registered_on": "date '2024-01-01'",
            "recorded_at": "timestamptz '2026-01-01'",
            "updated_at": "timestamptz '2026-01-01'",
        },
    )


def duties() -> None:
    """A duty of the quarter for every graded business, six in ten fulfilled."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inspections_visitduty (business_id, region_id, grade, arises_on, due_on, fulfilled_on, delivered_on, exclusion, "
            "recorded_at, period, period_start, period_end, times, visits_made) "
            "SELECT id, region_id, responsibility_grade, date '2026-10-01', date '2026-12-31', "
            "CASE WHEN id %% 10 < 6 THEN date '2026-10-01' + (id %% 40)::int END, "
            "CASE WHEN id %% 10 < 6 THEN date '2026-10-01' + (id %% 40)::int END, '', timestamptz '2026-10-01', "
            "'2026Q4', date '2026-10-01', date '2026-12-31', 1, 0 FROM entities_business "
            "WHERE match_key LIKE 'bench:%%' AND responsibility_grade <> ''",
            [],
        )


def problems(count: int) -> None:
    """One in twenty still open, a part of those overdue."""
    from accounts.models import Unit
    from entities.models import Business
    from inspections.models import Problem

    units = ", ".join(str(pk) for pk in Unit.objects.values_list("pk", flat=True)[:30])
    low = (
        Business.objects.filter(match_key__startswith="bench:").order_by("pk").values_list("pk", flat=True)[0]
    )
    closed = "n %% 20 <> 0"
    due = "date '2026-06-01' + (n / 20 %% 250)::int"
    generate(
        Problem,
        count,
        {
            "code": "'BENCH-' || n",
            "source": "'visit'",
            "description": "'食品贮存与标签不规范' || n",
            "business_id": f"{low} + n %% 1000",
            "region_id": f"(SELECT region_id FROM entities_business WHERE id = {low} + n %% 1000)",
            "grade": pick("'A', 'B', 'C', 'D'", "n / 7"),
            "unit_id": pick(units, "n / 11"),
            "found_on": f"{due} - 10",
            "original_due_on": due,
            "due_on": due,
            "state": f"CASE WHEN {closed} THEN 'closed' ELSE 'rectifying' END",
            "rectified_on": f"CASE WHEN {closed} THEN {due} END",
            "closed_on": f"CASE WHEN {closed} THEN {due} END",
            "recorded_at": "timestamptz '2026-01-01'",
        },
    )


def analyse() -> None:
    """Statistics and visibility, as autovacuum would leave them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def overdue(count: int) -> list[Row]:
    """Overdue by unit and grade, as the board asks."""
    from django.db import connection

    from inspections.models import Problem
    from inspections.reports.overdue import overdue_by_unit_and_grade

    def ask(sql: str) -> Callable[[], Any]:
        def run() -> Any:
            with connection.cursor() as cursor:
                cursor.execute(sql, [TODAY])
                return cursor.fetchall()

        return run

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_open AS SELECT unit_id, grade, due_on FROM inspections_problem WHERE closed_on IS NULL"
        )
        cursor.execute("CREATE INDEX ON bench_open (unit_id, grade, due_on)")
        cursor.execute("VACUUM ANALYZE bench_open")
    ours = milliseconds(lambda: overdue_by_unit_and_grade(Problem.objects.all(), TODAY))
    peer = milliseconds(
        ask(
            "SELECT u.name, b.responsibility_grade, count(*) FROM inspections_problem p JOIN accounts_unit u ON u.id = p.unit_id "
            "JOIN entities_business b ON b.id = p.business_id WHERE p.state <> 'closed' AND p.due_on < %s GROUP BY 1, 2"
        )
    )
    floor = milliseconds(
        ask("SELECT unit_id, grade, count(*) FROM bench_open WHERE due_on < %s GROUP BY 1, 2")
    )
    return [Row(f"overdue by unit and grade, {count:,} problems", ours, peer, floor, "ms")]


def search(count: int) -> list[Row]:
    """The first page of a name, by newest: ours and an index of trigrams."""
    from django.db import connection

    from entities.models import Business
    from entities.search import search_businesses

    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("CREATE TABLE bench_names AS SELECT id, name FROM entities_business")
        cursor.execute("ALTER TABLE bench_names ADD PRIMARY KEY (id)")
        cursor.execute("CREATE INDEX ON bench_names USING gin (name gin_trgm_ops)")
        cursor.execute("VACUUM ANALYZE bench_names")
    rows = []
    for term in TERMS:

        def ours(term: str = term) -> list[Any]:
            found = search_businesses(Business.objects.all(), term)
            return list(found.rows.order_by("-pk").values_list("pk", "name")[:50])

        def peer(term: str = term) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT id, name FROM bench_names WHERE name LIKE %s ORDER BY id DESC LIMIT 50",
                    [f"%{term}%"],
                )
                return cursor.fetchall()

        if [row[0] for row in ours()] != [row[0] for row in peer()]:
            raise SystemExit(f"the two searches for {term} disagree")
        rows.append(
            Row(
                f"search “{term}”, {len(ours())} on the first page, {count:,} businesses",
                milliseconds(ours),
                milliseconds(peer),
                None,
                "ms",
            )
        )
    return rows


def deep_page(count: int) -> list[Row]:
    """A page from the middle of the register: by key, and by OFFSET."""
    from entities.models import Business

    half = Business.objects.order_by("-pk").values_list("pk", flat=True)[count // 2]
    columns = ("id", "name", "credit_code", "region_id")
    ours = milliseconds(
        lambda: list(Business.objects.filter(pk__lt=half).order_by("-pk").values_list(*columns)[:50])
    )
    peer = milliseconds(
        lambda: list(Business.objects.order_by("-pk").values_list(*columns)[count // 2 : count // 2 + 50]),
        runs=2,
    )
    return [Row(f"a page from the middle of the register, {count:,} businesses", ours, peer, None, "ms")]


def long_export(folder: Path, count: int) -> list[Row]:
    """The whole register as a workbook, by the command, in a process of its own."""
    from django.db import connection

    from bench import peers
    from entities.models import Business

    peers.create_plain_table()
    texts = {field.attname for field in Business._meta.concrete_fields} & set(peers.COLUMNS)
    listed = ", ".join(sorted(texts))
    others = [name for name in peers.COLUMNS if name not in texts]
    blanks = "".join(f", '{'甲' * 3}'" for _ in others)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bench_plain ({listed}, {', '.join(others)}) SELECT {listed}{blanks} FROM entities_business "
            "WHERE match_key LIKE 'bench:%'"
        )
    floor = seconds(lambda: peers.bare_export(folder / "bare.xlsx"), runs=1)
    out = folder / "out.xlsx"
    answer = run_command("export", "businesses", str(out), "--user", "campaign_office")
    if answer.document["rows"] < count:
        raise SystemExit(f"the export has {answer.document['rows']} rows")
    return [
        Row(f"export {count:,} businesses to xlsx, PostgreSQL", answer.document["seconds"], None, floor),
        Row(
            f"— memory of the exporting process above an idle one, {count:,} rows",
            answer.mebibytes - memory_at_rest(),
            unit="MiB",
        ),
    ]


def main() -> None:
    """Measure on ``DATABASE_URL`` (PostgreSQL) and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, required=True)
    parser.add_argument("--businesses", type=int, required=True)
    options = parser.parse_args()
    with portal() as folder:
        from django.urls import reverse

        from campaigns.models import WeeklyReport

        load_city(300, 3)
        tell(f"generating {options.businesses:,} businesses, {options.problems:,} problems")
        businesses(options.businesses)
        problems(options.problems)
        analyse()
        tell("overdue, search, pages of the list")
        hand_over(overdue(options.problems))
        hand_over(search(options.businesses))
        hand_over(deep_page(options.businesses))
        label = f"{options.businesses:,} businesses"
        hand_over(list_cpu(label))
        tell("duties and the week")
        duties()
        analyse()
        hand_over(week(label, runs=1))
        hand_over(coverage(label) if WeeklyReport.objects.exists() else [])
        client = client_of("campaign_office")
        for name in ("dashboard", "business-list", "duty-list", "problem-list"):
            tell(name)
            hand_over(page(client, reverse(name), label, runs=2))
        hand_over(page(client, f"{reverse('business-list')}?q={TERMS[-2]}", label, runs=2))
        tell("export")
        hand_over(long_export(folder, options.businesses))


if __name__ == "__main__":
    main()
