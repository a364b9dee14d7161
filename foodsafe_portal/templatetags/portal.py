"""Tags that give the pages on Django's templates (log-in, second factor) the frame and the pieces of the portal's own."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString

from foodsafe_portal.jinja import component

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """``{% icon "user" %}`` -> a decorative icon."""
    return component("icon")(name)


@register.simple_tag
def field(bound: Any, hint: Any = "", icon_name: str = "") -> SafeString:
    """``{% field form.name %}``: label, control, hint and errors of a bound field."""
    return component("field")(bound, hint=hint, icon_name=icon_name)


@register.simple_tag
def form_errors(form: Any) -> SafeString:
    """``{% form_errors form %}``: what is wrong with the form as a whole."""
    return component("form_errors")(form)


@register.simple_tag
def page_header(title: Any) -> SafeString:
    """``{% page_header title %}``: the header of a page, without buttons."""
    return component("page_header")(title)


@register.simple_block_tag
def part(content: str) -> str:
    """``{% part as content %}…{% endpart %}`` keeps what it encloses for ``{% frame %}``."""
    return content


@register.simple_tag(takes_context=True)
def frame(context: template.Context, name: str, **parts: str) -> SafeString:
    """``{% frame "framed.html" title=title content=content %}``: the page of the portal around these parts."""
    values: dict[str, Any] = {**context.flatten(), **parts}  # type: ignore[dict-item]
    return SafeString(get_template(name, using="jinja2").render(values, context.get("request")))
