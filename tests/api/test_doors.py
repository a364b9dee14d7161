"""Every operation of the API × every role × own, foreign and absent object gives its declared answer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.rules.rights import PERMISSIONS, Role
from foodsafe_portal.lib.permissions import Permission as P
from records.models import AuditEvent
from tests.api.conftest import client_of
from tests.api.test_access import key, sees
from tests.doors_api import ELSEWHERE, OPERATIONS, Operation

LET_IN = {200, 201, 202, 204, 400, 409, 415}


def served() -> Iterator[tuple[str, str]]:
    """(method, name) of every operation under /api/."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[URLPattern]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif route.startswith("api/"):
                yield pattern

    for pattern in walk(get_resolver().url_patterns, ""):
        view = getattr(pattern.callback, "cls", None)
        methods = getattr(pattern.callback, "actions", None)
        if methods is None:  # a view without acts; the page of the description is plain Django
            methods = [name for name in ("get", "post", "patch", "delete") if hasattr(view, name)] or ["get"]
        for method in methods:
            if method != "head":
                yield method.upper(), str(pattern.name)


def test_every_operation_is_declared_and_every_declared_one_is_served():
    found = set(served())
    declared = OPERATIONS.keys() | ELSEWHERE
    assert (found - declared, declared - found) == (set(), set())


def expected(operation: Operation, role: Role, side: str) -> set[int]:
    """The codes the rights table allows."""
    if operation.needs and not set(operation.needs) & PERMISSIONS[role]:
        return {403}
    if not operation.what:
        return LET_IN
    if side == "absent" or not sees(role, operation.resource, side):
        return {404}
    if operation.what == "evidence" and P.VIEW_PROBLEMS not in PERMISSIONS[role]:
        return {404}
    return LET_IN


def asked(method: str, name: str, operation: Operation, where: SimpleNamespace | None) -> str:
    """The address with the object's key, or with one that nobody has."""
    if not operation.what:
        return reverse(name)
    if where is not None:
        return reverse(name, kwargs={"pk": key(getattr(where, operation.what))})
    absent: dict[str, Any] = {"job": uuid.uuid4(), "evidence": uuid.uuid4(), "township": "77"}
    return reverse(name, kwargs={"pk": absent.get(operation.what, 10**9)})


@pytest.mark.parametrize("role", Role)
def test_every_operation_gives_this_role_its_declared_answer(house, role):
    client = client_of(house.people[role])
    wrong, before = [], AuditEvent.objects.count()
    for (method, name), operation in OPERATIONS.items():
        sides = (
            {"own": house.own, "foreign": house.city, "absent": None}
            if operation.what
            else {"own": house.own}
        )
        for side, where in sides.items():
            address = asked(method, name, operation, where)
            with transaction.atomic():  # no answer changes the next one
                answer = client.generic(method, address, "{}", content_type="application/json")
                if hasattr(answer, "streaming_content"):
                    b"".join(answer.streaming_content)
                transaction.set_rollback(True)
            want = expected(operation, role, side)
            if answer.status_code not in want:
                wrong.append(f"{method} {name} {side}: {answer.status_code}, declared {sorted(want)}")
    assert not wrong, "\n".join(wrong)
    assert AuditEvent.objects.count() == before, (
        "an answer of the walk was kept and could decide the next one"
    )
