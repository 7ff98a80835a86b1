"""Pages from templates, with the headers that only pages have."""

from __future__ import annotations

import functools
import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

PAGE_HEADERS = {
    # Scripts and styles are files of this service: nothing in a note can be run or loaded.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # With no-referrer, browsers do not say which page sends a form.
    "Referrer-Policy": "same-origin",
}

_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


def page(template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; every value is escaped."""
    text = environment().get_template(template).render(values)
    return HTMLResponse(text, status_code, headers=PAGE_HEADERS)


@functools.cache
def environment() -> Environment:
    """Return the environment of the templates."""
    found = Environment(
        loader=PackageLoader("clem_icd.serving.screen"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["exact"] = exact
    return found


def exact(text: str) -> Markup:
    """Escape a text so that a browser keeps the number of its characters.

    A browser would turn CR LF into one character, and drop NUL; half of a surrogate pair cannot be sent.
    """
    return escape(_UNPRINTABLE.sub("\ufffd", text)).replace("\r", Markup("&#13;"))
