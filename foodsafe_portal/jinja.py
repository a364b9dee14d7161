"""The Jinja2 environment of the pages: filters, functions and translations, and what a missing value does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

import jinja2
from django.conf import settings
from django.template import defaultfilters, engines
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import json_script
from django.utils.translation import get_language, gettext, ngettext
from django_htmx.jinja import htmx_script
from jinja2.utils import missing
from markupsafe import Markup

from foodsafe_portal.lib import display, formats, strips
from foodsafe_portal.lib.sentences import told

FILTERS: dict[str, Any] = {
    "change": display.change,
    "channel_told": display.channel_told,
    "codes_told": display.codes_told,
    "day": display.day,
    "full_day": formats.full_day,
    "json_script": json_script,
    "linebreaksbr": defaultfilters.linebreaksbr,
    "masked_phone": formats.masked_phone,
    "minute": display.minute,
    "moment": display.moment,
    "of_one": display.of_one,
    "percent": formats.percent,
    "plain_key": display.plain_key,
    "pretty_json": formats.pretty_json,
    "rate": formats.rate,
    "score": formats.score,
    "strftime": display.strftime,
    "thousands": formats.thousands,
    "told": told,
    "truncatechars": defaultfilters.truncatechars,
    "week_label": formats.week_label,
}


class Missing(jinja2.ChainableUndefined):
    """A value that is not there: nothing on a running portal, an error where ``STRICT_TEMPLATES`` is on.

    A variable, a key of a mapping, or an attribute of None may be asked for (``if``, ``or``); an attribute that an object
    does not have is a mistake of the template however it is used, and so is printing what was never handed over.
    """

    __slots__ = ()

    def _asked(self) -> bool:
        thing = self._undefined_obj
        return thing is missing or thing is None or isinstance(thing, Mapping | Missing)

    def _refuse(self) -> NoReturn:
        raise jinja2.UndefinedError(self._undefined_message)

    def __bool__(self) -> bool:
        if settings.STRICT_TEMPLATES and not self._asked():
            self._refuse()
        return False

    def __str__(self) -> str:
        if settings.STRICT_TEMPLATES and self._undefined_obj is not None:
            self._refuse()
        return ""

    def __html__(self) -> str:
        return str(self)


class Environment(jinja2.Environment):
    """Jinja2's, except that the keys of a mapping and the fields of a form come before their methods and attributes."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``mapping.items`` is the value of that key where there is one."""
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)


@jinja2.pass_context
def query_with(context: jinja2.runtime.Context, **changes: Any) -> str:
    """``{{ query_with(sort="name", after=none) }}`` -> this page's query with changes; none takes a key out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """``{{ url("business-detail", business.pk) }}`` -> the address of a page."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


FUNCTIONS: dict[str, Any] = {
    "as_of_words": display.as_of_words,
    "axis_of": display.axis_of,
    "cells_of": display.cells_of,
    "change_of": display.change_of,
    "composition": display.composition,
    "deadline_of": display.deadline_of,
    "field_of": strips.field_of,
    "get_language": get_language,
    "htmx_script": htmx_script,
    "query_with": query_with,
    "score_strip_of": strips.score_strip_of,
    "static": static,
    "steps_of": display.steps_of,
    "strip_of": strips.strip_of,
    "url": url,
    "words_of": strips.words_of,
}


def environment(**options: Any) -> Environment:
    """Build the environment; Django hands over the loader, autoescape and whether files are looked at again."""
    built = Environment(
        **options | {"undefined": Missing},
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    built.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    built.filters |= FILTERS
    built.globals |= FUNCTIONS
    return built


def component(name: str) -> Any:
    """A macro of ``templates/components/`` by its name, for Python and for the pages that stay on Django's templates."""
    return _macros()[name]


@cache
def _macros() -> dict[str, Any]:
    env = engines["jinja2"].env
    found: dict[str, Any] = {}
    for path in env.list_templates(filter_func=lambda path: path.startswith("components/")):
        module = env.get_template(path).module
        found |= {
            key: value for key, value in vars(module).items() if isinstance(value, jinja2.runtime.Macro)
        }
    return found


def plain_text(html: str) -> str:
    """What a reader sees of a piece of HTML."""
    return Markup(re.sub(r"\s+", " ", html)).striptags()
