from __future__ import annotations

import numpy as np

from clem_icd.modeling import LinearSystem

TEXTS = ["K 6.1 today", "K 4.0 today", "K 6.1 again", "K 4.1 again"] * 5
HYPERKALEMIA = np.array([row for row in range(20) if row % 4 in (0, 2)])


def fitted() -> LinearSystem:
    return LinearSystem.fit(
        TEXTS,
        [HYPERKALEMIA, np.array([], dtype=np.int64), np.arange(20)],
        ngrams=(1, 2),
        features=100,
        min_notes=1,
        inverse_regularization=100.0,
    )


def test_lab_values_are_features() -> None:
    first, second = (score.probabilities[0] for score in fitted().score(["K 6.1", "K 4.0"]))
    assert first > 0.9
    assert second < 0.1


def test_labels_of_no_note_and_of_every_note_get_low_and_high_probabilities() -> None:
    (score,) = fitted().score(["anything"])
    assert score.probabilities[1] < 0.05
    assert score.probabilities[2] > 0.95


def test_a_note_without_known_words_gets_scores() -> None:
    (score,) = fitted().score(["zzz"])
    assert np.isfinite(score.probabilities).all()
    assert score.tokens is None
