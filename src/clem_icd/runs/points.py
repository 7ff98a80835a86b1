"""Named moments in a run, at which a test may end the process.

Training and pretraining pass these points; nothing happens there unless something subscribed. A test that
kills a process at a point shows that resuming from it loses nothing, whichever function runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """The moments, each named after what comes next."""

    TRAINING_START = "training-start"
    TRAINING_STEP = "training-step"
    EVALUATION_STEP = "evaluation-step"
    OPTIMIZER_SAVING = "optimizer-saving"
    CHECKPOINT_MARKING = "checkpoint-marking"
    CHECKPOINT_ROTATION = "checkpoint-rotation"
    SCORES_WRITING = "scores-writing"
    MODEL_WRITING = "model-writing"
    EVIDENCE_WRITING = "evidence-writing"
    REPORT_WRITING = "report-writing"
    SEEDS_SUMMARY = "seeds-summary"
    TOKENS_CHECK = "tokens-check"
    ENCODER_WRITING = "encoder-writing"
    CARD_WRITING = "card-writing"
    RUN_END = "run-end"
    RUN_CLEANING = "run-cleaning"
    REPRODUCTION_STEP = "reproduction-step"


subscribers: list[Callable[[Point], None]] = []
"""Called at every point; empty outside of tests."""


def passing(point: Point) -> None:
    """Call all subscribers: the run is about to do what the point names."""
    for subscriber in subscribers:
        subscriber(point)
