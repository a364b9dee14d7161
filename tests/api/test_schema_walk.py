"""Generated requests for every operation of the schema: no fault of the server, no status that the schema does not name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from accounts.rules.rights import Role

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema as it is served."""
    path = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(path))
    return schemathesis.openapi.from_path(path).raw_schema


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The test's own transaction outlives every request, as it does under Django's test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def objects_of(house: Any) -> dict[str, Any]:
    """The keys of real objects, so that generated requests get behind the door."""
    own = house.own
    return {
        "regions": own.township, "units": own.unit.pk, "businesses": own.business.pk, "status-changes": own.change.pk,
        "officers": own.officer.pk, "duties": own.duty.pk, "visits": own.visit.pk, "problems": own.problem.pk,
        "reports": own.report.pk, "tasks": own.task.pk, "clauses": own.clause.pk, "ledgers": own.batch.pk,
        "jobs": str(own.job.pk), "grade-changes": own.grade.pk, "assignments": own.assignment.pk,
        "task-reports": own.task_report.pk, "evidence": str(own.evidence.pk),
    }  # fmt: skip


def closing(application: Any) -> Any:
    """The application as a server drives it: every answer is read to its end and closed, the files in it too."""

    def served(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        answer = application(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()

    return served


def told(fault: BaseException) -> str:
    """What failed, and the request that showed it."""
    inner = getattr(fault, "exceptions", ())
    return " | ".join([str(fault)[:900], *(str(one)[:300] for one in inner)])


def walk(document: dict[str, Any], house: Any, role: Role, examples: int) -> int:
    """Send ``examples`` generated requests to every operation as ``role``, half of them about real objects; how many were sent."""
    app = closing(get_wsgi_application())
    headers = {"Authorization": f"Token {Token.objects.get_or_create(user=house.people[role])[0].key}"}
    real, wrong, sent = objects_of(house), [], []

    def send(case: Any, about_a_real_one: bool) -> None:
        """One request in a savepoint that is rolled back: no answer changes the next one."""
        cache.clear()
        if about_a_real_one and case.path_parameters:
            key = real[case.operation.path.split("/")[3]]
            case.path_parameters = dict.fromkeys(case.path_parameters, key)
        with transaction.atomic():
            answer = case.call(app=app, headers=headers, base_url="http://127.0.0.1")
            transaction.set_rollback(True)
        sent.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS, headers=headers)

    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        ask = hypothesis.given(case=operation.as_strategy(), about_a_real_one=st.booleans())(send)
        settings = hypothesis.settings(
            max_examples=examples, deadline=None, database=None, derandomize=True, phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck), report_multiple_bugs=False,
        )  # fmt: skip
        try:
            settings(ask)()
        except (
            Exception,
            BaseExceptionGroup,
        ) as fault:  # every operation is asked before the faults are told
            wrong.append(f"{operation.label}: {told(fault)}")
    assert not wrong, "\n\n".join(wrong)
    return len(sent)


@pytest.mark.parametrize("role", [Role.CAMPAIGN_OFFICE, Role.COUNTY_LIAISON])
def test_generated_requests_meet_no_fault_and_no_undocumented_status(document, house, role):
    assert walk(document, house, role, examples=2) > 100


@pytest.mark.soak
@pytest.mark.parametrize("role", list(Role))
def test_many_generated_requests_as_every_role(document, house, role):
    assert walk(document, house, role, examples=60) > 2000
