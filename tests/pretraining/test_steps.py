from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from clem_icd.pretraining.coded_texts import CodedTexts
from clem_icd.pretraining.recipe import CodesFields, PretrainingTraining
from clem_icd.pretraining.steps import IGNORED, HeldOut, Masking, Steps, phases_of
from clem_icd.pretraining.tokens import TokenFile
from pretraining_support import special_ids, token_file

TRAINING = PretrainingTraining(tokens=60_000, batch_tokens=400, lengths=(32, 100), shares=(0.6, 0.4))


class Watched(TokenFile):
    """A token file that records which ranges are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read: list[tuple[int, int]] = []

    def piece(self, begin: int, end: int) -> npt.NDArray[np.int64]:
        self.read.append((begin, end))
        return super().piece(begin, end)


@pytest.fixture
def watched(tmp_path: Path, texts: list[str], tokenizer: PreTrainedTokenizerBase) -> Watched:
    return Watched.write(tmp_path / "texts.bin", tokenizer, texts)


@pytest.fixture(scope="session")
def masking(tokenizer: PreTrainedTokenizerBase) -> Masking:
    return Masking(tokenizer, 0.3)


def flat(batch: Any) -> list[Any]:
    """Return everything in a batch as plain numbers."""
    if isinstance(batch, dict):
        return [(key, flat(value)) for key, value in batch.items()]
    if isinstance(batch, list):
        return [flat(value) for value in batch]
    return batch.tolist() if isinstance(batch, torch.Tensor) else batch


def test_a_step_is_independent_of_earlier_reads(
    tokens: TokenFile, tokenizer: PreTrainedTokenizerBase, masking: Masking
) -> None:
    def new() -> Steps:
        coded = CodedTexts(tokenizer, CodesFields(names=3, inserted=2), tokens, None)
        return Steps(tokens, TRAINING, masking, 5, coded)

    steps = new()
    expected = {number: flat(steps[number]) for number in range(len(steps))}
    assert all("coded" in dict(batch) for batch in expected.values())
    # Backwards, then each step from a new object, as a resumed run does.
    assert {number: flat(steps[number]) for number in reversed(range(len(steps)))} == expected
    for number in (0, 17, len(steps) // 2, len(steps) - 1):
        assert flat(new()[number]) == expected[number]


def test_another_seed_gives_another_batch(tokens: TokenFile, masking: Masking) -> None:
    one, other = (Steps(tokens, TRAINING, masking, seed)[3]["ids"] for seed in (0, 1))
    assert not torch.equal(one, other)


def test_rows_have_the_length_of_their_phase_and_no_padding(
    watched: Watched, tokenizer: PreTrainedTokenizerBase, masking: Masking
) -> None:
    steps = Steps(watched, TRAINING, masking, 0)
    for number in range(len(steps)):
        length = 32 if number < steps.phases[1].first else 100
        batch = steps[number]
        shapes = {batch[name].shape for name in ("ids", "sequences", "labels")}
        assert shapes == {(400 // length, length)}
        assert not (batch["ids"] == tokenizer.pad_token_id).any()
        assert (batch["sequences"].diff(dim=1) >= 0).all()
    assert watched.read
    assert {end - begin for begin, end in watched.read} == {32, 100}


def test_a_pass_reads_almost_every_token_and_none_twice(watched: Watched, masking: Masking) -> None:
    training = PretrainingTraining(tokens=40_000, batch_tokens=320, lengths=(32,), shares=(1.0,))
    steps = Steps(watched, training, masking, 0)
    for number in range(len(steps)):
        steps[number]
    rows_per_pass = watched.size // 32 - 1
    passes = [
        watched.read[begin : begin + rows_per_pass] for begin in range(0, len(watched.read), rows_per_pass)
    ]
    assert len(passes) > 3
    orders, cuts = [], []
    for rows in passes:
        assert all(0 <= begin < end <= watched.size for begin, end in rows)
        places = [place for begin, end in rows for place in range(begin, end)]
        assert len(set(places)) == len(places)
        cut = rows[0][0] % 32
        assert {begin % 32 for begin, _ in rows} == {cut}
        cuts.append(cut)
        orders.append([begin // 32 for begin, _ in rows])
    for rows in passes[:-1]:
        assert sum(end - begin for begin, end in rows) >= watched.size - 2 * 32
    assert all(order != sorted(order) for order in orders)
    assert len({tuple(order[:20]) for order in orders}) == len(orders)
    assert len(set(cuts)) > 1


def test_sequences_identify_the_text_of_every_token(watched: Watched, masking: Masking) -> None:
    steps = Steps(watched, TRAINING, masking, 0)
    batch = steps[2]
    for row, (begin, end) in zip(batch["sequences"], watched.read, strict=True):
        assert row.tolist() == watched.sequences(begin, end).tolist()


def masked(
    watched: Watched, steps: Steps
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the original ids, the input ids and the labels of all steps."""
    inputs, labels = [], []
    for number in range(len(steps)):
        batch = steps[number]
        inputs.append(batch["ids"].numpy().ravel())
        labels.append(batch["labels"].numpy().ravel())
    original = np.concatenate([TokenFile.piece(watched, begin, end) for begin, end in list(watched.read)])
    return original, np.concatenate(inputs), np.concatenate(labels)


