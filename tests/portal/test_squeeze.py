"""Templates are laid out for people; their layout does not go out to the browser."""

from __future__ import annotations

import jinja2
import pytest

from foodsafe_portal.squeeze import Squeeze


def page(source, **values):
    return (
        jinja2.Environment(extensions=[Squeeze], trim_blocks=True, lstrip_blocks=True)
        .from_string(source)
        .render(values)
    )


@pytest.mark.parametrize(
    ("source", "goes_out"),
    [
        ('<input\n    name="next"\n    value="/"\n  >', '<input name="next" value="/">'),
        ('<a href="/"\n   class="btn">字</a>', '<a href="/" class="btn">字</a>'),
        ("<p>\n      一\n      二\n    </p>", "<p>\n一\n二\n</p>"),
        ("<pre>\n  a\n    b</pre>\n\n  <p>", "<pre>\n  a\n    b</pre>\n<p>"),
        ("<textarea\n  rows=2>\n  a\n</textarea>", "<textarea rows=2>\n  a\n</textarea>"),
        ("<script>\n  if (a < b) {\n    c()\n  }\n</script>", "<script>\n  if (a < b) {\n    c()\n  }\n</script>"),
        ('<i\n  {{ "x" }}\n  title="{{ 1 }}"\n>', '<i x title="1">'),
        ("3 < 4\n  <b>", "3 < 4\n<b>"),
    ],
)  # fmt: skip
def test_the_layout_of_a_template_stays_at_home(source, goes_out):
    assert page(source) == goes_out
