"""The decision rule for scores: a model's own, or a threshold."""

from __future__ import annotations

from pathlib import Path

from clem_icd.decisions import Rule, Threshold, check_threshold
from clem_icd.errors import ScoresError
from clem_icd.modeling import ModelInfo
from clem_icd.scores.file import Scores, require_same_labels


def rule_for(scores: Scores, *, model: Path | None, given: float | None) -> Rule:
    """Return the decision rule of a model, or of a threshold.

    Parameters
    ----------
    scores
        The scores to decide on.
    model
        A model folder with the same label space as the scores.
    given
        A threshold for all labels.

    Raises
    ------
    ScoresError
        If both or neither of ``model`` and ``given`` are passed, or the label spaces differ.
    ModelError
        If there is no model at ``model``.
    InputError
        If the threshold is not finite.

    """
    if model is None and given is not None:
        return Threshold(check_threshold(given))
    if model is None or given is not None:
        raise ScoresError(
            f"expected either --model or --threshold, got {'both' if model else 'neither'}",
            remedy="Pass --model to use the model's own rule, or --threshold to use another",
        )
    info = ModelInfo.read(model)
    require_same_labels(scores.labels, info.labels, "the scores", f"the model {model}")
    return info.rule
