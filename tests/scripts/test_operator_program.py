"""The operator's program: a backup that only the private key opens, an empty place that equals it, and nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest
import yaml

from scripts import services

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "deploy" / "portal"
# Read by settings.py, but for developers and tests alone.
NOT_FOR_OPERATORS = {"DEBUG", "EMBEDDED", "STRICT_TEMPLATES", "SECURE_SSL_REDIRECT", "CONN_MAX_AGE"}
# What only compose itself reads, to build what the portal then gets.
OF_COMPOSE = {"PORTAL_HOST", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "PORTAL_TLS", "PORTAL_SUBNET"}


@pytest.fixture
def city(tmp_path):
    """A throw-away PostgreSQL with a few rows, and a folder with a photo and an anchor."""
    try:
        server = services.Postgres()
    except services.ServiceUnavailable as missing:
        pytest.skip(str(missing))
    server.start()
    var = tmp_path / "var"
    (var / "media" / "2026").mkdir(parents=True)
    (var / "media" / "2026" / "a.jpg").write_bytes(b"photo")
    (var / "anchors").mkdir()
    (var / "anchors" / "day").write_text("anchor")
    env = {**os.environ, "PORTAL_MODE": "plain", "DATABASE_URL": server.url, "PORTAL_VAR": str(var)}
    yield City(env, tmp_path, var)
    server.remove()


class City:
    """A place with its database, and the program at work on it."""

    def __init__(self, env, folder, var):
        self.env, self.folder, self.var = env, folder, var

    def sql(self, statement):
        subprocess.run(["psql", self.env["DATABASE_URL"], "-qc", statement], check=True, capture_output=True)

    def run(self, *arguments):
        command = [sys.executable, str(PROGRAM), *map(str, arguments)]
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else done.stderr


def test_a_backup_brings_the_city_back_into_an_empty_place_only(city, tmp_path):
    city.sql(
        "CREATE TABLE business (id int PRIMARY KEY, name text, at timestamptz);"
        "INSERT INTO business SELECT n, '主体' || n, now() FROM generate_series(1, 2000) n;"
        'CREATE TABLE "Odd name" (x bytea); INSERT INTO "Odd name" VALUES (\'\\x00ff\')'
    )
    assert city.run("keys", tmp_path / "keys")[0] == 0
    code, made = city.run("backup", "--to", tmp_path / "backups", "--for", tmp_path / "keys" / "operator.crt")
    assert (code, made["tables"], made["rows"], made["files"]) == (0, 2, 2001, 2), made
    file, key = Path(made["file"]), tmp_path / "keys" / "operator.key"
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o077 == 0
    assert "主体".encode() not in file.read_bytes()

    code, drilled = city.run("drill", file, "--key", key)
    assert (code, drilled["equal"], drilled["rows"]) == (0, True, 2001), drilled
    code, refused = city.run("restore", file, "--key", key)
    assert code == 2 and "not empty" in refused["reason"]

    # Somebody else's key, and one changed byte, are refused before anything is written.
    city.run("keys", tmp_path / "others")
    code, refused = city.run("drill", file, "--key", tmp_path / "others" / "operator.key")
    assert code == 2 and "does not open" in refused["reason"]
    bent = tmp_path / "bent.backup"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    bent.write_bytes(content)
    code, refused = city.run("drill", bent, "--key", key)
    assert code == 2 and "does not open" in refused["reason"]

    city.sql('DROP TABLE business; DROP TABLE "Odd name"')
    code, refused = city.run("restore", file, "--key", key)
    assert code == 2 and "Media or anchors" in refused["reason"]
    city.var.rename(tmp_path / "lost")
    code, restored = city.run("restore", file, "--key", key)
    assert (code, restored["rows"], restored["equal"]) == (0, 2001, True), restored
    assert (city.var / "media" / "2026" / "a.jpg").read_bytes() == b"photo"
    code, again = city.run(
        "backup", "--to", tmp_path / "backups", "--for", tmp_path / "keys" / "operator.crt"
    )
    assert (again["rows"], again["files"]) == (2001, 2)


def test_a_row_that_differs_has_another_digest(city, monkeypatch):
    """What a drill compares: the rows and a digest of every table."""
    program = module()
    city.sql("CREATE TABLE t (x int); INSERT INTO t VALUES (1)")
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"):
        monkeypatch.setenv(name, "")  # the program sets them; they are put back after the test
    at = program.Plain(city.env)
    with program.session(at) as asked:
        before = program.tables_of(asked)
        asked.ask("UPDATE t SET x = 2;")
        assert program.tables_of(asked) != before
        asked.ask("UPDATE t SET x = 1;")
        assert program.tables_of(asked) == before
        with pytest.raises(program.Broken, match="no_such"):
            asked.ask("SELECT * FROM no_such;")


def module():
    """The program as a module."""
    loader = SourceFileLoader("operator_program", str(PROGRAM))
    spec = spec_from_loader("operator_program", loader)
    assert spec is not None
    found = module_from_spec(spec)
    sys.modules["operator_program"] = found
    loader.exec_module(found)
    return found


def test_settings_leave_their_secrets_at_home(tmp_path, monkeypatch):
    program = module()
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / ".env").write_text(
        "PORTAL_HOST=portal.example.org\nSECRET_KEY=abc\n#TRAIL_KEYS=\nPOSTGRES_PASSWORD=x=y\nEMAIL_URL=smtp://u:p@h\nIDLE_MINUTES=20\n"
    )
    kept = program.settings_without_secrets()
    assert kept == (
        "PORTAL_HOST=portal.example.org\nSECRET_KEY=\n#TRAIL_KEYS=\nPOSTGRES_PASSWORD=\nEMAIL_URL=\nIDLE_MINUTES=20\n"
    )


def test_every_setting_reaches_the_portal_under_compose():
    told = {
        line.lstrip("#").partition("=")[0]
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and line.lstrip("#").partition("=")[0].replace("_", "").isupper()
    }
    source = (ROOT / "foodsafe_portal" / "settings.py").read_text()
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))
    assert sorted(read - told - NOT_FOR_OPERATORS) == [], "settings that .env.example does not name"
    assert sorted(told - read - OF_COMPOSE) == [], "lines of .env.example that nothing reads"
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    fixed = {
        "PORTAL_VAR",
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "TRUSTED_PROXIES",
        "DEBUG",
    }
    for name in ("prepare", "web", "worker", "beat"):
        service = compose["services"][name]
        assert service["env_file"] == [".env"], name
        assert set(service["environment"]) <= fixed, name


@pytest.mark.parametrize("page", ["413.html", "502.html"])
def test_the_proxy_has_words_of_its_own(page):
    text = (ROOT / "deploy" / "pages" / page).read_text()
    assert f"/{page}" in (ROOT / "deploy" / "Caddyfile").read_text()
    assert "<script" not in text and "http" not in text
