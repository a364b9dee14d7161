"""The pieces of the pages: what they print, that they count right, and that nothing in them needs an inline style."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

from foodsafe_portal.lib import formats

FIVE = {"expected": 27124, "done": 15792, "on_time": 15188, "overdue": 444, "excluded": 624}
TEMPLATES = Path(settings.BASE_DIR) / "templates"
PIECES = "".join(
    f'{{% from "components/{path.name}" import {", ".join(names)} %}}'
    for path in sorted((TEMPLATES / "components").glob("*.html"))
    if (names := re.findall(r"{% macro (\w+)", path.read_text(encoding="utf-8")))
)


@pytest.fixture(autouse=True)
def _in_chinese() -> Any:
    with translation.override("zh-hans"):
        yield


def render(source: str, **values: Any) -> str:
    """A template with the portal's pieces, its blanks folded for comparing."""
    html = engines["jinja2"].env.from_string(PIECES + source).render(values)
    return re.sub(r"\s+", " ", html).strip()


def words(source: str, **values: Any) -> str:
    """What a reader sees of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render(source, **values))).strip()


@pytest.mark.parametrize(
    ("filtered", "printed"),
    [
        pytest.param("27748|thousands", "27,748", id="thousands get a comma"),
        pytest.param("nothing|thousands", "—", id="no count is a dash and not a zero"),
        pytest.param("0|thousands", "0", id="zero is a number"),
        pytest.param("15792|percent(27124)", "58.2%", id="a percentage has one decimal"),
        pytest.param("1|percent(16)", "6.3%", id="6.25 is rounded half up"),
        pytest.param("15792|rate(27124)", "58.2% / 27,124", id="a rate stands with its denominator"),
        pytest.param("0|rate(0)", "—", id="nothing expected has no rate"),
        pytest.param("points|score", "82.50", id="points have two decimals"),
        pytest.param("half|score", "0.13", id="points are rounded half up"),
        pytest.param("nothing|score", "—", id="not assessed is not zero"),
        pytest.param("due|full_day", "2027-03-16", id="a full day"),
        pytest.param("due|day", "2027-03-16", id="a day of another year is printed in full"),
        pytest.param("week|week_label", "2026 年第 46 周（11-09 至 11-15）", id="a week names its days"),
        pytest.param(
            "first|week_label",
            "2026 年第 1 周（2025-12-29 至 2026-01-04）",
            id="a week over New Year is in full",
        ),
        pytest.param("instant|minute", "2026-11-16 00:30", id="an instant is told in the portal's time zone"),
        pytest.param("floor|of_one", "60.0%", id="a share of one is told as a percentage"),
        pytest.param("nothing|of_one", "—", id="no share is a dash"),
        pytest.param(
            "sentence|told", "督导任务已生成", id="a stored sentence is Chinese for who reads Chinese"
        ),
        pytest.param("12|change(34)", "-22", id="a change is now minus before"),
        pytest.param("nothing|change(34)", "None", id="no change without both sides"),
    ],
)
def test_a_filter_prints_numbers_and_days_one_way(filtered: str, printed: str) -> None:
    shown = words(
        "{{ " + filtered + " }}",
        nothing=None,
        points=Decimal("82.5"),
        half=Decimal("0.125"),
        due=date(2027, 3, 16),
        week="2026-W46",
        first="2026-W01",
        instant=datetime(2026, 11, 15, 16, 30, tzinfo=UTC),
        floor="0.60",
        sentence="督导任务已生成",
    )
    assert shown == printed


def test_a_day_of_this_year_is_printed_short() -> None:
    assert formats.short_day(date(2026, 11, 16), today=date(2026, 1, 1)) == "11-16"
    assert formats.score_band(Decimal("82.5"), 91) == "82.50–91.00"
    assert formats.score_band(90, Decimal("90.00")) == "90.00"


def test_the_five_figures_add_up_and_each_opens_its_rows() -> None:
    html = render('{{ five_figures(figures, url_base="/duties/?period=2026Q4") }}', figures=FIVE)
    parts = re.findall(r'href="/duties/\?period=2026Q4&amp;part=(\w+)"[^>]*>([\d,]+)<', html)
    assert dict(parts) == {
        "expected": "27,124",
        "done": "15,792",
        "on_time": "15,188",
        "overdue": "444",
        "excluded": "624",
        "open": "10,888",
        "late": "604",
    }
    assert re.findall(r"fig-label[^>]*>(?:<i[^>]*></i>)?(\w+)<", html) == [
        "应督导",
        "已督导",
        "按时",
        "逾期",
        "剔除",
    ]
    seen = words("{{ five_figures(figures) }}", figures=FIVE)
    assert "应督导 = 已督导 + 逾期 + 未到期 10,888 ；剔除 624 另列" in seen
    assert "完成率 58.2%（分母 27,124）" in seen


def test_the_five_figures_take_an_object_keywords_and_the_words_of_problems() -> None:
    by_object = render('{{ five_figures(figures, measure="problems") }}', figures=SimpleNamespace(**FIVE))
    by_keywords = render(
        '{{ five_figures(expected=27124, done=15792, on_time=15188, overdue=444, excluded=624, measure="problems") }}'
    )
    assert by_object == by_keywords
    assert "应整改" in by_object and "应督导" not in by_object


def test_nothing_expected_has_no_rate_and_an_empty_strip() -> None:
    html = render("{{ five_figures(expected=0) }}")
    assert "完成率 —" in html
    assert render("{{ strip(expected=0) }}").count("<rect") == 1


def test_a_strip_draws_every_part_in_its_share_with_excluded_beside_and_hatched() -> None:
    html = render("{{ strip(figures) }}", figures=FIVE)
    shares = {
        css: float(width)
        for width, css in re.findall(r'width="([\d.]+)%" height="100%" class="(s-\w[\w-]*)"', html)
    }
    del shares["s-ground"]
    whole = 27124 + 624
    assert shares == pytest.approx(
        {
            "s-on-time": 15188 / whole * 100,
            "s-late": 604 / whole * 100,
            "s-overdue": 444 / whole * 100,
            "s-open": 10888 / whole * 100,
            "s-excluded": 624 / whole * 100,
        },
        abs=0.01,
    )
    assert 'class="s-excluded" fill="url(#hatch-grey)"' in html
    assert 'aria-label="按时 15,188，超期完成 604，逾期未督导 444，未到期 10,888，剔除 624"' in html


def test_one_overdue_among_thousands_can_still_be_seen() -> None:
    assert 'x="0.00%" width="0.50%" height="100%" class="s-overdue"' in render(
        "{{ strip(expected=90000, overdue=1) }}"
    )


def test_a_score_strip_tells_scored_unassessed_and_lost() -> None:
    html = render("{{ score_strip(low, high, points) }}", low=Decimal("6.25"), high=7, points=10)
    assert 'aria-label="已得 6.25 分，待评 0.75 分，已失 3.00 分"' in html
    assert 'x="62.50%" width="7.50%" height="100%" class="s-unassessed" fill="url(#hatch-blue)"' in html
    assert render("{{ score_strip(low, high, points) }}", low=None, high=None, points=None) == ""


def test_a_score_band_names_its_pass_line_on_a_printed_axis() -> None:
    html = render("{{ score_band(low, high) }}", low=Decimal("82.5"), high=91)
    assert 'aria-label="得分区间 82.50 至 91.00，合格线 90"' in html
    assert re.findall(r">(\d+)</text>", html) == ["60", "70", "80", "90", "100"]
    assert 'x="56.25%" y="26" width="21.25%"' in html


@pytest.mark.parametrize(
    ("call", "html"),
    [
        ('{{ figure(444, url, "red") }}', '<a class="n n-red" href="/x?a=1&amp;b=2">444</a>'),
        ('{{ figure(0, "/x", "red") }}', '<a class="n n-zero" href="/x">0</a>'),
        (
            '{{ figure(27748, "/x", label="应督导") }}',
            '<a class="n" href="/x" aria-label="应督导 27,748">27,748</a>',
        ),
        ("{{ figure(12) }}", '<span class="n n-still">12</span>'),
        ('{{ figure(nothing, "/x") }}', '<span class="muted">—</span>'),
        ('{{ scale_tag("包保", "B") }}', '<span class="scale"><i>包保</i><b>B</b></span>'),
        ('{{ scale_tag("量化", "") }}', '<span class="muted">未评</span>'),
    ],
)
def test_a_cell_of_a_table_is_exactly_this(call: str, html: str) -> None:
    assert render(call, nothing=None, url="/x?a=1&b=2") == html


@pytest.mark.parametrize(
    ("fields", "tone", "printed"),
    [
        ({"kind": "left", "days": 4}, "info", "还剩 4 个工作日"),
        ({"kind": "left", "days": 3}, "warn", "还剩 3 个工作日"),
        ({"kind": "left", "days": 9, "soon": 10}, "warn", "还剩 9 个工作日"),
        ({"kind": "today"}, "warn", "今日到期"),
        ({"kind": "overdue", "days": 11}, "bad", "逾期 11 个工作日"),
        ({"kind": "overdue", "days": 2, "unit": "days"}, "bad", "逾期 2 天"),
        ({"kind": "on_time", "on": date(2020, 8, 25)}, "ok", "按时 2020-08-25"),
        ({"kind": "late", "days": 2, "unit": "days"}, "warn", "超期 2 天"),
        ({"kind": "left", "days": 33, "provisional": True}, "info", "还剩 33 个工作日*"),
    ],
)
def test_a_deadline_says_how_it_stands_in_words_and_tone(
    fields: dict[str, Any], tone: str, printed: str
) -> None:
    for badge in (fields, SimpleNamespace(**fields)):
        html = render("{{ deadline_badge(badge) }}", badge=badge)
        assert f'class="state state-{tone}"' in html
        assert re.sub(r"<[^>]+>", "", html) == printed


def test_no_deadline_is_no_badge() -> None:
    assert render("{{ deadline_badge(nothing) }}", nothing=None) == ""


@pytest.mark.parametrize(
    ("call", "printed"),
    [
        ('{{ change_badge(change, better="down") }}', "↓ 22 好转"),
        ("{{ change_badge(change) }}", "↓ 22 变差"),
        ('{{ change_badge(change, better="") }}', "↓ 22"),
        ("{{ change_badge(points, points=true) }}", "↑ 1.75 好转"),
        ("{{ change_badge(same) }}", "持平"),
        ("{{ change_badge(nothing) }}", "—"),
    ],
)
def test_a_change_has_a_word_for_its_direction(call: str, printed: str) -> None:
    assert words(call, change=-22, points=Decimal("1.75"), same=0, nothing=None) == printed


def test_what_people_typed_is_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    html = "".join(
        render(call, evil=evil, events=[{"verb": evil, "what": evil}], views=[{"label": evil, "url": evil}])
        for call in (
            "{{ figure(1, evil, evil, evil) }}",
            '{{ state_badge("ok", "", evil) }}',
            "{{ scale_tag(evil, evil) }}",
            "{{ diff(evil, evil) }}",
            "{{ diff(evil, evil, protected=true, reason=evil) }}",
            "{{ error_line(evil, evil, evil) }}",
            "{{ refused_action(evil, evil) }}",
            "{{ empty(evil, evil, evil) }}",
            "{{ timeline(events) }}",
            "{{ view_tabs(views) }}",
            "{{ page_header(evil, period=evil, scope=evil, note=evil, as_of=evil, badge=evil) }}",
            "{{ card(evil, note=evil, link=evil, link_text=evil, css=evil) }}",
        )
    )
    assert "<script" not in html and "&lt;script" in html


def test_a_protected_value_stays_and_says_why() -> None:
    assert words('{{ diff("C", "D", protected=true, reason="人工复核过") }}') == "C 不改 人工复核过"
    assert "<del>（空）</del>" in render('{{ diff("", "林悦") }}')


def test_a_live_header_says_since_when_and_a_frozen_one_which_revision() -> None:
    instant = datetime(2026, 11, 16, 1, 42, tzinfo=UTC)
    live = words(
        '{% call page_header("经营主体", as_of=at, period="2026 年第四季度") %}<a>导入</a>{% endcall %}',
        at=instant,
    )
    assert live == "经营主体 截至 2026-11-16 09:42 （实时） 统计期 2026 年第四季度 导入"
    frozen = words('{{ page_header("本周总览", week="2026-W46", revision=2, as_of=at) }}', at=instant)
    assert frozen == "本周总览 2026 年第 46 周（11-09 至 11-15） 已冻结 · 第 2 版 截至 2026-11-16 09:42"


def test_a_pager_offers_only_the_ways_there_are() -> None:
    first = {"previous_url": "", "next_url": "?after=20", "total": 31190, "first": 1, "last": 20}
    html = render('{{ pager(page, unit="家", target="#results") }}', page=first)
    assert 'rel="next" href="?after=20" hx-get="?after=20" hx-target="#results"' in html
    assert 'rel="prev"' not in html
    assert "第 1–20 家，共 31,190 家" in words('{{ pager(page, unit="家") }}', page=first)


def test_progress_keeps_asking_only_while_the_job_runs() -> None:
    job = {"state": "running", "done": 1230, "total": 4131, "get_state_display": "进行中"}
    running = render('{{ progress(job, url="/jobs/1/", verb="已检查") }}', job=job)
    assert 'hx-get="/jobs/1/" hx-trigger="every 2s"' in running and 'value="1230" max="4131"' in running
    assert "已检查 1,230 / 4,131 行" in words('{{ progress(job, verb="已检查") }}', job=job)
    assert "hx-get" not in render('{{ progress(job, url="/jobs/1/") }}', job=job | {"state": "done"})


def test_steps_mark_what_is_done_and_where_one_stands() -> None:
    html = render("{{ steps(3) }}")
    assert re.findall(r'class="step-(\w+)"', re.sub(r'class="step-(dot|word)"', "", html)) == [
        "done",
        "done",
        "now",
        "next",
    ]
    assert html.count('aria-current="step"') == 1


def test_filters_are_taken_off_or_opened_from_their_chip() -> None:
    chips = [
        {"label": "地区", "value": "南湖区", "remove_url": "?q=1"},
        {"label": "业态", "value": "全部", "options": [("餐饮服务", "?type=catering")]},
    ]
    html = render('{{ filter_chips(chips, clear_url="?") }}', chips=chips)
    assert 'aria-label="去掉条件：地区 南湖区"' in html
    assert '<a href="?type=catering">餐饮服务</a>' in html


def test_the_query_is_changed_and_not_lost() -> None:
    request = RequestFactory().get("/b/", {"q": "面馆", "after": "9"})
    assert (
        render('{% set q = query_with(sort="name", after=none) %}{{ q }}', request=request)
        == "?q=%E9%9D%A2%E9%A6%86&amp;sort=name"
    )


def test_a_wrong_field_says_so_beside_itself() -> None:
    class Form(forms.Form):
        name = forms.CharField(label="名称", help_text="与营业执照一致")
        level = forms.ChoiceField(label="严重程度", choices=[("a", "轻微")], widget=forms.RadioSelect)

    form = Form({})
    assert not form.is_valid()
    html = render("{{ field(form.name) }}", form=form)
    assert 'aria-invalid="true"' in html
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described is not None
    assert all(f'id="{name}"' in html for name in described[1].split())
    assert "<legend>严重程度</legend>" in render("{{ field(form.level) }}", form=form)


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_needs_inline_style_script_or_handler(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", source)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)", source)
    assert "<style" not in source and "javascript:" not in source
