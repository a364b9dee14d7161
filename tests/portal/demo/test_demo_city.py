"""The demonstration city: exact counts, the same for the same seed, refused where somebody already works."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.db.models import AutoField, F, Max, Q

from accounts.models import Region, Unit, User
from accounts.rules.rights import Role
from campaigns.models import Campaign, WeeklyFigure, WeeklyReport
from entities.models import Assignment, Business, Officer, Pledge, StatusChange
from foodsafe_portal.demo.businesses import graded_of
from foodsafe_portal.demo.load import CityRefused, last_sunday, load_city
from foodsafe_portal.lib.identifiers import licence_problem, uscc_problem
from foodsafe_portal.lib.weeks import SHANGHAI
from inspections.models import Problem, RectificationDuty, Visit, VisitDuty
from records.models import AuditEvent
from tests.factories import make_region

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 11, 15)
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=SHANGHAI)


def load(**options: Any) -> Any:
    """A small city."""
    return load_city(**({"businesses": 300, "weeks": 1, "seed": 1, "until": UNTIL, "now": NOW} | options))


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The command's exit code and its one document."""
    out = StringIO()
    code = 0
    try:
        call_command("demo_city", *arguments, "--json", stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return code, json.loads(out.getvalue())


def facts() -> Iterator[tuple[Any, ...]]:
    """Everything that was loaded, by natural keys: no primary key, no password, no clock."""
    yield from Business.objects.order_by("match_key").values_list(
        "match_key",
        "name",
        "credit_code",
        "responsibility_grade",
        "status",
        "region_id",
        "contact_phone",
        "updated_at",
    )
    yield from Assignment.objects.order_by("business__match_key", "valid_from").values_list(
        "business__match_key", "officer__match_key", "level", "valid_from", "valid_to"
    )
    yield from Visit.objects.order_by("client_uuid").values_list(
        "client_uuid", "business__match_key", "officer_name", "visited_on", "finding", "recorded_by__username"
    )
    yield from Problem.objects.order_by("code").values_list(
        "code", "description", "state", "due_on", "closed_on", "unit__name", "submitted_by__username"
    )
    yield from WeeklyReport.objects.order_by("week").values_list("week", "digest", "state")
    yield from WeeklyFigure.objects.order_by(
        "report__week", "measure", "level", "region_id", "grade"
    ).values_list(
        "report__week", "measure", "region_id", "grade", "expected", "done", "on_time", "overdue", "excluded"
    )


def digest() -> str:
    """One number for all of it."""
    return hashlib.sha256("\n".join(map(repr, facts())).encode()).hexdigest()


@pytest.mark.both_databases
def test_the_same_seed_and_day_give_the_same_city_and_another_seed_another() -> None:
    load()
    first = digest()
    load(force=True)
    assert digest() == first
    load(force=True, seed=2)
    assert digest() != first


@pytest.mark.both_databases
def test_counts_are_exact() -> None:
    load(weeks=3)
    assert Region.objects.filter(level="county").count() == 11
    assert Region.objects.filter(level="township").count() == 120
    assert Region.objects.filter(level="village").count() == 1_278
    assert Business.objects.count() == 300
    assert graded_of(31_190) == 27_748
    assert Business.objects.graded().count() == graded_of(300) == 267
    assert Counter(Business.objects.values_list("responsibility_grade", flat=True)) == {
        "A": 3,
        "B": 24,
        "C": 115,
        "D": 125,
        "": 33,
    }
    campaign = Campaign.objects.get(code="demo")
    assert campaign.is_demo
    assert campaign.tasks.count() == 28
    assert list(campaign.reports.order_by("week").values_list("week", flat=True)) == [
        "2026-W44",
        "2026-W45",
        "2026-W46",
    ]
    assert campaign.reports.get(week="2026-W46").score["result"] == "open"
    assert Unit.objects.filter(region_id="9901", is_member=True).count() >= 20


def test_the_keys_that_the_database_gives_next_follow_those_of_the_city() -> None:
    numbered = [model for model in apps.get_models() if isinstance(model._meta.pk, AutoField)]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), numbered):
            cursor.execute(statement)
    load()
    behind = []
    with connection.cursor() as cursor:
        for model in numbered:
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
            if cursor.fetchone()[0] <= (model._default_manager.aggregate(top=Max("pk"))["top"] or 0):
                behind.append(model.__name__)
    assert behind == []


def test_every_graded_business_has_an_officer_of_the_level_its_grade_asks_for() -> None:
    load()
    levels = {"A": "city", "B": "county", "C": "township", "D": "village"}
    bound = Assignment.objects.active().values_list("business_id", "business__responsibility_grade", "level")
    assert Counter(key for key, _, _ in bound) == Counter(
        Business.objects.graded().values_list("pk", flat=True)
    )
    assert all(levels[grade] == level for _, grade, level in bound)
    assert Pledge.objects.count() >= 0.99 * bound.count()
    mine = Officer.objects.get(user__username="officer")
    assert mine.assignments.active().count() == 10


def test_numbers_have_right_check_digits_and_a_space_of_their_own() -> None:
    load()
    for code, licence in Business.objects.values_list("credit_code", "licence_no"):
        assert not code or (uscc_problem(code) is None and code[10:12] != "M1" and code[14:16] == "8D")
        assert not licence or licence_problem(licence) is None
        assert "9901020" + "4" not in licence  # the serials in which ledgers from outside were written


