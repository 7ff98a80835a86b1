"""The batch of every step, as a function of the texts, the recipe and the number of the step alone.

Nothing here keeps a position between steps, so a killed run resumes exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from clem_icd.pretraining.coded_texts import CodedTexts
from clem_icd.pretraining.recipe import PretrainingTraining
from clem_icd.pretraining.tokens import TokenFile

IGNORED = -100  # the label of a token that is not predicted

# Shares of the predicted tokens (Devlin et al. 2019, BERT, 3.1).
_REPLACED_BY_MASK, _REPLACED_BY_OTHER = 0.8, 0.1

# The purposes of random generators; each is seeded with its own, so no two draw the same numbers.
_ORDER, _MASKS, _HELD_OUT, _CODES = range(4)


@dataclass(frozen=True, slots=True)
class Phase:
    """Consecutive steps of one sequence length, from step ``first`` on, with ``rows`` rows each."""

    number: int
    first: int
    steps: int
    length: int
    rows: int


def phases_of(training: PretrainingTraining) -> list[Phase]:
    """Return the phases of a run, in order."""
    phases: list[Phase] = []
    first = 0
    for number, (length, share) in enumerate(zip(training.lengths, training.shares, strict=True)):
        rows = training.batch_tokens // length
        steps = max(1, round(training.tokens * share / (rows * length)))
        phases.append(Phase(number, first, steps, length, rows))
        first += steps
    return phases


class Masking:
    """Chooses the tokens to predict, and what replaces them in the input."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, share: float) -> None:
        self._share = share
        self._mask = int(tokenizer.mask_token_id)
        special = set(tokenizer.all_special_ids)
        self._words = np.array([token for token in range(len(tokenizer)) if token not in special])
        self._is_special = np.zeros(len(tokenizer), dtype=np.bool_)
        self._is_special[list(special)] = True

    def __call__(
        self, ids: npt.NDArray[np.int64], random: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the input ids, and the labels or `IGNORED`, both in the shape of ``ids``.

        Special tokens are never chosen. Of the chosen tokens, 80 % become the mask, 10 % another token, and
        10 % stay.
        """
        chosen = (random.random(ids.shape) < self._share) & ~self._is_special[ids]
        fate = random.random(ids.shape)
        others = self._words[random.integers(0, len(self._words), ids.shape)]
        inputs = np.where(chosen & (fate < _REPLACED_BY_MASK), self._mask, ids)
        inputs = np.where(chosen & (fate >= 1 - _REPLACED_BY_OTHER), others, inputs)
        return inputs, np.where(chosen, ids, IGNORED)


class Steps(Dataset[dict[str, Any]]):
    """The batch of every step: packed rows with their masks, and texts with their codes.

    The concatenated texts are cut into rows of the phase's length, regardless of where texts end, so no row
    has padding. Each pass over the texts cuts at other places and reads the rows in another order.

    Parameters
    ----------
    texts
        Tokens of the texts, enough for two of the longest rows.
    training
        Length and number of the rows.
    masking
        Chooses the tokens to predict.
    seed
        Determines order, cuts and masks.
    coded
        Draws texts with their codes; None for masked tokens alone.

    """

    def __init__(
        self,
        texts: TokenFile,
        training: PretrainingTraining,
        masking: Masking,
        seed: int,
        coded: CodedTexts | None = None,
    ) -> None:
        self._texts = texts
        self._masking = masking
        self._seed = seed
        self._coded = coded
        self.phases = phases_of(training)
        self._row_order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return self.phases[-1].first + self.phases[-1].steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        phase = next(phase for phase in reversed(self.phases) if step >= phase.first)
        first = (step - phase.first) * phase.rows
        rows = [self._row(phase, first + row) for row in range(phase.rows)]
        ids = np.stack([ids for ids, _ in rows])
        inputs, labels = self._masking(ids, self._random(_MASKS, step))
        batch = _as_tensors(inputs, np.stack([sequences for _, sequences in rows]), labels)
        if self._coded is not None:
            batch["coded"] = self._coded.batch(self._random(_CODES, step))
        return batch

    def passes(self) -> float:
        """Return how often each token is read in all phases together."""
        return sum(phase.steps * phase.rows * phase.length for phase in self.phases) / self._texts.size

    def _row(self, phase: Phase, number: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        # One row less than would fit, which leaves room to shift the cuts in each pass.
        rows_per_pass = self._texts.size // phase.length - 1
        pass_number, position = divmod(number, rows_per_pass)
        order, shift = self._row_order(phase.number, pass_number, rows_per_pass, phase.length)
        begin = shift + int(order[position]) * phase.length
        end = begin + phase.length
        return self._texts.piece(begin, end), self._texts.sequences(begin, end)

    def _shuffled(
        self, phase: int, pass_number: int, rows: int, length: int
    ) -> tuple[npt.NDArray[np.int64], int]:
        random = self._random(_ORDER, phase, pass_number)
        return random.permutation(rows), int(random.integers(0, length))

    def _random(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose])


class HeldOut(Dataset[dict[str, Any]]):
    """Batches of held-out texts, with the same masks for every seed and every training schedule.

    Parameters
    ----------
    texts
        Tokens of the held-out texts.
    masking
        Chooses the tokens to predict.
    length, rows
        Shape of a batch.
    max_batches
        The most batches to use; they are spread evenly over the texts.

    """

    def __init__(
        self, texts: TokenFile, masking: Masking, *, length: int, rows: int, max_batches: int = 32
    ) -> None:
        self._texts = texts
        self._masking = masking
        self._shape = (rows, length)
        batches = texts.size // (rows * length)
        self._begins = np.linspace(0, batches - 1, min(max_batches, batches)).astype(np.int64) * (
            rows * length
        )

    def __len__(self) -> int:
        return len(self._begins)

    def __getitem__(self, number: int) -> dict[str, Any]:
        begin = int(self._begins[number])
        end = begin + self._shape[0] * self._shape[1]
        ids = self._texts.piece(begin, end).reshape(self._shape)
        inputs, labels = self._masking(ids, np.random.default_rng([_HELD_OUT, number]))
        return _as_tensors(inputs, self._texts.sequences(begin, end).reshape(self._shape), labels)


def _as_tensors(
    ids: npt.NDArray[np.int64], sequences: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "ids": torch.from_numpy(ids),
        "sequences": torch.from_numpy(sequences),
        "labels": torch.from_numpy(labels),
    }
