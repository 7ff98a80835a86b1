"""The error tables as a separate document, with a description of what was analysed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clem_icd.corpus import about_for_results
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.analysis.breakdown import error_groups
from clem_icd.evaluation.analysis.hierarchy import HIERARCHICAL, hierarchical_metrics
from clem_icd.evaluation.analysis.note_facts import TokenStarts
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.ranking import rank_positives
from clem_icd.evaluation.split_scores import SplitScores

__all__ = ["ERRORS_FORMAT", "ERRORS_FORMAT_VERSION", "errors_document"]

ERRORS_FORMAT = "clem-icd/errors"
ERRORS_FORMAT_VERSION = 1


def errors_document(
    one: SplitScores,
    rule: Rule,
    *,
    token_starts: TokenStarts | None = None,
    tokenizer: str | None = None,
) -> dict[str, Any]:
    """Break a system's errors down by label, note and code, in a document that can be read on its own.

    Parameters
    ----------
    one
        The system's scores, with the codes of the notes.
    rule
        The rule that assigns codes.
    token_starts
        Finds the tokens of texts; without it, lengths and positions are in words only.
    tokenizer
        The name of the tokenizer behind ``token_starts``.

    Raises
    ------
    ScoresError
        If the rule does not fit the scores.

    """
    corpus, split = one.corpus, one.split
    outcomes = Outcomes.of(one.targets, one.decided(rule))
    ranks = rank_positives(one.targets, one.values, listed_only=one.space is not None)
    return {
        "format": ERRORS_FORMAT,
        "format_version": ERRORS_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "notes": outcomes.notes,
        "labels": one.label_space["size"],
        "label_space": one.label_space,
        "system": one.system,
        "rule": rule.as_json(),
        "tokenizer": tokenizer,
        "warnings": list(one.warnings),
        "metrics": hierarchical_metrics(outcomes, one.labels),
        "definitions": {name: asdict(definition) for name, definition in HIERARCHICAL.items()},
        "errors": error_groups(
            corpus, split, outcomes, labels=one.labels, ranks=ranks.rank, token_starts=token_starts
        ),
    }
