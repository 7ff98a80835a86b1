"""The decision rule for scores: a model's own, or a threshold."""

from __future__ import annotations

from pathlib import Path

from clem_icd.decisions import Rule, Threshold, check_threshold
from clem_icd.errors import ScoresError
from clem_icd.modeling import ModelInfo
from clem_icd.scores import (
    AnyScores,
    RankedScores,
    RankedSpace,
    require_same_labels,
    require_same_space,
)


def rule_for(scores: AnyScores, *, model: Path | None, given: float | None) -> Rule:
    """Return the decision rule of a model, or of a threshold.

    Parameters
    ----------
    scores
        The scores to decide on.
    model
        A model folder with the same label space as the scores. Ranked scores may have been restricted to the
        labels of a corpus.
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
    origin = _ranked_space(scores)
    if origin is None:
        require_same_labels(scores.labels, info.labels, "the scores", f"the model {model}")
    else:
        own = RankedSpace(str(info.label_space), len(info.labels), origin.top)
        require_same_space(origin, own, "the scores", f"the model {model}")
    return info.rule


def _ranked_space(scores: AnyScores) -> RankedSpace | None:
    """Return what the system ranked, even if the scores were then restricted to the labels of a corpus."""
    if isinstance(scores, RankedScores):
        return scores.space
    origin = scores.about.get("restricted_from")
    if not isinstance(origin, dict) or origin.keys() != {"name", "size", "top"}:
        return None
    return RankedSpace(**origin)
