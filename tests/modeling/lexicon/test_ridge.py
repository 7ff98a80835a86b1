"""Ridge regression, compared with the textbook formulas on dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clem_icd.modeling.lexicon import ridge as module
from clem_icd.modeling.lexicon.arrays import incidence
from clem_icd.modeling.lexicon.ridge import fit_ridge
from clem_icd.modeling.lexicon.words import Words, read_words

CODES = 9


def random_notes(count: int, seed: int) -> tuple[list[Words], Any, Any]:
    """Notes of random words, their codes (code 8 without any), and four folds."""
    random = np.random.default_rng(seed)
    vocabulary = [f"word{number}x" for number in range(30)]
    notes = [read_words(" ".join(random.choice(vocabulary, 12)), "other") for _ in range(count)]
    gold = incidence([np.flatnonzero(random.random(CODES - 1) < 0.3) for _ in range(count)], CODES)
    return notes, gold, np.arange(count) % 4


def solution(inputs: Any, targets: Any, asked: Any) -> Any:
    """What a ridge fitted on some inputs says of others, in the dual form."""
    bias = targets.mean(axis=0)
    kernel = inputs @ inputs.T + module._PENALTY * np.eye(len(inputs))
    return asked @ inputs.T @ np.linalg.solve(kernel, targets - bias) + bias


@pytest.mark.parametrize("count", [8, 25])
def test_scores_equal_those_of_ridge_regression_on_all_words(count: int) -> None:
    notes, gold, folds = random_notes(count, 1)
    fitted, held_out = fit_ridge(notes, gold, folds, 0)
    assert fitted.learned.tolist() == np.unique(gold.indices).tolist()
    assert fitted.projection.shape[1] <= count < len(fitted.numbers)
    inputs = module._tfidf(notes, fitted.numbers, fitted.idf).toarray().astype(np.float64)
    targets = gold.toarray()[:, fitted.learned].astype(np.float64)
    for fold in range(4):
        own, others = folds == fold, folds != fold
        expected = solution(inputs[others], targets[others], inputs[own])
        assert held_out[own] == pytest.approx(expected, abs=2e-5)
    new, _, _ = random_notes(5, 2)
    for words in new:
        row = module._tfidf([words], fitted.numbers, fitted.idf).toarray().astype(np.float64)
        assert fitted.scores(words) == pytest.approx(solution(inputs, targets, row)[0], abs=2e-5)


def test_the_most_important_directions_stand_for_many_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DIMENSIONS", 10)
    notes, gold, folds = random_notes(40, 1)
    fitted, held_out = fit_ridge(notes, gold, folds, 0)
    directions = fitted.projection
    assert directions.shape[1] == 10
    assert directions.T @ directions == pytest.approx(np.eye(10), abs=1e-4)
    inputs = module._tfidf(notes, fitted.numbers, fitted.idf) @ directions
    targets = gold.toarray()[:, fitted.learned]
    others = folds != 2
    expected = solution(inputs[others], targets[others], inputs[~others])
    assert held_out[~others] == pytest.approx(expected, abs=1e-4)
    again, _ = fit_ridge(notes, gold, folds, 0)
    assert again.projection.tobytes() == fitted.projection.tobytes()


def test_a_code_that_only_the_fold_itself_has_scores_0() -> None:
    notes, gold, folds = random_notes(12, 1)
    gold = gold.tolil()
    gold[:, 8] = (folds == 1)[:, None]
    fitted, held_out = fit_ridge(notes, gold.tocsr(), folds, 0)
    column = int(np.searchsorted(fitted.learned, 8))
    assert (held_out[folds == 1, column] == 0).all()
    assert (held_out[folds != 1, column] != 0).all()


def test_the_frequent_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEATURES", 2)
    notes = [read_words(text, "other") for text in ("aa bb cc", "aa. bb. dd", "aa. bb. dd", "aa")]
    gold = incidence([np.array([0]), np.array([1]), np.array([0]), np.array([1])], 2)
    fitted, _ = fit_ridge(notes, gold, np.arange(4), 0)
    assert fitted.numbers.tolist() == sorted(notes[0].stems[:2].tolist())


def test_notes_without_words_are_scored_by_how_frequent_codes_are() -> None:
    notes = [read_words("", "other") for _ in range(4)]
    gold = incidence([np.array([0]), np.array([0, 1]), np.array([0]), np.array([], dtype=np.int64)], 2)
    fitted, held_out = fit_ridge(notes, gold, np.arange(4), 0)
    assert fitted.scores(notes[0]).tolist() == [0.75, 0.25]
    assert held_out == pytest.approx(np.array([[2 / 3, 1 / 3], [2 / 3, 0], [2 / 3, 1 / 3], [1, 1 / 3]]))
