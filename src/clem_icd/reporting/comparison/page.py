"""A comparison as a self-contained HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clem_icd.reporting import figures
from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.layout import Layout, Sheet
from clem_icd.reporting.figures.chart import Panel
from clem_icd.reporting.html import page_template

__all__ = ["to_html"]

_REFERENCES = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True)
class _Section:
    sheet: Sheet
    panels: Sequence[Panel]


def to_html(layout: Layout) -> str:
    """Render every sheet with the charts of its runs, the footnotes and the definitions.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed, or matplotlib where there are charts.

    """
    # Loaded before the charts are drawn, so that a missing package is reported at once.
    render = page_template("comparison.html.j2", "An HTML comparison")
    sections = [
        _Section(sheet, _panels(sheet.entries, f"table-{number}"))
        for number, sheet in enumerate(layout.sheets, start=1)
    ]
    synthetic = sorted({entry.name for sheet in layout.sheets for entry in sheet.entries if entry.synthetic})
    return render(layout=layout, sections=sections, synthetic=synthetic)


def _panels(entries: Sequence[Entry], place: str) -> list[Panel]:
    """Draw the charts of the runs of one table, with ids distinct from those of every other table."""
    runs = [replace(entry.results, name=entry.name) for entry in entries]
    panels = [*figures.bucket_panels(runs), *figures.decision_panels(runs)]
    return [replace(panel, svg=_REFERENCES.sub(rf"\g<1>{place}-", panel.svg)) for panel in panels]
