"""Of a stylesheet stays what a page can use, in its order; of the icons, those that pages name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import copy_assets, css_parts, page_words

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        pytest.param("a{color:red}.b{top:0}.c{top:1px}", "a{color:red}.b{top:0}", id="unused classes go"),
        pytest.param(".b,.c{top:0}", ".b{top:0}", id="of a list of selectors the used ones stay"),
        pytest.param(
            ".b:not(.c){top:0}", ".b:not(.c){top:0}", id="a class a page lacks does not hide others"
        ),
        pytest.param(
            "@media print{.c{top:0}}@media print{.b{top:0}}",
            "@media print{.b{top:0}}",
            id="empty conditions go",
        ),
        pytest.param(
            ":root{--x:1px;--y:var(--z);--z:2px;--w:3px}.b{top:var(--x);left:var(--y)}",
            ":root{--x:1px;--y:var(--z);--z:2px}.b{top:var(--x);left:var(--y)}",
            id="variables read by other variables stay, unread ones go",
        ),
        pytest.param(
            "@keyframes go{from{top:0}}@keyframes stay{from{top:0}}.b{animation:1s stay}",
            "@keyframes stay{from{top:0}}.b{animation:1s stay}",
            id="animations nobody plays go",
        ),
        pytest.param(
            ".b{background:url(\"data:x;{}\")}.c{content:'}'}",
            '.b{background:url("data:x;{}")}',
            id="brackets and semicolons in quotes are none",
        ),
    ],
)
def test_only_what_a_page_can_use_stays(css, kept):
    assert css_parts.used_parts(css, classes=frozenset({"b"}), beside="") == kept


def test_a_variable_our_own_stylesheet_reads_stays():
    assert (
        css_parts.used_parts(":root{--x:1px}", classes=frozenset(), beside=".n{top:var(--x)}")
        == ":root{--x:1px}"
    )


def test_class_attributes_are_read_with_the_expressions_inside_them():
    text = '<a class="chip{% if on == "yes" %} chip-on{% endif %}" href="x">'
    assert page_words.class_attributes(text) == ['chip{% if on == "yes" %} chip-on{% endif %}']


def test_every_icon_a_page_writes_is_drawn():
    """Names written as ``ti-name`` or handed to the icon macro; a misspelt one would be an empty square."""
    asked = set()
    for file in [*page_words.templates(ROOT), *page_words.scripts(ROOT)]:
        text = file.read_text(encoding="utf-8")
        asked |= set(page_words.WRITTEN_ICON.findall(text))
        asked |= set(re.findall(r"\bicon\(\"([\w-]+)\"", text))
    for file in page_words.modules(ROOT):
        asked |= set(re.findall(r"\bicon=\"([\w-]+)\"", file.read_text(encoding="utf-8")))
    assert len(asked) > 30
    assert sorted(asked - set(copy_assets.icon_names(ROOT))) == []


def test_an_icon_is_an_address_without_what_would_end_it():
    svg = '<svg\n viewBox="0 0 24 24"\n>\n <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n <path d="M5 12l5 5" />\n</svg>'
    address = copy_assets.icon_address(svg)
    assert address.startswith("data:image/svg+xml,%3Csvg ") and address.endswith(
        "%3Cpath d='M5 12l5 5'/%3E%3C/svg%3E"
    )
    assert not set('"<>#\n') & set(address)


def test_small_letters_have_names_so_that_a_phone_can_enlarge_them():
    """Nothing on a phone is smaller than 14 px: a size below is written as a token, which phones and large letters set."""
    small = []
    for sheet in page_words.stylesheets(ROOT):
        if sheet.name == "admin.css":
            continue
        text = re.sub(
            r"/\* --- paper.*?(?=@media \(prefers)", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        small += [
            f"{sheet.name}: {found}" for found in re.findall(r"font-size: (?:\d|1[0-3])(?:\.\d+)?px", text)
        ]
    assert small == []
