"""All tables of errors of a split, as ``metrics.json`` holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import BoolArray
from clem_icd.evaluation.analysis.dimensions import (
    by_chapter,
    by_code_system,
    by_codes_per_note,
    by_first_evidence,
    by_label_frequency,
    by_note_length,
)
from clem_icd.evaluation.analysis.hierarchy import by_level
from clem_icd.evaluation.analysis.note_facts import NoteFacts, TokenStarts, note_facts
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.analysis.siblings import confusion_rows, confusions, missed_codes, wrong_codes
from clem_icd.icd import Code

__all__ = ["error_groups"]


def error_groups(
    corpus: Corpus, split: str, decided: BoolArray, *, token_starts: TokenStarts | None = None
) -> list[dict[str, Any]]:
    """Return where the errors of a system live: a table for every property of labels, notes and codes.

    Parameters
    ----------
    corpus
        The notes and their codes; its training counts say how often a label was seen.
    split
        The split that was decided on.
    decided
        Which labels the system gave, notes and labels in the order of the corpus [notes, labels].
    token_starts
        Finds the tokens of texts; without it, lengths and positions are in words only.

    Returns
    -------
    list of dict
        For each dimension ``dimension``, ``title``, ``unit`` and ``groups``;
        ``docs/reference/error-analysis.md`` has the keys of a group. ``missed_codes`` has ``confusions``
        beside its groups.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If ``decided`` does not fit the split.

    """
    outcomes = Outcomes.of(corpus.targets(split), decided)
    missed = missed_codes(outcomes, corpus.codes)
    titles = [label.title for label in corpus.labels]
    missed["confusions"] = confusion_rows(confusions(outcomes, corpus.codes, titles))
    facts = note_facts(corpus, split, token_starts=token_starts)
    return [
        by_label_frequency(outcomes, corpus.train_counts()),
        *_by_code(outcomes, corpus.codes),
        *_by_text(outcomes, facts),
        by_codes_per_note(outcomes),
        missed,
        wrong_codes(outcomes, corpus.codes),
    ]


def _by_code(outcomes: Outcomes, codes: Sequence[Code]) -> Iterator[dict[str, Any]]:
    yield by_chapter(outcomes, codes)
    if len({code.system for code in codes}) > 1:
        yield by_code_system(outcomes, codes)
    yield by_level(outcomes, codes)


def _by_text(outcomes: Outcomes, facts: NoteFacts) -> Iterator[dict[str, Any]]:
    for measured in facts.measured:
        yield by_note_length(outcomes, measured.lengths, measured.unit)
        if len(facts.note):
            yield by_first_evidence(outcomes, facts.note, facts.label, measured.positions, measured.unit)
