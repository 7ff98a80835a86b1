"""The report of a run: one HTML page.

`metrics` and `tables` lay out what the run folder holds, `page` puts it together with the figures, `writing`
writes files.
"""

from __future__ import annotations

from clem_icd.reporting.report.writing import write_figures, write_learning_curves, write_report

__all__ = ["write_figures", "write_learning_curves", "write_report"]
