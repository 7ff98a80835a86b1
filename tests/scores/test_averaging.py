from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clem_icd.errors import InputError, ScoresError
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores import Scores, average

LABELS = (Code("I10", CodeSystem.ICD10CM), Code("J18.9", CodeSystem.ICD10CM))


def scores(values: list[list[float]], ids: tuple[str, ...] = ("a", "b"), **about: Any) -> Scores:
    return Scores(ids, LABELS, np.array(values, dtype=np.float32), {"system": "linear", **about})


def test_the_mean_is_weighted_and_notes_are_matched_by_id() -> None:
    one = scores([[0.0, 1.0], [0.5, 0.5]])
    other = scores([[0.1, 0.2], [1.0, 0.0]], ids=("b", "a"), system="lexicon")
    both = average([one, other], [1, 3])
    assert both.note_ids == ("a", "b")
    np.testing.assert_allclose(both.values, [[0.75, 0.25], [0.2, 0.275]], atol=1e-6)
    assert both.about["system"] == "0.25 linear + 0.75 lexicon"


def test_warnings_of_all_parts_are_kept_once() -> None:
    one = scores([[0, 1], [1, 0]], warnings=["seen before"])
    both = average([one, one, scores([[0, 1], [1, 0]], warnings=["other"])], [1, 1, 1])
    assert both.warnings == ("seen before", "other")


def test_other_notes_labels_splits_and_corpora_are_refused() -> None:
    one = scores([[0, 1], [1, 0]], split="test", corpus_fingerprint="x")
    for other, found in (
        (replace(one, note_ids=("a", "c")), "2 notes have scores of one system only"),
        (replace(one, labels=LABELS[::-1]), "in another order"),
        (replace(one, about={"split": "validation"}), "different splits"),
        (replace(one, about={"corpus_fingerprint": "y"}), "different corpora"),
    ):
        with pytest.raises(ScoresError, match=found):
            average([one, other], [1, 1])


@pytest.mark.parametrize(
    "weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("nan")], [1.0, float("inf")]]
)
def test_weights_that_make_no_mean_are_refused(weights: list[float]) -> None:
    one = scores([[0, 1], [1, 0]])
    with pytest.raises(InputError):
        average([one, one], weights)
