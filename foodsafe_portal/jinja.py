"""The Jinja2 environment of the pages: filters, functions and translations, and what a missing value does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from types import FunctionType, MethodType
from typing import Any, NoReturn

import jinja2
from django.conf import settings
from django.template import defaultfilters, engines
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import json_script
from django.utils.translation import get_language, gettext, ngettext, override
from django_htmx.jinja import htmx_script
from jinja2.utils import missing
from markupsafe import Markup

from foodsafe_portal.lib import display, formats, strips
from foodsafe_portal.lib.sentences import told
from foodsafe_portal.squeeze import Squeeze

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


HTMX_CONFIG = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "selfRequestsOnly": True,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "409", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}
"""How htmx behaves on every page: no styles, scripts or eval of its own, no history kept; refusals are shown where they belong."""

COMPONENTS = ("badges", "figures", "forms", "lists", "page")
"""The files of ``templates/components/`` that hold macros; the others there are parts of the frame."""


class Missing(jinja2.ChainableUndefined):
    """A value that is not there: nothing on a running portal, an error where ``STRICT_TEMPLATES`` is on.

    A key of a mapping and an attribute of None may be missing: an address has the parameters it has. A variable that was not
    handed over may be asked for (``if``, ``or``), not printed. An attribute that an object does not have is a mistake.
    """

    __slots__ = ()

    @property
    def _is_optional(self) -> bool:
        return self._undefined_obj is None or isinstance(self._undefined_obj, Mapping)

    def _refuse(self) -> NoReturn:
        raise jinja2.UndefinedError(self._undefined_message)

    def __bool__(self) -> bool:
        if settings.STRICT_TEMPLATES and not self._is_optional and self._undefined_obj is not missing:
            self._refuse()
        return False

    def __str__(self) -> str:
        if settings.STRICT_TEMPLATES and not self._is_optional:
            self._refuse()
        return ""

    def __html__(self) -> str:
        return str(self)


class Template(jinja2.Template):
    """A template whose macros named in its ``kept`` remember what they printed.

    Such a macro depends on its arguments, the reader's language and the day only, and the same few dozen answers stand in every row.
    """

    def _get_default_module(self, ctx: jinja2.runtime.Context | None = None) -> Any:
        is_new = self._module is None
        module = super()._get_default_module(ctx)
        for name in getattr(module, "kept", ()) if is_new else ():
            setattr(module, name, _kept(getattr(module, name)))
        return module


def _kept(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    # Typed, because a text and the same text as HTML are equal and print differently.
    @lru_cache(maxsize=4096, typed=True)
    def printed(language: str | None, today: date, *args: Any, **kwargs: Any) -> Markup:
        return macro(*args, **kwargs)

    def call(*args: Any, **kwargs: Any) -> Markup:
        try:
            return printed(get_language(), date.today(), *args, **kwargs)
        except TypeError:  # what cannot be remembered is printed anew
            return macro(*args, **kwargs)

    return call


class Environment(jinja2.Environment):
    """Jinja2's, except that the keys of a mapping come before its methods."""

    template_class = Template

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``mapping.items`` is the value of that key where there is one."""
        if isinstance(obj, dict):
            try:
                return obj[attribute]
            except KeyError:
                pass
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return super().getattr(obj, attribute)


# --- sentences ---------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _sentence(language: str | None, message: str) -> Markup:
    """A sentence in a language; the same few stand in every row of every list."""
    with override(language):
        return Markup(gettext(message))


def sentence(message: str, **values: Any) -> Markup:
    """``{{ _("共 %(n)s 项", n=count) }}`` -> the sentence in the reader's language, its values escaped; % is written %%."""
    said = _sentence(get_language(), message)
    return said % values if values or "%" in said else said


def counted_sentence(singular: str, plural: str, number: int, **values: Any) -> Markup:
    """``{{ ngettext("%(n)s 家", "%(n)s 家", n, n=n) }}`` -> the sentence for that number."""
    return Markup(ngettext(singular, plural, number)) % values


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


def url_if_any(name: str) -> str:
    """The address of a page that an installation may not have; empty where it has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


FUNCTIONS: dict[str, Any] = {
    "as_of_words": display.as_of_words,
    "axis_of": display.axis_of,
    "cells_of": display.cells_of,
    "change_of": display.change_of,
    "composition": display.composition,
    "deadline_of": display.deadline_of,
    "field_of": strips.field_of,
    "get_language": get_language,
    "htmx_config": HTMX_CONFIG,
    "htmx_script": htmx_script,
    "query_with": query_with,
    "score_strip_of": strips.score_strip_of,
    "static": static,
    "steps_of": display.steps_of,
    "strip_of": strips.strip_of,
    "url": url,
    "url_if_any": url_if_any,
    "words_of": strips.words_of,
}


def _printable(value: Any) -> Any:
    """Refuse to print a function, a method or a macro that was named and not called."""
    if isinstance(value, FunctionType | MethodType | jinja2.runtime.Macro):
        raise TypeError(f"{value!r} is printed without being called")
    return value


def environment(**options: Any) -> Environment:
    """Build the environment; Django hands over the loader, autoescape and whether files are looked at again."""
    built = Environment(
        **options | {"undefined": Missing},
        finalize=_printable if settings.STRICT_TEMPLATES else None,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", Squeeze],
    )
    built.filters |= FILTERS
    built.globals |= FUNCTIONS | {"_": sentence, "gettext": sentence, "ngettext": counted_sentence}
    return built


def pages() -> jinja2.Environment:
    """The environment of the pages, which Django keeps behind its engine."""
    engine: Any = engines["jinja2"]
    return engine.env


def component(name: str) -> Any:
    """A macro of the components by its name, for Python and for the pages that stay on Django's templates."""
    return _macros()[name]


@cache
def _macros() -> dict[str, Any]:
    env = pages()
    found: dict[str, Any] = {}
    for name in COMPONENTS:
        module = env.get_template(f"components/{name}.html").module
        found |= {key: value for key, value in vars(module).items() if callable(value)}
    return found
