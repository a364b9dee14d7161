"""The set-up does each step once, and says what to do where it cannot."""

from __future__ import annotations

import subprocess

import pytest

from scripts import set_up


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder."""
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.delenv("PORTAL_VAR", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("dotenv", "environment", "value"),
    [
        pytest.param("", None, "fallback", id="neither names it"),
        pytest.param("# x\nPORTAL_VAR=/srv/portal\n", None, "/srv/portal", id=".env names it"),
        pytest.param("PORTAL_VAR='/srv/portal'\n", None, "/srv/portal", id="quotes in .env do not count"),
        pytest.param("PORTAL_VAR=/srv/portal\n", "/mnt/other", "/mnt/other", id="the environment wins"),
    ],
)
def test_a_setting_is_read_as_the_portal_reads_it(project, monkeypatch, dotenv, environment, value):
    (project / ".env").write_text(dotenv)
    if environment:
        monkeypatch.setenv("PORTAL_VAR", environment)
    assert set_up.setting("PORTAL_VAR", "fallback") == value


@pytest.mark.parametrize(
    ("apt", "sentence"),
    [
        pytest.param(False, "by their Debian names: redis-server", id="another system"),
        pytest.param(
            True,
            "Install them with: sudo apt-get install redis-server",
            id="Debian, but neither root nor sudo",
        ),
    ],
)
def test_missing_packages_that_cannot_be_installed_are_named(monkeypatch, apt, sentence):
    monkeypatch.setattr(set_up, "RUN_NEEDS", {"git": lambda: True})
    monkeypatch.setattr(set_up, "TEST_NEEDS", {"redis-server": lambda: False})
    monkeypatch.setattr(set_up.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        set_up.shutil, "which", lambda name: "/usr/bin/apt-get" if apt and name == "apt-get" else None
    )
    with pytest.raises(set_up.SetupFailed, match=sentence):
        set_up.debian_packages(tests=True)
    set_up.debian_packages(tests=False)


def test_a_catalogue_is_compiled_once_and_again_when_it_changed(project):
    source = project / "locale" / "en" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "经营主体"\nmsgstr "Businesses"\n'
    )
    set_up.compile_catalogues()
    compiled = source.with_suffix(".mo")
    first = compiled.stat().st_mtime_ns
    set_up.compile_catalogues()
    assert compiled.stat().st_mtime_ns == first
    set_up.os.utime(source, ns=(first + 1, first + 1))
    set_up.compile_catalogues()
    assert compiled.stat().st_mtime_ns != first


def test_a_catalogue_with_a_mistake_names_its_line(project):
    source = project / "locale" / "en" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid "经营主体"\nmsgstr Businesses\n')
    with pytest.raises(set_up.SetupFailed, match=r"django\.po, line 2"):
        set_up.compile_catalogues()


def test_a_failing_command_is_shown_with_the_end_of_what_it_said():
    with pytest.raises(set_up.SetupFailed, match=r"(?s)no such thing.*That did not work\."):
        set_up.call(["sh", "-c", "echo no such thing >&2; exit 1"], failed="That did not work.")


def test_files_digest_changes_with_any_file(project):
    (project / "a.txt").write_text("1")
    before = set_up.files_digest(project.rglob("*.txt"))
    assert set_up.files_digest(project.rglob("*.txt")) == before
    (project / "b.txt").write_text("2")
    assert set_up.files_digest(project.rglob("*.txt")) != before


def test_the_interpreter_finder_hands_its_arguments_on():
    command = [
        "sh",
        str(set_up.Path(__file__).parents[2] / "scripts" / "python"),
        "-c",
        "import sys; print(sys.argv[1:])",
        "a b",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "['a b']\n"
