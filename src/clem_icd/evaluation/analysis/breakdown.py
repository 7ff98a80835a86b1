"""Every breakdown of the errors on a split, as stored in ``metrics.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import IntArray
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
from clem_icd.icd import Code, default_codebook

__all__ = ["error_groups"]


def error_groups(
    corpus: Corpus,
    split: str,
    outcomes: Outcomes,
    *,
    labels: Sequence[Code] | None = None,
    ranks: IntArray | None = None,
    token_starts: TokenStarts | None = None,
) -> list[dict[str, Any]]:
    """Return one error table for each property of labels, notes and codes.

    Parameters
    ----------
    corpus
        The notes and their codes; its training counts give the frequency of each label.
    split
        The evaluated split.
    outcomes
        The targets and decisions of the split, notes in the order of the corpus.
    labels
        The labels of the outcomes [labels]; by default those of the corpus.
    ranks
        The rank of each pair of a note and one of its codes, from 0 [gold pairs]; adds recall at 10 and at 50
        to the groups by training frequency.
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
    codes = corpus.codes if labels is None else labels
    _require_size(outcomes, corpus.size(split), len(codes), split)
    missed = missed_codes(outcomes, codes)
    known = {label.code: label for label in corpus.labels}
    titles = [known[code].title if code in known else _title(code) for code in codes]
    counts = [known[code].counts["train"] if code in known else 0 for code in codes]
    missed["confusions"] = confusion_rows(confusions(outcomes, codes, titles))
    facts = note_facts(corpus, split, labels=codes, token_starts=token_starts)
    return [
        by_label_frequency(outcomes, np.array(counts, dtype=np.int64), ranks),
        *_by_code(outcomes, codes),
        *_by_text(outcomes, facts),
        by_codes_per_note(outcomes),
        missed,
        wrong_codes(outcomes, codes),
    ]


def _title(code: Code) -> str | None:
    return default_codebook().title(code.value, code.system)


def _require_size(outcomes: Outcomes, notes: int, labels: int, split: str) -> None:
    if (outcomes.notes, outcomes.labels) != (notes, labels):
        raise ScoresError(
            f"the outcomes are of {outcomes.notes} notes and {outcomes.labels} labels, "
            f"expected the {notes} notes and {labels} labels of {split}",
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
