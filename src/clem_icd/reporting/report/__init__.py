"""A run folder becomes one HTML page: `run` reads it, `tables` and `figures` lay it out, `page` writes it."""

from __future__ import annotations

from clem_icd.reporting.report.page import write_figures, write_learning_curves, write_report

__all__ = ["write_figures", "write_learning_curves", "write_report"]
