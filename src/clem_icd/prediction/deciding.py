"""What scores are judged by: the rule of a model, or a threshold that was given."""

from __future__ import annotations

from pathlib import Path

from clem_icd.decisions import Rule, Threshold, check_threshold
from clem_icd.errors import ScoresError
from clem_icd.modeling import ModelInfo
from clem_icd.scores.file import Scores, require_same_labels


def rule_for(scores: Scores, *, model: Path | None, given: float | None) -> Rule:
    """Return the rule of a model that fits the scores, or that of the threshold that was given.

    Raises
    ------
    ScoresError
        If not exactly one of the two is there, or the model has another label space than the scores.
    ModelError
        If there is no model at ``model``.
    InputError
        If the threshold is not finite.

    """
    if model is None and given is not None:
        return Threshold(check_threshold(given))
    if model is None or given is not None:
        raise ScoresError(
            "the threshold is not clear",
            remedy="Pass either --model, whose own is used, or --threshold",
        )
    info = ModelInfo.read(model)
    require_same_labels(scores.labels, info.labels, "the scores", f"the model {model}")
    return info.rule
