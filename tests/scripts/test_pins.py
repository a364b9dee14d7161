"""What a stranger's machine installs is pinned, checked by digest, and comes from whatever registry it has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
FILES = ("requirements", "requirements-dev", "requirements-node")


def pins(name: str) -> dict[str, str]:
    """Package and version of every pin in a requirements file."""
    return dict(PIN.findall((ROOT / name).read_text()))


@pytest.mark.parametrize("name", FILES)
def test_every_pinned_package_carries_hashes(name):
    blocks = (ROOT / f"{name}.txt").read_text().split("\n")
    logical = [
        line for line in "\n".join(blocks).replace("\\\n", " ").splitlines() if not line.startswith("#")
    ]
    without = [line.split()[0] for line in logical if line.strip() and "--hash=sha256:" not in line]
    assert pins(f"{name}.txt") and without == []


@pytest.mark.parametrize("name", FILES)
def test_what_the_source_names_is_what_the_pins_hold(name):
    lines = [line for line in (ROOT / f"{name}.in").read_text().splitlines() if line and line[0] not in "#-"]
    asked = {}
    for line in lines:
        package, _, version = line.partition("==")
        asked[package.partition("[")[0].strip()] = version
    held = pins(f"{name}.txt")
    assert {package: held.get(package) for package in asked} == {
        package: version or held.get(package, "missing") for package, version in asked.items()
    }


def test_runtime_and_development_pins_agree_where_they_meet():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    both = runtime.keys() & development.keys()
    assert both and {name: runtime[name] for name in both} == {name: development[name] for name in both}


@pytest.mark.parametrize("name", [f"{each}.txt" for each in FILES] + ["package-lock.json"])
def test_no_pin_names_a_registry_or_a_folder_of_some_machine(name):
    text = (ROOT / name).read_text()
    assert (
        re.findall(
            r"--(?:index|extra-index|find-links)\S*|\"resolved\"|file:\S*|https?://\S*\.(?:whl|tgz|tar\.gz)",
            text,
        )
        == []
    )


def test_every_browser_package_is_locked_with_its_digest():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert [name for name, facts in packages.items() if name and "integrity" not in facts] == []


def test_the_makefile_offers_every_target_of_the_contract():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "setup", "test", "check", "bench", "soak", "shots", "stop"} <= targets
