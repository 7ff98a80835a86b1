"""What pairs of phrases and titles teach."""

from __future__ import annotations

import numpy as np
import pytest

from clem_icd.modeling.lexicon.arrays import Numbers
from clem_icd.modeling.lexicon.translation import Pair, Translation, learn_translation

# Spanish and English, as numbers.
FIEBRE, DOLOR, AGUDO, FEVER, PAIN, ACUTE = 1, 2, 3, 11, 12, 13


def stems(*numbers: int) -> Numbers:
    return np.array(numbers, dtype=np.uint64)


def table(found: Translation, *words: int) -> dict[tuple[int, int], float]:
    rows, targets, values = found.of(stems(*words))
    return {
        (words[row], int(target)): value
        for row, target, value in zip(rows.tolist(), targets, values.tolist(), strict=True)
    }


PAIRS: list[Pair] = [
    (stems(FIEBRE), stems(FEVER), 1.0),
    (stems(DOLOR, AGUDO), stems(ACUTE, PAIN), 1.0),
    (stems(DOLOR), stems(PAIN), 1.0),
    (stems(FIEBRE, AGUDO), stems(ACUTE, FEVER), 1.0),
]


def test_an_obvious_dictionary_is_learned() -> None:
    found = learn_translation(PAIRS)
    assert found is not None
    likely = {pair for pair, value in table(found, FIEBRE, DOLOR, AGUDO).items() if value > 0.9}
    assert likely == {(FIEBRE, FEVER), (DOLOR, PAIN), (AGUDO, ACUTE)}


def test_pairs_count_by_their_weight() -> None:
    pairs: list[Pair] = [(stems(FIEBRE), stems(FEVER), 9.0), (stems(FIEBRE), stems(PAIN), 1.0)]
    found = learn_translation(pairs)
    assert found is not None
    fever, pain = found.probabilities
    assert fever == pytest.approx(0.9)
    assert pain == pytest.approx(0.1)
    assert table(found, FIEBRE) == {(FIEBRE, FEVER): 1.0, (FIEBRE, PAIN): pytest.approx(0.2)}


def test_unknown_words_and_no_words_have_no_translation() -> None:
    found = learn_translation(PAIRS)
    assert found is not None
    assert table(found, 99) == table(found) == {}


@pytest.mark.parametrize("pairs", [[], [(stems(), stems(), 1.0)], [(stems(DOLOR), stems(), 1.0)]])
def test_without_words_to_learn_there_is_nothing(pairs: list[Pair]) -> None:
    assert learn_translation(pairs) is None


def test_a_pair_without_words_of_a_title_changes_nothing() -> None:
    with_it, without = learn_translation([*PAIRS, (stems(DOLOR), stems(), 1.0)]), learn_translation(PAIRS)
    assert with_it is not None
    assert without is not None
    assert np.allclose(with_it.probabilities, without.probabilities)
