"""Keyset paging: every row once, in both directions, whatever is written meanwhile."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db.models import F
from django.http import QueryDict

from accounts.models import Region
from foodsafe_portal.lib.paging import AtLeast, Page, capped_count, counts_of, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def regions(count: int) -> None:
    Region.objects.bulk_create(
        Region(code=f"9901{number:02d}", name=f"县{number % 3}", level="county", residents=number % 4)
        for number in range(10, 10 + count)
    )


def walk(order: Any, rows: Any = None, size: int = 4, **params: str) -> list[Page]:
    """Every page from the first to the last."""
    rows = Region.objects.all() if rows is None else rows
    query = QueryDict(mutable=True)
    query.update(params)
    pages = [page_of(rows, query, order=order, size=size)]
    while pages[-1].next_url:
        pages.append(page_of(rows, QueryDict(pages[-1].next_url[1:]), order=order, size=size))
    return pages


@pytest.mark.parametrize(
    "order", ["code", "-code", ("name", "-residents"), ("-residents", "name"), ("-name", "code")], ids=str
)
@pytest.mark.parametrize("count", [0, 1, 4, 5, 11], ids=lambda count: f"{count} rows")
def test_pages_show_every_row_once_and_lead_back_the_way_they_came(order: Any, count: int) -> None:
    regions(count)
    names = [order] if isinstance(order, str) else [*order]
    tie = "-code" if names[-1].startswith("-") else "code"
    expected = list(Region.objects.order_by(*names, tie).values_list("code", flat=True))
    pages = walk(order)
    assert [row.pk for page in pages for row in page.rows] == expected
    assert pages[0].previous_url == "" and pages[-1].next_url == ""
    for before, after in pairwise(pages):
        back = page_of(Region.objects.all(), QueryDict(after.previous_url[1:]), order=order, size=4)
        assert [row.pk for row in back.rows] == [row.pk for row in before.rows]
        assert (back.first, back.last, back.next_url) == (before.first, before.last, before.next_url)


def test_a_row_written_meanwhile_neither_repeats_nor_hides_another() -> None:
    regions(8)
    first = page_of(Region.objects.all(), QueryDict(""), order="-code", size=4)
    Region.objects.create(code="990199", name="新县", level="county")
    second = page_of(Region.objects.all(), QueryDict(first.next_url[1:]), order="-code", size=4)
    assert [row.pk for row in [*first.rows, *second.rows]] == [f"9901{number}" for number in range(17, 9, -1)]


def test_filters_stay_in_the_address() -> None:
    regions(9)
    page = page_of(
        Region.objects.all(), QueryDict("name=县1&q=%E5%8D%97&after=990112&at=4"), order="code", size=2
    )
    for url in (page.next_url, page.previous_url):
        kept = QueryDict(url[1:])
        assert (kept["name"], kept["q"]) == ("县1", "南")
        assert len(kept.getlist("after")) + len(kept.getlist("before")) == 1


def test_rows_may_be_tuples_or_mappings_and_the_order_an_annotation() -> None:
    regions(9)
    rows = Region.objects.annotate(score=F("residents") * 2)
    for shape in (rows.values_list("code", "score"), rows.values("code", "score")):
        pages = walk("-score", shape)
        codes = [row["code"] if isinstance(row, dict) else row[0] for page in pages for row in page.rows]
        assert codes == list(rows.order_by("-score", "-code").values_list("code", flat=True))


@pytest.mark.parametrize(
    "address",
    [
        "after=",
        "after=%00",
        "after=[1,2",
        'after=["x"]',
        'after=["县1",{},null]',
        "before=[]",
        "after=%5B%5D",
        "at=x",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_first_page(address: str) -> None:
    regions(5)
    page = page_of(Region.objects.all(), QueryDict(address), order=("name", "residents"), size=2)
    assert page.previous_url == "" and page.first == 1 and len(page.rows) == 2


def test_a_page_behind_the_last_row_shows_the_first_one() -> None:
    regions(3)
    page = page_of(Region.objects.all(), QueryDict("after=999999&at=51"), order="code", size=2)
    assert [row.pk for row in page.rows] == ["990110", "990111"]


def test_counts_stop_at_their_limit_unless_asked_to_be_exact() -> None:
    regions(12)
    everything = Region.objects.all()
    assert capped_count(everything, to=12) == 12 and not isinstance(capped_count(everything, to=12), AtLeast)
    assert isinstance(capped_count(everything, to=11), AtLeast)
    assert counts_of([everything, everything.filter(name="县1"), everything.none()], to=10) == [10, 4, 0]
    assert page_of(everything, QueryDict(""), order="code", exact=True).total == 12


def test_a_count_beyond_a_thousand_is_printed_with_a_plus() -> None:
    page = Page(rows=(), previous_url="", next_url="", total=AtLeast(1000), first=0, last=0)
    assert page.count_label == f"{page.total}" == str(page.total) == "1,000+"


def test_a_page_and_its_count_are_two_queries(django_assert_num_queries: Any) -> None:
    regions(9)
    with django_assert_num_queries(2):
        page_of(Region.objects.all(), QueryDict("after=990112"), order="code", size=3)
