"""The throw-away servers answer while they are wanted and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import redis

from scripts import services

ROOT = Path(__file__).resolve().parents[2]


def test_both_servers_answer_and_leave_neither_process_nor_folder():
    database, broker = services.Postgres(), services.Redis()
    try:
        database.start()
        broker.start()
        connection = psycopg2.connect(database.url)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'postgres'"
            )
            assert cursor.fetchone() == ("C.UTF-8", "UTF8")
        connection.close()
        with redis.Redis.from_url(broker.url) as client:
            assert client.ping()
        pids, folders = [database.pid, broker.pid], [database.folder, broker.folder]
    finally:
        database.remove()
        broker.remove()
    assert [pid for pid in pids if Path("/proc", str(pid)).exists()] == []
    assert [folder for folder in folders if folder.exists()] == []


def test_a_killed_database_comes_back_on_the_same_address_with_its_rows():
    database = services.Postgres()
    try:
        database.start()
        address = database.url
        connection = psycopg2.connect(address)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (n integer); INSERT INTO kept VALUES (7)")
        connection.close()
        database.kill()
        assert database.launch() and database.url == address
        connection = psycopg2.connect(address)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT n FROM kept")
            assert cursor.fetchall() == [(7,)]
        connection.close()
    finally:
        database.remove()


def test_run_hands_over_both_addresses_and_the_exit_code():
    script = "import os, sys; print(os.environ['DATABASE_URL'][:9], os.environ['REDIS_URL'][:8]); sys.exit(7)"
    command = [sys.executable, "scripts/services.py", "run", "--", sys.executable, "-c", script]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (7, "postgres: redis://\n")
