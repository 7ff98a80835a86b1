"""Templates of the self-contained HTML pages."""

from __future__ import annotations

from collections.abc import Callable

from clem_icd.extras import optional

__all__ = ["page_template"]


def page_template(name: str, purpose: str) -> Callable[..., str]:
    """Return a function that renders a page from what it shows, given by keyword.

    Everything but finished SVG is escaped.

    Parameters
    ----------
    name
        A file name in ``templates``.
    purpose
        The page as the subject of an error message: "The report".

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.

    """
    jinja2 = optional("jinja2", purpose)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("clem_icd.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    render: Callable[..., str] = environment.get_template(name).render
    return render
