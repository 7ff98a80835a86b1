"""The thresholds document: policies and scalings, chosen on validation and evaluated on each split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clem_icd.corpus import Corpus, about_for_results
from clem_icd.errors import CorpusError, ScoresError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.headlines import POLICY_METRICS
from clem_icd.evaluation.policy_effects import calibration_effects, policy_effects
from clem_icd.evaluation.split_scores import SplitScores
from clem_icd.progress import Observer, Silent
from clem_icd.scores.opening import AnyScores

__all__ = ["THRESHOLDS_FORMAT", "THRESHOLDS_FORMAT_VERSION", "thresholds_document"]

THRESHOLDS_FORMAT = "clem-icd/thresholds"
THRESHOLDS_FORMAT_VERSION = 1


def thresholds_document(
    corpus: Corpus, scores: Mapping[str, AnyScores], *, observer: Observer | None = None
) -> dict[str, Any]:
    """Return the metrics of every policy and scaling as a JSON object.

    Parameters
    ----------
    corpus
        The corpus that was scored.
    scores
        Scores by split; one is ``validation``.
    observer
        Receives a line if the scores are not probabilities: ``calibration`` is then empty.

    Raises
    ------
    CorpusError
        If the corpus has no validation split.
    ScoresError
        If the scores are not those of their split.

    """
    if "validation" not in corpus.splits:
        raise CorpusError(
            "has no validation split, which is needed to choose thresholds",
            path=corpus.path,
            remedy="Prepare it with a share for validation",
        )
    matched = {split: SplitScores.of(one, corpus, split) for split, one in scores.items()}
    validation = matched["validation"]
    splits = {split: (one.targets, one.values) for split, one in matched.items()}
    document = {
        "format": THRESHOLDS_FORMAT,
        "format_version": THRESHOLDS_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "notes": {split: len(values) for split, (_, values) in splits.items()},
        "labels": validation.label_space["size"],
        "label_space": validation.label_space,
        "titles": {name: DEFINITIONS[name].title for name in POLICY_METRICS},
        "policies": policy_effects(
            splits, validation.train_counts, {split: one.scope for split, one in matched.items()}
        ),
    }
    try:
        return document | {"calibration": calibration_effects(splits)}
    except ScoresError as problem:
        (observer or Silent()).say(f"Calibration is left out. {problem}")
        return document | {"calibration": []}
