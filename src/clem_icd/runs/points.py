"""Named moments in the life of a run, at which a test may end the process.

Training and pretraining pass these points; nothing happens there unless something subscribed. A test that kills
a process at a point shows that resuming from it loses nothing, without knowing which function runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """The moments, each just before what its name says is done."""

    TRAINING_STEP = "training-step"
    OPTIMIZER_SAVED = "optimizer-saved"
    CHECKPOINT_MARKED = "checkpoint-marked"
    CHECKPOINTS_ROTATED = "checkpoints-rotated"
    TRAINING_STARTED = "training-started"
    SCORES_WRITTEN = "scores-written"
    MODEL_WRITTEN = "model-written"
    REPORT_WRITTEN = "report-written"
    SEEDS_SUMMARIZED = "seeds-summarized"
    TOKENS_WRITTEN = "tokens-written"
    ENCODER_WRITTEN = "encoder-written"
    RUN_ENDED = "run-ended"
    CLEANED = "cleaned"


subscribers: list[Callable[[Point], None]] = []
"""What is called at every point; empty outside of tests."""


def passing(point: Point) -> None:
    """Tell whoever subscribed that a run is about to do what the point names."""
    for subscriber in subscribers:
        subscriber(point)
