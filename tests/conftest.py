"""What every test has: a frozen-free, network-free portal, clients per role, and simple static files."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import jinja2
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from django.test.signals import template_rendered
from django.utils import translation

from scripts import catalogues
from tests.factories import make_user

# Two busy cores may take their time over one example; how long it takes is not what these tests are about.
hypothesis.settings.register_profile(
    "portal", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("soak", hypothesis.settings.get_profile("portal"), max_examples=1_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "portal"))

catalogues.compile_newer()  # before Django reads them: pages are tested in both languages

LOOPBACK = ("127.", "::1", "localhost")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that commits finds the rows of the migrations: all of them bring them back, or none may."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        asked = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        if asked or (mark is not None and mark.kwargs.get("transaction")):
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


EMPTIED = pytest.StashKey[bool]()
BLOCKER = pytest.StashKey[Any]()


def commits(item: pytest.Item) -> bool:
    """Whether a test leaves emptied tables behind."""
    mark = item.get_closest_marker("django_db")
    return mark is not None and bool(mark.kwargs.get("transaction"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that rolls back also finds the rows of the migrations: processes that take over tests mix their order."""
    stash = item.config.stash
    if commits(item):
        stash[EMPTIED] = True
    elif stash.get(EMPTIED, False) and (
        item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
    ):
        with stash[BLOCKER].unblock():
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)
            reset_sequences()
        stash[EMPTIED] = False


def reset_sequences() -> None:
    """Rows that were brought back carry their keys; PostgreSQL must go on counting after them."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


TRUNCATE_REFUSED = {
    "records_auditevent": "audit_event_no_truncate",
    "records_auditlink": "audit_link_no_truncate",
}


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit are cleaned up by TRUNCATE, which the trail refuses: the trigger sleeps but in tests of it."""
    request.config.stash[BLOCKER] = django_db_blocker
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table, trigger in TRUNCATE_REFUSED.items():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture(autouse=True)
def sequences_follow_rows(request: pytest.FixtureRequest) -> None:
    """Tests that commit number their rows after those that were brought back."""
    if commits(request.node):
        request.getfixturevalue("transactional_db")
        reset_sequences()


@pytest.fixture(autouse=True)
def portal_settings(settings: Any, tmp_path: Path) -> None:
    """Files of a test go to its own folder; pages need no collected assets and no file server; passwords hash fast.

    A request leaves its person's language behind in this thread, so that each test begins with Chinese.
    """
    translation.activate(settings.LANGUAGE_CODE)
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.VAR_DIR = tmp_path
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    settings.CELERY_BROKER_URL = "memory://"
    settings.ALLOWED_HOSTS = ["*"]
    settings.STRICT_TEMPLATES = True


@pytest.fixture(autouse=True)
def pages_show_their_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give ``response.context`` and ``response.templates`` of the test client what a Jinja2 template was rendered with."""
    plain = jinja2.Template.render

    def told(template: jinja2.Template, *args: Any, **kwargs: Any) -> str:
        template_rendered.send(sender=template, template=template, context=dict(*args, **kwargs))
        return plain(template, *args, **kwargs)

    monkeypatch.setattr(jinja2.Template, "render", told)


@pytest.fixture(autouse=True, scope="session")
def static_folder() -> None:
    """A server for a browser starts before any test has settings of its own, and wants a folder for collected files."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Messages to workers are collected instead of sent; jobs are run by the test itself."""
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        "celery.current_app.send_task",
        lambda name, args=None, **kwargs: sent.append((name, args)),
        raising=False,
    )
    return sent


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Only this machine answers."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address!r}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture
def login(db: None) -> Callable[..., Client]:
    """``login(role="county_liaison", region="990102")`` or ``login(user)``: a client signed in as that person."""

    def sign_in(user: Any = None, **fields: Any) -> Client:
        person = user or make_user(**fields)
        client = Client()
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        client.user = person  # type: ignore[attr-defined]
        return client

    return sign_in
