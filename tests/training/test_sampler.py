from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.training.sampler import LengthGroupedSampler


def order(lengths: list[int], batch_size: int, epoch: int = 0, seed: int = 0) -> list[int]:
    sampler = LengthGroupedSampler(np.array(lengths), batch_size, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 8192), max_size=300), st.integers(1, 17), st.integers(0, 3))
def test_every_note_is_read_once_per_epoch(lengths: list[int], batch_size: int, epoch: int) -> None:
    assert sorted(order(lengths, batch_size, epoch)) == list(range(len(lengths)))


def test_the_order_depends_only_on_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 400).tolist()
    np.random.default_rng(1).random(3)
    assert order(lengths, 8, 2) == order(lengths, 8, 2)
    assert order(lengths, 8, 2) != order(lengths, 8, 3)
    assert order(lengths, 8, 2) != order(lengths, 8, 2, seed=1)


def test_batches_need_little_padding() -> None:
    lengths = np.random.default_rng(0).lognormal(5, 0.6, 4000).astype(int) + 1
    rows = np.array(order(lengths.tolist(), 16))
    padded = sum(lengths[rows[at : at + 16]].max() * 16 for at in range(0, 4000, 16))
    random = sum(lengths[at : at + 16].max() * 16 for at in range(0, 4000, 16))
    assert padded < 1.1 * lengths.sum() < 0.7 * random
