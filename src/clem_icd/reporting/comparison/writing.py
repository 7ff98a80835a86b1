"""Writes a comparison to a file, in the format of its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from clem_icd.errors import OutputError
from clem_icd.files import write_text
from clem_icd.reporting.comparison.data import comparison_document, to_csv
from clem_icd.reporting.comparison.latex import to_latex
from clem_icd.reporting.comparison.layout import lay_out
from clem_icd.reporting.comparison.markdown import to_markdown
from clem_icd.reporting.comparison.page import to_html
from clem_icd.reporting.comparison.parts import Comparison

__all__ = ["SUFFIXES", "check_suffix", "write_comparison"]


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write a comparison as HTML, Markdown, LaTeX, CSV or JSON, by the suffix of the file.

    Raises
    ------
    OutputError
        If the suffix is not one of `SUFFIXES`, or the file cannot be written.
    MissingExtraError
        If the suffix is ``.html``, and jinja2 or matplotlib is not installed.

    """
    write_text(path, _RENDERERS[check_suffix(path)](comparison))


def check_suffix(path: Path) -> str:
    """Return the suffix of an output file in lower case.

    Raises
    ------
    OutputError
        If it is not one of `SUFFIXES`.

    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(
            f"has the suffix {path.suffix!r}, expected one of {', '.join(SUFFIXES)}",
            path=path,
            remedy="Choose the format by the suffix of the file name",
        )
    return suffix


def _json(comparison: Comparison) -> str:
    document = comparison_document(comparison)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


_RENDERERS: Mapping[str, Callable[[Comparison], str]] = {
    ".html": lambda comparison: to_html(lay_out(comparison)),
    ".md": lambda comparison: to_markdown(lay_out(comparison)),
    ".tex": lambda comparison: to_latex(lay_out(comparison)),
    ".csv": to_csv,
    ".json": _json,
}

SUFFIXES = tuple(_RENDERERS)
"""The supported suffixes."""
