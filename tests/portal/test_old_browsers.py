"""Nothing newer than the oldest browser we promise (Chromium 86) decides whether something can be done."""

from __future__ import annotations

import re

import pytest

from scripts.catalogues import ROOT

STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
DECIDES = re.compile(r"(?:^|;)\s*(?:display|visibility|opacity|pointer-events|position|z-index)\s*:")
# What came after Chromium 86: structuredClone 98, Array.at 92, Object.hasOwn 93, replaceAll 85 is there.
TOO_NEW = re.compile(
    r"structuredClone\(|\.at\(-|Object\.hasOwn\(|\.findLast\(|\.toSorted\(|\.replaceChild\(new"
)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_no_style_that_hides_or_shows_hangs_on_has(path):
    """``:has`` is from Chromium 105: a browser that does not know it drops the whole rule."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    wrong = [
        selector.strip()
        for selector, body in RULE.findall(text)
        if ":has(" in selector
        and DECIDES.search(body)
        and not selector.strip().startswith((".figures:has", ".card"))
    ]
    assert wrong == []


def test_the_problem_of_a_visit_opens_by_a_class_and_is_open_without_the_script():
    style = (ROOT / "static" / "css" / "visits.css").read_text(encoding="utf-8")
    script = (ROOT / "static" / "js" / "visits.js").read_text(encoding="utf-8")
    assert ".visit-problem { display: grid;" in style
    assert ".visit-ready .visit-item:not(.visit-item-failed) .visit-problem { display: none; }" in style
    assert 'classList.toggle("visit-item-failed"' in script


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_calls_what_came_later(path):
    assert TOO_NEW.findall(path.read_text(encoding="utf-8")) == []
