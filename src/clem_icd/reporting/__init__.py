"""Pages for people: the report of a run, comparisons, published results, figures and explained notes.

Lays out what ``runs`` reads from folders; every metric was computed in ``evaluation``. HTML needs jinja2 and
figures need matplotlib, both from the extra ``report``; they load when a page or a figure is made.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.reporting.report.writing import write_figures, write_learning_curves, write_report

__all__ = ["write_figures", "write_learning_curves", "write_report"]

__getattr__ = lazy_names(__name__, dict.fromkeys(__all__, "report.writing"))
