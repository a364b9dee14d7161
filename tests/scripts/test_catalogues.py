"""The own compiler of catalogues makes what gettext reads."""

from __future__ import annotations

import gettext
import io

import pytest

from scripts import catalogues

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)


def translations(text: str) -> gettext.GNUTranslations:
    """What Python's gettext understands of the compiled text."""
    return gettext.GNUTranslations(io.BytesIO(catalogues.compiled(catalogues.read(HEADER + text))))


def test_sentences_plurals_contexts_and_lines_over_several_strings_arrive():
    known = translations(
        'msgid "经营主体"\nmsgstr "Businesses"\n\n'
        'msgctxt "month"\nmsgid "月"\nmsgstr "Month"\n\n'
        '#, python-format\nmsgid "%(n)s 份佐证"\nmsgid_plural "%(n)s 份佐证"\n'
        'msgstr[0] "%(n)s piece of evidence"\nmsgstr[1] "%(n)s pieces of evidence"\n\n'
        'msgid ""\n"第一行\\n"\n"“第二行”"\nmsgstr ""\n"First line\\n"\n"\\"second line\\""\n'
    )
    assert known.gettext("经营主体") == "Businesses"
    assert known.pgettext("month", "月") == "Month"
    assert known.gettext("月") == "月"
    assert known.ngettext("%(n)s 份佐证", "%(n)s 份佐证", 1) == "%(n)s piece of evidence"
    assert known.ngettext("%(n)s 份佐证", "%(n)s 份佐证", 3) == "%(n)s pieces of evidence"
    assert known.gettext("第一行\n“第二行”") == 'First line\n"second line"'


def test_what_is_fuzzy_or_empty_stays_as_it_is_written_in_the_code():
    known = translations(
        '#, fuzzy\nmsgid "督导"\nmsgstr "Guess"\n\nmsgid "整改"\nmsgstr ""\n\n'
        'msgid "销号"\nmsgstr "Closure"\n\n#~ msgid "旧"\n#~ msgstr "Old"\n'
    )
    assert [known.gettext(word) for word in ("督导", "整改", "销号", "旧")] == [
        "督导",
        "整改",
        "Closure",
        "旧",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param('msgid "a"\nmsgstr b\n', "line 2: 'b' is not a quoted text", id="quotes forgotten"),
        pytest.param(
            'msgid "a"\ntranslation "b"\n', "line 2: 'translation' is no keyword", id="unknown word"
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(text, sentence):
    with pytest.raises(catalogues.CatalogueMistake, match=sentence):
        catalogues.read(text)
