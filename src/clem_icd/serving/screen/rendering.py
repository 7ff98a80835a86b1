"""Pages from templates, with the headers that only pages have."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from clem_icd.reporting.explained import visible

PAGE_HEADERS = {
    # Scripts and styles are files of this service: nothing in a note can be run or loaded.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # With no-referrer, browsers do not say which page sends a form.
    "Referrer-Policy": "same-origin",
}

_HOUR = 60  # minutes
_DAY = 24  # hours


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
    found.filters["visible"] = visible
    found.filters["age"] = age
    return found


def age(begun: str, now: datetime) -> str:
    """Return the time since a moment in one unit, such as ``3 h``."""
    minutes = max(0, round((now - datetime.fromisoformat(begun)).total_seconds() / 60))
    if minutes < _HOUR:
        return f"{minutes} min"
    hours = minutes // _HOUR
    return f"{hours} h" if hours < 2 * _DAY else f"{hours // _DAY} days"
