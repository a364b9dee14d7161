"""The browser files are copied once, without pointers to files that are not served."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scripts import copy_assets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path):
    """A project folder whose node_modules holds every wanted file."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    for source in copy_assets.FILES:
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {source}\n//# sourceMappingURL={file.name}.map\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "served"),
    [
        pytest.param(
            "a{}\n/*# sourceMappingURL=a.css.map */", "a{}\n", id="a source map of a stylesheet goes"
        ),
        pytest.param("f()\n//# sourceMappingURL=a.js.map", "f()\n", id="a source map of a script goes"),
        pytest.param(
            'src:url("./f.woff2?v1") format("woff2"),url("./f.woff?") format("woff"),url("./f.ttf?v1") format("truetype")',
            'src:url("./f.woff2?v1") format("woff2")',
            id="only the newest font format stays",
        ),
        pytest.param("b{background:url(data:x)}", "b{background:url(data:x)}", id="everything else stays"),
    ],
)
def test_served_text_points_only_to_served_files(text, served):
    assert copy_assets.served_text(text) == served


def test_copies_are_current_until_the_lock_file_changes(project):
    assert not copy_assets.is_current(project)
    assert copy_assets.copy_assets(project) == len(copy_assets.FILES)
    assert copy_assets.is_current(project)
    (project / "package-lock.json").write_text("{}")
    assert not copy_assets.is_current(project)


def test_a_deleted_copy_is_noticed(project):
    copy_assets.copy_assets(project)
    (project / "static" / "vendor" / "tabler.min.css").unlink()
    assert not copy_assets.is_current(project)


def test_a_missing_source_is_named_and_the_old_copies_stay(project):
    copy_assets.copy_assets(project)
    (project / "node_modules" / "echarts" / "LICENSE").unlink()
    with pytest.raises(
        copy_assets.AssetsMissing, match=r"node_modules/echarts/LICENSE is missing; run `npm ci`"
    ):
        copy_assets.copy_assets(project)
    assert (project / "static" / "vendor" / "licences" / "echarts.txt").is_file()


def test_templates_ask_only_for_files_that_are_copied():
    asked = set()
    for template in (ROOT / "templates").rglob("*.html"):
        asked |= set(re.findall(r"vendor/([\w./-]+)", template.read_text(encoding="utf-8")))
    assert asked and asked - set(copy_assets.FILES.values()) == set()
