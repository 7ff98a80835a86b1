"""The run folder: its layout, results, history, checkpoints, settings, and what makes it resumable.

Nothing here loads torch, so that a report or a comparison can read a run without it.
"""

from clem_icd.runs.results import RunResults, read_run
from clem_icd.runs.spread import SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION, spread

__all__ = ["SEED_METRICS_FORMAT", "SEED_METRICS_FORMAT_VERSION", "RunResults", "read_run", "spread"]
