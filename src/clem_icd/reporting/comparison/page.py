"""A comparison as one HTML page that needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.layout import Layout, Sheet
from clem_icd.reporting.report import figures
from clem_icd.reporting.report.svg import Panel

__all__ = ["to_html"]

_REFERENCES = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True)
class _Section:
    sheet: Sheet
    panels: Sequence[Panel]


def to_html(layout: Layout) -> str:
    """Return the page: every sheet with the charts of its runs, the footnotes and the definitions."""
    sections = [
        _Section(sheet, _panels(sheet.entries, f"table-{number}"))
        for number, sheet in enumerate(layout.sheets, start=1)
    ]
    synthetic = sorted({entry.name for sheet in layout.sheets for entry in sheet.entries if entry.synthetic})
    environment = Environment(
        # The style sheet is that of the report.
        loader=ChoiceLoader(
            [PackageLoader("clem_icd.reporting.comparison"), PackageLoader("clem_icd.reporting.report")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("comparison.html.j2")
    return template.render(layout=layout, sections=sections, synthetic=synthetic)


def _panels(entries: Sequence[Entry], place: str) -> list[Panel]:
    """Draw the charts of the runs of one table, whose ids differ from those of every other table."""
    runs = [replace(entry.results, name=entry.name) for entry in entries]
    panels = [*figures.bucket_panels(runs), *figures.decision_panels(runs)]
    return [replace(panel, svg=_with_ids_of(place, panel.svg)) for panel in panels]


def _with_ids_of(place: str, svg: Markup) -> Markup:
    return Markup(_REFERENCES.sub(rf"\g<1>{place}-", str(svg)))  # noqa: S704 - our own drawing
