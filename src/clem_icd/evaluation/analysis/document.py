"""The tables of errors on their own, with what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import FloatArray
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.analysis.groups import error_groups
from clem_icd.evaluation.analysis.hierarchy import HIERARCHICAL, hierarchical_metrics
from clem_icd.evaluation.analysis.note_facts import TokenStarts
from clem_icd.evaluation.analysis.outcomes import Outcomes

__all__ = ["ERRORS_FORMAT", "ERRORS_FORMAT_VERSION", "errors_document"]

ERRORS_FORMAT = "clem-icd/errors"
ERRORS_FORMAT_VERSION = 1


def errors_document(
    corpus: Corpus,
    split: str,
    scores: FloatArray,
    rule: Rule,
    *,
    system: str = "unknown",
    token_starts: TokenStarts | None = None,
    tokenizer: str | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Say where the errors of a system live, so that it can be read without its surroundings.

    Parameters
    ----------
    corpus, split
        The notes that were scored.
    scores
        What the system gave them, in the order of the corpus [notes, labels].
    rule
        What decides.
    system
        The system that gave the scores.
    token_starts
        Finds the tokens of texts; without it, lengths and positions are in words only.
    tokenizer
        Says whose tokens these are.
    warnings
        Sentences that a reader has to know.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the scores do not fit the split.

    """
    decided = rule.decide(scores)
    groups = error_groups(corpus, split, decided, token_starts=token_starts)
    outcomes = Outcomes.of(corpus.targets(split), decided)
    return {
        "format": ERRORS_FORMAT,
        "format_version": ERRORS_FORMAT_VERSION,
        "corpus": {key: corpus.about.get(key) for key in ("name", "source", "synthetic")},
        "split": split,
        "notes": outcomes.notes,
        "labels": outcomes.labels,
        "system": system,
        "rule": rule.as_json(),
        "tokenizer": tokenizer,
        "warnings": list(warnings),
        "metrics": hierarchical_metrics(outcomes, corpus.codes),
        "definitions": {name: asdict(definition) for name, definition in HIERARCHICAL.items()},
        "errors": groups,
    }
