"""The templates of the pages: one thing a line, no HTML in Python, and everything escaped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from django.conf import settings
from django.template import engines
from django.utils.translation import override

from foodsafe_portal.management.commands.makemessages import calls_of
from scripts.check_translations import unreachable_in_pages
from scripts.format_templates import Layout, laid_out

ROOT = Path(settings.BASE_DIR)
ROOMS = ("accounts", "campaigns", "entities", "foodsafe_portal", "inspections", "records")
PAGES = [
    path
    for path in sorted((ROOT / "templates").rglob("*.html"))
    if ROOT / "templates/django" not in path.parents
]
WIDEST = 140
HTML = re.compile(r"</?(a|b|br|button|dd|div|dl|dt|em|h[1-6]|i|img|input|li|ol|option|p|rect|section|select|small|span|svg"
                  r"|t[dhr]|table|tbody|thead|ul)\b[^<>]*>")  # fmt: skip
MADE_SAFE = ("format_html", "format_html_join", "mark_safe", "Markup")


def render(source: str, **values: object) -> str:
    return str(engines["jinja2"].env.from_string(source).render(values))


# --- how they are written ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_of_a_template_is_wider_than_a_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > WIDEST] == []


def test_every_template_is_laid_out() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PAGES}
    wanted = laid_out(sources)
    assert [str(path) for path in PAGES if wanted[path] != sources[path]] == []


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from (
            path
            for path in sorted((ROOT / room).rglob("*.py"))
            if not {"migrations", "workbooks"} & {*path.parts}
        )


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_html_stands_in_python(path: Path) -> None:
    """Docstrings are no pages, and what ``workbooks`` writes is the XML of a workbook."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in told
        and HTML.search(node.value)
    ]
    safe = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in MADE_SAFE]
    if path.name == "jinja.py":  # gives what macros and gettext print to the templates as HTML
        safe = []
    assert (found, safe) == ([], [])


@pytest.mark.parametrize(
    ("written", "page"),
    [
        ("<p>{{ a }}{{ b }} {{ c }}</p>", "<p>123</p>"),
        ("<td>{% if a %}<a href='x'>{{ a }}</a>{% endif %}{{ b }} <i>{{ c }}</i></td>", ""),
        ("<span>{{ a }}</span><span>{{ b }}</span> <span>{{ c }}</span>", ""),
        ("<p>{% for n in (1, 2) %}{{ n }}{% endfor %}{% for n in (1, 2) %} {{ n }}{% endfor %}</p>", ""),
        (
            "<b{% if a %} class='x'{% endif %} title=\"{% if b %}{{ b }}{% else %}{{ c }}{% endif %}\">{{ a }}</b>{{ b }}",
            "",
        ),
        ("{% if a %}{{ a }}{% endif %} {% if b %}{{ b }}{% endif %}{{ c }}", ""),
    ],
)
@pytest.mark.parametrize("width", [118, 30])
def test_laying_out_keeps_every_blank_a_reader_sees(
    written: str, page: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.format_templates.WIDTH", width)
    layout = Layout(frozenset())
    once = layout.page(written)

    def seen(source: str) -> str:
        html = re.sub(r"\s+", " ", render(source, a=1, b=2, c=3)).strip()
        return re.sub(r" ?(</?(?:p|td)[^>]*>) ?", r"\1", re.sub(r"\s+>", ">", html)).replace("'", '"')

    assert seen(once) == seen(written)
    assert layout.page(once) == once


# --- what they print ---------------------------------------------------------------------------


def test_what_is_printed_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    html = render(
        '{{ a }}<a href="{{ a }}">{{ _("共 %(n)s 项", n=a) }}</a>{{ [a, a]|join("、") }}{{ a|truncatechars(9) }}'
        "{{ a|linebreaksbr }}{{ thing.name }}{{ a ~ a }}{{ a|string }}",
        a=evil,
        thing=SimpleNamespace(name=evil),
    )
    assert "<script" not in html and html.count("&lt;script") == 10


def test_a_missing_attribute_and_a_method_that_is_not_called_are_errors() -> None:
    with pytest.raises(jinja2.UndefinedError, match="no attribute 'nmae'"):
        render("{% if thing.nmae %}x{% endif %}", thing=SimpleNamespace(name="x"))
    with pytest.raises(jinja2.UndefinedError, match="'never' is undefined"):
        render("{{ never }}")
    with pytest.raises(TypeError, match="without being called"):
        render("{{ thing.said }}", thing=Spoken())
    assert render("{% if never %}x{% endif %}{{ given.q }}{{ nobody.name }}", given={}, nobody=None) == ""


class Spoken:
    """An object with a method."""

    def said(self) -> str:
        """Something to call."""
        return "x"


def test_a_running_portal_prints_nothing_for_what_is_missing(settings: Any) -> None:
    settings.STRICT_TEMPLATES = False
    assert (
        render(
            "{{ thing.nmae }}{% if thing.nmae %}x{% endif %}{{ never.was.there }}", thing=SimpleNamespace()
        )
        == ""
    )


# --- their sentences ---------------------------------------------------------------------------


def test_sentences_of_templates_reach_the_catalogue() -> None:
    source = '<p title="{{ _("翻页") }}">{{ empty(_("共 %(n)s 项", n=1)) }}{{ ngettext("%(n)s 家", "%(n)s 家", n) }}</p>'
    assert calls_of(source).splitlines() == [
        "_('翻页')",
        "_('共 %(n)s 项')",
        "ngettext('%(n)s 家', '%(n)s 家', 0)",
    ]


def test_chinese_text_that_no_translation_reaches_is_named() -> None:
    source = '<p>督导</p>\n{{ name or "市本级" }}{{ _("督导") }}{# 注释 #}<b lang="zh-Hans">中文</b>'
    found = [line.split(": Chinese")[0] for line in unreachable_in_pages([("a.html", source)])]
    assert found == ["a.html:1", "a.html:2"]


def test_a_sentence_follows_the_language_of_its_reader() -> None:
    with override("en"):
        assert render('{{ _("翻页") }}') != "翻页"
    with override("zh-hans"):
        assert render('{{ _("翻页") }}') == "翻页"