def test_a_business_left_only_by_a_change_that_another_person_reviewed() -> None:
    load()
    gone = Business.objects.exclude(status="normal")
    assert gone.exists()
    reviewed = StatusChange.objects.filter(state="approved")
    assert set(reviewed.values_list("business_id", "to_status")) == set(gone.values_list("pk", "status"))
    assert not reviewed.filter(Q(reviewed_by__isnull=True) | Q(reviewed_by=F("proposed_by"))).exists()


def test_problems_are_in_every_common_state_and_their_duties_agree_with_them() -> None:
    load(businesses=3_000)
    states = set(Problem.objects.values_list("state", flat=True))
    assert {
        "to_sign",
        "rectifying",
        "submitted",
        "second_check",
        "returned",
        "closed",
        "case_filed",
    } <= states
    assert not Problem.objects.filter(closed_by=F("submitted_by")).exists()
    assert Problem.objects.filter(kind="common", source="third_party").exists()
    standing = RectificationDuty.objects.live().filter(ceases_on__isnull=True)
    assert standing.count() == Problem.objects.count()
    assert not standing.exclude(due_on=F("problem__due_on")).exists()
    told = Q(fulfilled_on=F("problem__closed_on")) | Q(
        fulfilled_on__isnull=True, problem__closed_on__isnull=True
    )
    assert standing.filter(told).count() == standing.count()
    for problem in Problem.objects.filter(state="closed")[:50]:
        assert problem.events.earliest("id").to_state == "to_sign"
        assert problem.events.filter(to_state="closed").exists()


def test_nothing_lies_after_the_last_day_and_duties_are_those_the_portal_would_write() -> None:
    load()
    assert not Visit.objects.filter(visited_on__gt=UNTIL).exists()
    assert not Problem.objects.filter(events__on__gt=UNTIL).exists()
    before = VisitDuty.objects.count()
    call_command(
        "materialise_duties", "--region", "9901", "--on", UNTIL.isoformat(), "--json", stdout=StringIO()
    )
    assert VisitDuty.objects.count() == before


def test_every_role_can_log_in_with_its_one_time_password_and_must_change_it() -> None:
    loaded = load()
    assert {slip.role for slip in loaded.slips} == {str(role) for role in Role}
    names = [slip.username for slip in loaded.slips]
    assert names[:12] == [str(role) for role in Role if role in names] or set(names[:12]) == {
        str(role) for role in Role
    }
    assert [name for name in names if name.startswith("county_liaison_")] == [
        f"county_liaison_{n}" for n in range(2, 12)
    ]
    for slip in loaded.slips:
        user = authenticate(username=slip.username, password=slip.password)
        assert isinstance(user, User) and user.must_change_password
        assert user.roles == {Role(slip.role)}
    for user in User.objects.exclude(username__in=names):
        assert not user.has_usable_password()


def test_a_database_somebody_works_in_is_left_alone() -> None:
    make_region(code="1101", name="别的市")
    code, document = run("--businesses", "300", "--weeks", "3", "--until", "2026-11-15")
    assert code == 2
    assert "库里已有数据" in document["reason"] and "--force" in document["reason"]
    code, document = run("--if-needed")
    assert (code, document["loaded"]) == (0, False)
    assert not Campaign.objects.exists()


def test_loading_if_needed_twice_loads_once_and_force_replaces_it() -> None:
    arguments = ("--businesses", "60", "--weeks", "1", "--until", "2026-11-15")
    code, document = run(*arguments, "--if-needed")
    assert (code, document["loaded"], len(document["accounts"])) == (0, True, 22)
    code, document = run(*arguments, "--if-needed")
    assert (code, document["loaded"], document["accounts"]) == (0, False, [])
    make_region(code="1101", name="别的市")
    code, document = run(*arguments, "--force")
    assert (code, document["counts"]["businesses"]) == (0, 60)
    assert Region.objects.filter(code="1101").exists()
    assert AuditEvent.objects.filter(action="demo.loaded").count() == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"businesses": 10}, "--businesses"),
        ({"weeks": 0}, "--weeks"),
        ({"until": date(2026, 11, 18)}, "还没有过完"),
    ],
    ids=["too small a city has no officer with ten businesses", "no week to close", "a day that is not over"],
)
def test_what_cannot_be_loaded_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CityRefused, match=words):
        load(**options)


def test_an_end_day_that_is_none_is_refused_in_words() -> None:
    code, document = run("--until", "上周日")
    assert code == 2 and "2026-11-15" in document["reason"]


@pytest.mark.parametrize(
    ("now", "sunday"),
    [
        (datetime(2026, 11, 15, 23, 59, tzinfo=SHANGHAI), date(2026, 11, 8)),
        (datetime(2026, 11, 16, 0, 0, tzinfo=SHANGHAI), date(2026, 11, 15)),
        (datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI), date(2026, 11, 15)),
    ],
    ids=["a Sunday evening still belongs to its week", "midnight ends the week", "a Friday looks back"],
)
def test_the_last_day_is_the_sunday_that_is_over(now: datetime, sunday: date) -> None:
    assert last_sunday(now) == sunday
