from __future__ import annotations

import numpy as np
import pytest

from clem_icd.modeling import TokenizedNotes, WholeReading
from clem_icd.modeling.readings import ReadNote


def notes(*lengths: int) -> list[ReadNote]:
    return [ReadNote(np.arange(1, length + 1, dtype=np.int32), length) for length in lengths]


def test_notes_are_returned_unchanged() -> None:
    dataset = TokenizedNotes(notes(3, 1, 2), [np.array([0]), np.array([], dtype=np.int64), np.array([1, 2])])
    assert [dataset[row]["input_ids"].tolist() for row in range(3)] == [[1, 2, 3], [1], [1, 2]]
    assert dataset.lengths.tolist() == [3, 1, 2]


def test_a_batch_is_padded_on_the_right_and_masked() -> None:
    dataset = TokenizedNotes(notes(3, 1), [np.array([0, 3]), np.array([], dtype=np.int64)])
    batch = WholeReading().collator(9, labels=4)([dataset[0], dataset[1]])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [1, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[1, 0, 0, 1], [0, 0, 0, 0]]


def test_codes_for_a_different_number_of_notes_are_refused() -> None:
    with pytest.raises(ValueError, match="got codes for 1 notes, expected 2"):
        TokenizedNotes(notes(3, 1), [np.array([0])])
