"""The error tables as a separate document, with a description of what was analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from clem_icd.corpus import Corpus, about_for_results
from clem_icd.decisions.arrays import FloatArray
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.analysis.breakdown import error_groups
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
    """Break a system's errors down by label, note and code, in a document that can be read on its own.

    Parameters
    ----------
    corpus, split
        The scored notes.
    scores
        The system's scores, in the order of the corpus [notes, labels].
    rule
        The rule that assigns codes.
    system
        The system that produced the scores.
    token_starts
        Finds the tokens of texts; without it, lengths and positions are in words only.
    tokenizer
        The name of the tokenizer behind ``token_starts``.
    warnings
        Sentences that a reader has to know.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the scores do not match the split.

    """
    outcomes = Outcomes.of(corpus.targets(split), rule.decide(scores))
    return {
        "format": ERRORS_FORMAT,
        "format_version": ERRORS_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "notes": outcomes.notes,
        "labels": outcomes.labels,
        "system": system,
        "rule": rule.as_json(),
        "tokenizer": tokenizer,
        "warnings": list(warnings),
        "metrics": hierarchical_metrics(outcomes, corpus.codes),
        "definitions": {name: asdict(definition) for name, definition in HIERARCHICAL.items()},
        "errors": error_groups(corpus, split, outcomes, token_starts=token_starts),
    }
