from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.evaluation.analysis import Outcomes, error_groups


def characters(texts: Iterable[str]) -> Iterator[NDArray[np.int64]]:
    for text in texts:
        yield np.arange(len(text))


def test_every_dimension_is_reported_without_note_ids_or_text(little_corpus: Corpus) -> None:
    targets = little_corpus.targets("test")
    outcomes = Outcomes.of(targets, np.roll(targets, 1, axis=1))
    tables = error_groups(little_corpus, "test", outcomes, token_starts=characters)
    assert [table["dimension"] for table in tables] == [
        *("label_frequency", "chapter", "level", "note_length_words", "first_evidence_words"),
        *("note_length_tokens", "first_evidence_tokens", "codes_per_note", "missed_codes", "wrong_codes"),
    ]
    text = json.dumps(tables, allow_nan=False)
    for note in little_corpus.notes("test"):
        assert f'"{note.note_id}"' not in text
        assert note.text[:20] not in text


def test_a_perfect_system_has_no_errors_in_any_table(little_corpus: Corpus) -> None:
    targets = little_corpus.targets("test")
    for table in error_groups(little_corpus, "test", Outcomes.of(targets, targets)):
        for group in table["groups"]:
            assert group.get("micro_recall", 1.0) == 1.0
            assert group.get("micro_f1", 1.0) == 1.0
            assert group.get("codes", 0) == 0


def test_outcomes_of_another_split_are_refused(little_corpus: Corpus) -> None:
    targets = little_corpus.targets("train")
    with pytest.raises(ScoresError, match="from the same split of the same corpus"):
        error_groups(little_corpus, "test", Outcomes.of(targets, targets))
