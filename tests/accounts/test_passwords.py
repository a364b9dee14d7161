"""What a password must be, that former ones are not taken again, and that it holds for so long."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import FormerPassword, User
from accounts.rules.passwords import PROFILES, Fault, classes_of, faults_of, longest_run
from records.models import AuditEvent
from tests.factories import make_user

SHORT, FEW, REPEATED, RUNNING = Fault.SHORT, Fault.FEW_CLASSES, Fault.REPEATED, Fault.RUNNING


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        pytest.param("Shengtang-2026-sy", [], id="three classes and more"),
        pytest.param("换成自己的Long口令2026", [], id="words of two scripts"),
        pytest.param("aaaaaaaaaaaa", [FEW, REPEATED, RUNNING], id="one letter again and again"),
        pytest.param("abcdefghijk", [FEW, RUNNING], id="the alphabet"),
        pytest.param("Kk9-Kk9-Kk9", [REPEATED], id="a short piece again and again"),
        pytest.param("Meadow-9876", [RUNNING], id="digits backwards"),
        pytest.param("Meadow-987", [], id="three digits backwards"),
        pytest.param("Mea-8362", [SHORT], id="eight signs"),
        pytest.param("meadowriver83", [FEW], id="two classes"),
    ],
)
def test_the_profile_of_the_classified_protection(password: str, faults: list[Fault]) -> None:
    assert faults_of(password, PROFILES["dengbao"]) == faults


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        pytest.param("a long sentence is enough", [], id="a sentence"),
        pytest.param("elevensigns", [SHORT], id="eleven signs"),
        pytest.param("aaaaaaaaaaaa", [REPEATED, RUNNING], id="one letter again and again"),
    ],
)
def test_the_profile_of_length(password: str, faults: list[Fault]) -> None:
    assert faults_of(password, PROFILES["asvs"]) == faults


@pytest.mark.parametrize(
    ("password", "longest"),
    [("", 0), ("a", 1), ("ab", 2), ("abab", 2), ("aabb", 2), ("x4321", 4), ("aaab", 3)],
)
def test_the_longest_run(password: str, longest: int) -> None:
    assert (longest_run(password), classes_of("aA1-")) == (longest, 4)


def refused(password: str, user: User) -> set[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {str(one.code) for one in error.error_list}
    return set()


@pytest.mark.django_db
def test_former_passwords_are_not_taken_again_until_five_others_have_been(settings: Any) -> None:
    user = make_user("changes")
    kept = [f"Harbour-{town}-7" for town in ("ost", "west", "nord", "sued", "mitte", "rand")]
    for password in kept[:5]:
        user.set_password(password)
        user.save(update_fields=["password"])
    assert [refused(password, user) for password in kept] == [{"former"}] * 5 + [set()]
    user.set_password(kept[5])
    user.save()
    assert [bool(refused(password, user)) for password in kept] == [False] + [True] * 5
    assert not any("Harbour" in hashed for hashed in FormerPassword.objects.values_list("encoded", flat=True))
    settings.PASSWORD_PROFILE = "asvs"
    assert refused("Harbour-rand-7 again", user) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "profile", "changes"), [(89, "dengbao", False), (90, "dengbao", True), (900, "asvs", False)]
)
def test_a_password_holds_for_ninety_days(
    login: Any, settings: Any, days: int, profile: str, changes: bool
) -> None:
    settings.PASSWORD_PROFILE = profile
    user = make_user("old", role="auditor", region="9901")
    client = login(user)
    User.objects.filter(pk=user.pk).update(password_set_at=timezone.now() - timedelta(days=days))
    answer = client.get(reverse("my-sessions"))
    assert answer.headers.get("Location") == (reverse("account_change_password") if changes else None)


# --- commands -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_password_from_the_machine_is_a_one_time_one_and_told() -> None:
    user, out = make_user("locked_out"), StringIO()
    call_command("changepassword", "locked_out", "--json", stdout=out)
    user.refresh_from_db()
    assert user.must_change_password and '"password"' in out.getvalue()
    assert AuditEvent.objects.filter(action="account.password_reset", actor=None).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("command", [("createsuperuser",), ("loaddata", "rows.json")])
def test_commands_that_write_past_the_trail_are_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(*command, stdout=StringIO(), stderr=StringIO())
    assert (ended.value.code, User.objects.count()) == (2, 0)
