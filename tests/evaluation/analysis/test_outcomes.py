from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clem_icd.decisions import arrays
from clem_icd.errors import ScoresError
from clem_icd.evaluation.analysis import Outcomes


def test_the_pairs_reproduce_targets_and_decisions(draw: Callable[..., Any]) -> None:
    targets, given = draw(0)
    outcomes = Outcomes.of(targets, given)
    again = np.zeros_like(targets), np.zeros_like(given)
    again[0][outcomes.note, outcomes.label] = outcomes.gold
    again[1][outcomes.note, outcomes.label] = outcomes.given
    assert np.array_equal(again[0], targets)
    assert np.array_equal(again[1], given)
    assert (outcomes.gold | outcomes.given).all()
    assert outcomes.codes_per_note().tolist() == targets.sum(axis=1).tolist()


def test_every_pair_is_a_hit_a_miss_or_wrong(draw: Callable[..., Any]) -> None:
    outcomes = Outcomes.of(*draw(1))
    assert (outcomes.hit.astype(int) + outcomes.missed + outcomes.wrong == 1).all()


def test_the_pairs_do_not_depend_on_the_chunk_size(
    draw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, given = draw(2)
    whole = Outcomes.of(targets, given)
    monkeypatch.setattr(arrays, "_CELLS_PER_CHUNK", 2 * targets.shape[1])
    parts = Outcomes.of(targets, given)
    order = np.lexsort((parts.label, parts.note))
    assert order.tolist() == list(range(len(order)))
    for name in ("note", "label", "gold", "given"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))


def test_matrices_of_different_shape_or_wrong_dtype_are_refused() -> None:
    some = np.zeros((2, 3), dtype=np.bool_)
    with pytest.raises(ScoresError, match=r"\(2, 3\) and decisions \(2, 4\)"):
        Outcomes.of(some, np.zeros((2, 4), dtype=np.bool_))
    with pytest.raises(ScoresError, match="float64"):
        Outcomes.of(some, np.zeros((2, 3)))  # type: ignore[arg-type]
