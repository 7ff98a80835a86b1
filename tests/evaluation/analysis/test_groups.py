from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.evaluation.analysis import error_groups


def characters(texts: Iterable[str]) -> Iterator[NDArray[np.int64]]:
    for text in texts:
        yield np.arange(len(text))


def test_every_dimension_is_there_and_holds_counts_only(little_corpus: Corpus) -> None:
    decided = np.roll(little_corpus.targets("test"), 1, axis=1)
    tables = error_groups(little_corpus, "test", decided, token_starts=characters)
    assert [table["dimension"] for table in tables] == [
        *("label_frequency", "chapter", "level", "note_length_words", "first_evidence_words"),
        *("note_length_tokens", "first_evidence_tokens", "codes_per_note", "missed_codes", "wrong_codes"),
    ]
    text = json.dumps(tables, allow_nan=False)
    for note in little_corpus.notes("test"):
        assert f'"{note.note_id}"' not in text
        assert note.text[:20] not in text


def test_a_perfect_system_has_no_errors_anywhere(little_corpus: Corpus) -> None:
    for table in error_groups(little_corpus, "test", little_corpus.targets("test")):
        for group in table["groups"]:
            assert group.get("micro_recall", 1.0) == 1.0
            assert group.get("micro_f1", 1.0) == 1.0
            assert group.get("codes", 0) == 0


def test_decisions_for_other_notes_are_refused(little_corpus: Corpus) -> None:
    with pytest.raises(ScoresError, match="the same notes"):
        error_groups(little_corpus, "test", little_corpus.targets("train"))
