"""All metrics of a system on a split, by the names that ``DEFINITIONS`` defines."""

from __future__ import annotations

from collections.abc import Collection

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.scope import LabelScope

__all__ = ["evaluate"]


def evaluate(
    targets: BoolArray,
    scores: FloatArray,
    threshold: float | FloatArray | Rule = 0.5,
    profile: str | Collection[str] = "all",
    *,
    train_counts: IntArray | None = None,
    scope: LabelScope | None = None,
) -> dict[str, float]:
    """Evaluate scores against the codes of the notes.

    A label is predicted if its score is strictly above the threshold, 0/0 is 0, and ties are ranked in label
    order. ``DEFINITIONS`` defines every metric name.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        Probabilities, or any other scores that can be ordered [notes, labels].
    threshold
        A threshold on the scale of the scores, one threshold per label [labels], or a decision rule.
    profile
        What to compute: a name from ``PROFILES``, such as a paper's, or names of metrics.
    train_counts
        Number of training notes of each label [labels]; adds F1 per label-frequency bucket.
    scope
        How labels count that the corpus lacks; by default it has all of them.

    Returns
    -------
        Shares from 0 to 1 by metric name.

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty or contain NaN, or a name is unknown.

    """
    judgement = Judgement.of(
        targets, scores, threshold, profile=profile, train_counts=train_counts, scope=scope
    )
    return {name: float(value[0]) for name, value in judgement.values().items()}
