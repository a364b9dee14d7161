"""The examples of docs/api.md are run as they stand there, against a live server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from records.models import LedgerBatch
from tests.factories import PASSWORD, make_business, make_user
from tests.factories.ledgers import business_row, make_county, workbook

DOCS = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    """The one block of a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", DOCS, re.S | re.M)
    assert len(found) == 1
    return found[0]


@pytest.fixture
def portal(transactional_db, live_server):
    """The environment the examples expect: an address and a liaison's name and password."""
    if connection.vendor != "postgresql":
        pytest.skip("a live server beside a test needs PostgreSQL")
    make_county()
    person = make_user("liaison", role="county_liaison", region="990102")
    person.set_password(PASSWORD)
    person.save()
    names = {"PORTAL": live_server.url, "PORTAL_USER": "liaison", "PORTAL_PASSWORD": PASSWORD}
    return {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8", **names}


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_reads_every_business_in_scope(portal):
    for name in ("甲饭店", "乙饭店", "丙饭店"):
        make_business(name, region="990102001")
    make_business("外县饭店", region="990103001")
    make_business("停业饭店", region="990102001", status="suspended")
    said = run([sys.executable, "-c", example("python")], portal)
    assert json.loads(said) == ["丙饭店", "乙饭店", "甲饭店"]


def test_the_curl_example_uploads_a_ledger(portal, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    ledger = tmp_path / "台账.xlsx"
    ledger.write_bytes(workbook("businesses", [business_row()]).read())
    said = json.loads(run(["sh", "-c", example("sh")], {**portal, "LEDGER": str(ledger)}))
    batch = LedgerBatch.objects.get()
    assert (said["id"], said["kind"], said["state"]) == (batch.pk, "businesses", "uploaded")
    assert said["check_job"] == str(batch.check_job_id)
