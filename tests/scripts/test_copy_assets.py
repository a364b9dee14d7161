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
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('<p class="alert"><i class="ti ti-check"></i></p>')
    for source in (*copy_assets.FILES, f"{copy_assets.ICONS}/check.svg", f"{copy_assets.ICONS}/x.svg"):
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {source}\n//# sourceMappingURL={file.name}.map\n")
    for icon in ("check", "x"):
        (tmp_path / "node_modules" / copy_assets.ICONS / f"{icon}.svg").write_text(
            '<svg a="1"><path d="M5 1"/></svg>'
        )
    return tmp_path


@pytest.mark.parametrize(
    ("text", "served"),
    [
        pytest.param(
            "a{}\n/*# sourceMappingURL=a.css.map */", "a{}\n", id="a source map of a stylesheet goes"
        ),
        pytest.param("f()\n//# sourceMappingURL=a.js.map", "f()\n", id="a source map of a script goes"),
        pytest.param(
            "a{color:var(--bs-body-color)}",
            "a{color:var(--tblr-body-color)}",
            id="Bootstrap's variables go by the name Tabler gave them",
        ),
        pytest.param("b{background:url(data:x)}", "b{background:url(data:x)}", id="everything else stays"),
    ],
)
def test_served_text_points_only_to_served_files(text, served):
    assert copy_assets.served_text(text) == served


def test_copies_are_current_until_the_lock_file_changes(project):
    assert not copy_assets.is_current(project)
    assert copy_assets.copy_assets(project) == len(copy_assets.FILES) + 1
    assert copy_assets.is_current(project)
    (project / "package-lock.json").write_text("{}")
    assert not copy_assets.is_current(project)


def test_a_new_icon_or_class_in_a_page_makes_the_copies_old(project):
    copy_assets.copy_assets(project)
    sheet = project / "static" / "vendor" / copy_assets.ICON_SHEET
    assert ".ti-check{" in sheet.read_text() and ".ti-x{" not in sheet.read_text()
    (project / "templates" / "other.html").write_text('<i class="ti ti-x"></i>')
    assert not copy_assets.is_current(project)
    copy_assets.copy_assets(project)
    assert ".ti-x{" in sheet.read_text()
    before = sheet.read_bytes()
    copy_assets.copy_assets(project)
    assert sheet.read_bytes() == before


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
    assert asked and asked - {*copy_assets.FILES.values(), copy_assets.ICON_SHEET} == set()