def test_tokens_are_masked_in_the_shares_of_bert(
    watched: Watched, tokenizer: PreTrainedTokenizerBase, masking: Masking
) -> None:
    original, inputs, labels = masked(watched, Steps(watched, TRAINING, masking, 0))
    special = np.isin(original, list(special_ids(tokenizer)))
    chosen = labels != IGNORED
    assert special.any()
    assert not (chosen & special).any()
    assert 0.29 < chosen[~special].mean() < 0.31
    np.testing.assert_array_equal(labels[chosen], original[chosen])
    np.testing.assert_array_equal(inputs[~chosen], original[~chosen])
    as_mask = inputs[chosen] == tokenizer.mask_token_id
    unchanged = inputs[chosen] == original[chosen]
    others = inputs[chosen][~as_mask & ~unchanged]
    assert 0.78 < as_mask.mean() < 0.82
    assert 0.09 < unchanged.mean() < 0.115
    assert len(set(others.tolist())) > 0.9 * (len(tokenizer) - len(special_ids(tokenizer)))
    assert not set(others.tolist()) & special_ids(tokenizer)


@pytest.mark.parametrize("share", [0.05, 0.6])
def test_the_masked_share_is_that_of_the_recipe(
    watched: Watched, tokenizer: PreTrainedTokenizerBase, share: float
) -> None:
    original, _, labels = masked(watched, Steps(watched, TRAINING, Masking(tokenizer, share), 0))
    special = np.isin(original, list(special_ids(tokenizer)))
    assert abs((labels != IGNORED)[~special].mean() - share) < 0.02


def test_every_step_has_different_masks(tokens: TokenFile, masking: Masking) -> None:
    steps = Steps(tokens, TRAINING, masking, 0)
    masks = {
        tuple((steps[number]["labels"] != IGNORED).flatten().tolist())
        for number in range(steps.phases[0].steps)
    }
    assert len(masks) == steps.phases[0].steps


def no_masks(
    ids: npt.NDArray[np.int64], _: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return ids, np.full_like(ids, IGNORED)


@pytest.mark.parametrize("size", range(64, 129))
def test_rows_stay_within_the_texts(size: int, tmp_path: Path) -> None:
    tokens = token_file(tmp_path / "texts.bin", [list(range(size))])
    training = PretrainingTraining(tokens=20 * size, batch_tokens=32, lengths=(32,), shares=(1.0,))
    masking: Any = no_masks
    steps = Steps(tokens, training, masking, 0)
    for number in range(len(steps)):
        [row] = steps[number]["ids"].tolist()
        assert row == list(range(row[0], row[0] + 32))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 10**7),
    st.integers(512, 4096),
    st.sampled_from([((64,), (1.0,)), ((32, 512), (0.9, 0.1)), ((16, 17, 500), (0.2, 0.3, 0.5))]),
)
def test_phases_read_the_tokens_of_the_recipe(
    tokens: int, batch_tokens: int, phases: tuple[tuple[int, ...], tuple[float, ...]]
) -> None:
    lengths, shares = phases
    training = PretrainingTraining(tokens=tokens, batch_tokens=batch_tokens, lengths=lengths, shares=shares)
    found = phases_of(training)
    assert [phase.length for phase in found] == list(lengths)
    first = 0
    for phase, share in zip(found, shares, strict=True):
        assert phase.first == first
        first += phase.steps
        in_batch = phase.rows * phase.length
        assert batch_tokens - phase.length < in_batch <= batch_tokens
        assert phase.steps >= 1
        assert abs(phase.steps * in_batch - tokens * share) <= in_batch


def test_passes_are_tokens_read_divided_by_tokens_available(watched: Watched, masking: Masking) -> None:
    steps = Steps(watched, TRAINING, masking, 0)
    for number in range(len(steps)):
        steps[number]
    read = sum(end - begin for begin, end in watched.read)
    assert steps.passes() == pytest.approx(read / watched.size)


def test_held_out_batches_are_fixed_and_spread_over_the_texts(
    tokens: TokenFile, tokenizer: PreTrainedTokenizerBase, masking: Masking
) -> None:
    def new(max_batches: int = 32) -> HeldOut:
        return HeldOut(tokens, masking, length=32, rows=4, max_batches=max_batches)

    assert len(new()) == 32 < tokens.size // 128
    rows = new(max_batches=tokens.size)
    assert len(rows) == tokens.size // 128
    expected = [flat(rows[number]) for number in range(len(rows))]
    assert [flat(rows[number]) for number in reversed(range(len(rows)))] == expected[::-1]
    again = new(max_batches=tokens.size)
    assert [flat(again[number]) for number in range(len(again))] == expected
    spread = [np.array(dict(flat(new(max_batches=3)[number]))["sequences"]) for number in range(3)]
    # From the first text to the last, so that every source is represented.
    assert spread[0].min() == 0
    assert spread[2].max() >= tokens.sequences(tokens.size - 128, tokens.size - 127)[0]
    masks = [np.array(dict(batch)["labels"]) != IGNORED for batch in expected]
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    for number, batch in enumerate(map(dict, expected)):
        original = tokens.piece(128 * number, 128 * (number + 1)).reshape(4, 32)
        inputs, labels = np.array(batch["ids"]), np.array(batch["labels"])
        chosen = labels != IGNORED
        np.testing.assert_array_equal(labels[chosen], original[chosen])
        np.testing.assert_array_equal(inputs[~chosen], original[~chosen])
        assert (
            batch["sequences"] == tokens.sequences(128 * number, 128 * (number + 1)).reshape(4, 32).tolist()
        )
