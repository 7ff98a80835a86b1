"""What is read at every step, as a function of the texts, the recipe and the number of the step alone.

Nothing here remembers where it was, so a training that was killed goes on exactly where it stopped.
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

IGNORED = -100  # the target of a token that is not to be guessed

# Of the tokens to be guessed (Devlin et al. 2019, BERT, 3.1).
_SHOWN_AS_MASK, _SHOWN_AS_OTHER = 0.8, 0.1

# What a random generator is for, so that no two draw the same numbers.
_ORDER, _MASKS, _HELD_OUT, _CODES = range(4)


@dataclass(frozen=True, slots=True)
class Phase:
    """Steps of one sequence length: ``steps`` of them, from number ``first`` on, of ``rows`` rows each."""

    number: int
    first: int
    steps: int
    length: int
    rows: int


def phases_of(training: PretrainingTraining) -> list[Phase]:
    """Return the phases of a training, in order."""
    phases: list[Phase] = []
    first = 0
    for number, (length, share) in enumerate(zip(training.lengths, training.shares, strict=True)):
        rows = training.batch_tokens // length
        steps = max(1, round(training.tokens * share / (rows * length)))
        phases.append(Phase(number, first, steps, length, rows))
        first += steps
    return phases


class Masking:
    """Chooses the tokens that are to be guessed, and what is shown in their place."""

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
        """Return what is shown, and what is to be guessed or `IGNORED`, both as ``ids``.

        Special tokens are never chosen. Of those chosen, eight in ten are shown as the mask, one as some
        other token, one as it is.
        """
        chosen = (random.random(ids.shape) < self._share) & ~self._is_special[ids]
        fate = random.random(ids.shape)
        others = self._words[random.integers(0, len(self._words), ids.shape)]
        shown = np.where(chosen & (fate < _SHOWN_AS_MASK), self._mask, ids)
        shown = np.where(chosen & (fate >= 1 - _SHOWN_AS_OTHER), others, shown)
        return shown, np.where(chosen, ids, IGNORED)


class Steps(Dataset[dict[str, Any]]):
    """The batch of every step: packed rows with their masks, and texts with their codes.

    The texts lie end to end and are cut into rows of the phase's length, wherever that falls, so no row has
    padding. Each pass over the texts cuts elsewhere and takes the rows in another order.

    Parameters
    ----------
    texts
        Tokens of the texts: at least two of the longest rows.
    training
        How long the rows are, and how many there are.
    masking
        What is hidden.
    seed
        The order, the cuts and the masks follow from it.
    coded
        Texts with their codes, or None.

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
        shown, guessed = self._masking(ids, self._random(_MASKS, step))
        batch = batch_of(shown, np.stack([sequences for _, sequences in rows]), guessed)
        if self._coded is not None:
            batch["coded"] = self._coded.batch(self._random(_CODES, step))
        return batch

    def passes(self) -> float:
        """Return how often each token is read, over all phases."""
        return sum(phase.steps * phase.rows * phase.length for phase in self.phases) / self._texts.size

    def _row(self, phase: Phase, number: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        # One row less than fit, so that there is room to cut elsewhere in each pass.
        rows_a_pass = self._texts.size // phase.length - 1
        turn, position = divmod(number, rows_a_pass)
        order, shift = self._row_order(phase.number, turn, rows_a_pass, phase.length)
        begin = shift + int(order[position]) * phase.length
        end = begin + phase.length
        return self._texts.piece(begin, end), self._texts.sequences(begin, end)

    def _shuffled(self, phase: int, turn: int, rows: int, length: int) -> tuple[npt.NDArray[np.int64], int]:
        random = self._random(_ORDER, phase, turn)
        return random.permutation(rows), int(random.integers(0, length))

    def _random(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose])


class HeldOut(Dataset[dict[str, Any]]):
    """Rows of texts that are never trained on, always the same with the same masks, whatever the recipe.

    Parameters
    ----------
    texts
        Their tokens.
    length, rows
        Of a batch.
    most
        How many batches are taken at most, spread evenly over the texts.

    """

    def __init__(self, texts: TokenFile, masking: Masking, *, length: int, rows: int, most: int = 32) -> None:
        self._texts = texts
        self._masking = masking
        self._shape = (rows, length)
        there = texts.size // (rows * length)
        self._begins = np.linspace(0, there - 1, min(most, there)).astype(np.int64) * (rows * length)

    def __len__(self) -> int:
        return len(self._begins)

    def __getitem__(self, number: int) -> dict[str, Any]:
        begin = int(self._begins[number])
        end = begin + self._shape[0] * self._shape[1]
        ids = self._texts.piece(begin, end).reshape(self._shape)
        shown, guessed = self._masking(ids, np.random.default_rng([_HELD_OUT, number]))
        return batch_of(shown, self._texts.sequences(begin, end).reshape(self._shape), guessed)


def batch_of(
    shown: npt.NDArray[np.int64], sequences: npt.NDArray[np.int64], guessed: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Return the arrays of a batch as tensors, by their names."""
    return {
        "ids": torch.from_numpy(shown),
        "sequences": torch.from_numpy(sequences),
        "labels": torch.from_numpy(guessed),
    }
