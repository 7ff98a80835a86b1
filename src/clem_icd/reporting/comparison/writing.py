"""A comparison as a file, in the format that its name asks for."""

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
from clem_icd.reporting.comparison.parts import Comparison

__all__ = ["SUFFIXES", "check_suffix", "write_comparison"]


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write a comparison: a page for ``.html``, else Markdown, LaTeX, csv or json, by the suffix.

    Raises
    ------
    OutputError
        If the suffix is none of `SUFFIXES`, or the file cannot be written.

    """
    write_text(path, _RENDERERS[check_suffix(path)](comparison))


def check_suffix(path: Path) -> str:
    """Return the suffix of a file that can be written.

    Raises
    ------
    OutputError
        If it is none of `SUFFIXES`.

    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(
            f"has the suffix {path.suffix!r}, expected one of {', '.join(SUFFIXES)}",
            path=path,
            remedy="Name the file after the format that you want",
        )
    return suffix


def _html(comparison: Comparison) -> str:
    # Drawing costs a third of a second to import, which nothing but a page should pay.
    from clem_icd.reporting.comparison.page import to_html

    return to_html(lay_out(comparison))


def _json(comparison: Comparison) -> str:
    document = comparison_document(comparison)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


_RENDERERS: Mapping[str, Callable[[Comparison], str]] = {
    ".html": _html,
    ".md": lambda comparison: to_markdown(lay_out(comparison)),
    ".tex": lambda comparison: to_latex(lay_out(comparison)),
    ".csv": to_csv,
    ".json": _json,
}

SUFFIXES = tuple(_RENDERERS)
"""What a file may end with."""
