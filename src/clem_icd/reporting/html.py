"""Self-contained HTML pages from the templates of this room."""

from __future__ import annotations

from clem_icd.extras import optional

__all__ = ["render"]


def render(template: str, purpose: str, **values: object) -> str:
    """Render a page.

    Parameters
    ----------
    template
        A file name in ``templates``.
    purpose
        What the page is, as the subject of an error message: "The report".
    values
        What the template shows; everything but finished SVG is escaped.

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
    page: str = environment.get_template(template).render(**values)
    return page
