"""Every breakdown of the errors on a split, as stored in ``metrics.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
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
    corpus: Corpus, split: str, outcomes: Outcomes, *, token_starts: TokenStarts | None = None
) -> list[dict[str, Any]]:
    """Return one error table for each property of labels, notes and codes.

    Parameters
    ----------
    corpus
        The notes and their codes; its training counts give the frequency of each label.
    split
        The evaluated split.
    outcomes
        The targets and decisions of the split, notes and labels in the order of the corpus.
    token_starts
        Finds the tokens of texts; without it, lengths and positions are in words only.

    Returns
    -------
    list of dict
        For each dimension ``dimension``, ``title``, ``unit`` and ``groups``, whose keys are listed in
        docs/reference/error-analysis.md. ``missed_codes`` also has ``confusions``.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the outcomes are not of this split's size.

    """
    _require_size(outcomes, corpus, split)
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


def _require_size(outcomes: Outcomes, corpus: Corpus, split: str) -> None:
    expected = corpus.size(split), len(corpus.labels)
    if (outcomes.notes, outcomes.labels) != expected:
        raise ScoresError(
            f"the outcomes are of {outcomes.notes} notes and {outcomes.labels} labels, "
            f"expected the {expected[0]} notes and {expected[1]} labels of {split}",
            remedy="Take targets and decisions from the same split of the same corpus",
        )


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
