"""All metrics of a system on a split, by name; `definitions` says what each name means."""

from __future__ import annotations

from collections.abc import Collection

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.judgement import Judgement

__all__ = ["evaluate"]


def evaluate(
    targets: BoolArray,
    scores: FloatArray,
    threshold: float | FloatArray | Rule = 0.5,
    profile: str | Collection[str] = "all",
    *,
    train_counts: IntArray | None = None,
) -> dict[str, float]:
    """Evaluate scores against the codes of the notes.

    A label is predicted where its score is strictly above the threshold, 0/0 is 0, and equal scores
    are ranked in the order of the labels. ``DEFINITIONS`` holds the definition of every name.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them, probabilities or anything else that can be ordered [notes, labels].
    threshold
        On the scale of the scores; one for each label [labels], or a rule that decides.
    profile
        What to compute: the name of one of ``PROFILES``, such as a paper's, or names of metrics.
    train_counts
        Training notes of each label [labels]; adds F1 per label-frequency bucket.

    Returns
    -------
        Shares from 0 to 1 by metric name.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN, or a name is not known.

    """
    judgement = Judgement.of(targets, scores, threshold, profile=profile, train_counts=train_counts)
    return {name: float(value[0]) for name, value in judgement.values().items()}
