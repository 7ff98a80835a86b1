"""How good are scores? Metrics, each with its definition, and the report of a run.

The room takes targets and scores as arrays [notes, labels] and knows nothing of what made them; it
runs without torch. `evaluate` gives every metric by name, ``DEFINITIONS`` says what the names mean,
`metrics_document` puts both into the ``metrics.json`` that `write_report` reads from run folders.
"""

from __future__ import annotations

from clem_icd.evaluation.arrays import BoolArray, FloatArray, IntArray
from clem_icd.evaluation.buckets import Bucket, frequency_buckets
from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION, metrics_document
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.report import write_learning_curves, write_report
from clem_icd.evaluation.thresholds import threshold_curve

__all__ = [
    "DEFINITIONS",
    "METRICS_FORMAT",
    "METRICS_FORMAT_VERSION",
    "BoolArray",
    "Bucket",
    "Definition",
    "FloatArray",
    "IntArray",
    "evaluate",
    "frequency_buckets",
    "metrics_document",
    "threshold_curve",
    "write_learning_curves",
    "write_report",
]
