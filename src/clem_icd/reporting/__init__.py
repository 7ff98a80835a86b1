"""What people read: the report of a run, comparisons, published results, figures.

It reads what the room ``runs`` finds in folders and lays it out; it computes no metric itself.
"""

from clem_icd.reporting.report import write_figures, write_learning_curves, write_report

__all__ = ["write_figures", "write_learning_curves", "write_report"]
