"""Random weights, the lower bound of every method."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from clem_icd.explanation.methods.baseline import Baseline
from clem_icd.icd import Code
from clem_icd.modeling import ModelInfo, System


class Random(Baseline):
    """The absolute value of a standard normal number for each word (Rand in Edin et al. 2024).

    The numbers depend on the text, the code and the seed alone, so they are the same in every run, and
    whatever other codes are explained.

    Attributes
    ----------
    seed
        Another seed gives other numbers.

    """

    kind: Literal["random"] = "random"
    seed: int = Field(default=0, ge=0)

    def word_weights(
        self,
        system: System,
        info: ModelInfo,
        text: str,
        words: npt.NDArray[np.int64],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weights [labels, words]."""
        note = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        weights = np.empty((len(labels), len(words)), dtype=np.float32)
        for row, label in enumerate(labels):
            weights[row] = np.abs(self._numbers(note, info.labels[label]).standard_normal(len(words)))
        return weights

    def _numbers(self, note: str, code: Code) -> np.random.Generator:
        name = f"{self.seed} {note} {code.system.value} {code.value}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest(), "little"))
