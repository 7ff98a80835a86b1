from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation import note_weights
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.note_weights import bootstrap_weights, jackknife_weights, units_of


def units(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


@pytest.fixture
def judgement() -> Judgement:
    """Judge five notes; the second has no code and is excluded."""
    targets = np.array([[1], [0], [1], [1], [1]], dtype=bool)
    return Judgement.of(targets, np.full((5, 1), 0.5), profile="edin2024")


def test_units_of_counted_notes_are_numbered_consecutively(judgement: Judgement) -> None:
    assert units_of(judgement, None).tolist() == [0, 1, 2, 3]
    assert units_of(judgement, ["b", "x", "a", "b", "c"]).tolist() == [0, 1, 0, 2]


def test_a_note_without_a_known_subject_is_its_own_unit(judgement: Judgement) -> None:
    assert units_of(judgement, [None, "a", None, 7, 7]).tolist() == [0, 1, 2, 2]


def test_a_wrong_number_of_groups_is_refused(judgement: Judgement) -> None:
    with pytest.raises(ScoresError, match="found 4 groups for 5 notes, expected one per note"):
        units_of(judgement, ["a"] * 4)


@given(notes=st.integers(1, 40), resamples=st.integers(2, 30), seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_a_resample_has_as_many_notes_as_there_are(notes: int, resamples: int, seed: int) -> None:
    weights = np.concatenate(list(bootstrap_weights(np.arange(notes), resamples, seed)))
    assert weights.shape == (resamples, notes)
    assert (weights >= 0).all()
    assert (weights == weights.round()).all()
    assert (weights.sum(axis=1) == notes).all()


def test_all_notes_are_drawn_equally_often() -> None:
    weights = np.concatenate(list(bootstrap_weights(np.arange(8), 20_000, 0)))
    assert weights.mean(axis=0) == pytest.approx(np.ones(8), abs=0.03)
    # Multinomial: variance 1 - 1/n and covariance -1/n.
    assert np.cov(weights.T) == pytest.approx(np.eye(8) - 1 / 8, abs=0.05)


def test_all_notes_of_a_subject_are_drawn_together() -> None:
    weights = np.concatenate(list(bootstrap_weights(units(0, 1, 0, 2, 1), 50, 3)))
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_resamples_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(bootstrap_weights(np.arange(30), 101, 5)))
    monkeypatch.setattr(note_weights, "_CELLS_PER_BLOCK", 200)
    blocks = list(bootstrap_weights(np.arange(30), 101, 5))
    assert [len(block) for block in blocks] == [6] * 16 + [5]
    assert (np.concatenate(blocks) == whole).all()


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (7, 7), (200, 200), (950, 200)])
def test_the_jackknife_leaves_every_unit_out_once(count: int, parts: int) -> None:
    weights = jackknife_weights(np.repeat(np.arange(count), 2), 0)
    left_out = 1 - weights
    assert weights.shape == (parts, 2 * count)
    assert (left_out.sum(axis=0) == 1).all()
    assert (left_out[:, ::2] == left_out[:, 1::2]).all()
    assert np.ptp(left_out.sum(axis=1)) <= 2
