"""How much the tokens of one note support some of its codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class TokenWeights:
    """How much each token of a note supports each of some labels.

    A token is a unit of the system that is explained: of a tokenizer, or a word.

    Attributes
    ----------
    offsets
        Begin and end of each token in the raw text, half-open, in characters [tokens, 2]. Only tokens that
        were read and stand for text are included, in the order in which they were read, so no special tokens.
        The tokens of one character have equal offsets, and those of word pairs may overlap.
    weights
        The weight of each token, as the method defines it; less than zero if it speaks against the label,
        which only some methods know [labels, tokens].
    read
        The end of the text that was read, in characters. What follows was not explained.

    """

    offsets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    read: int

    @property
    def shares(self) -> npt.NDArray[np.float32]:
        """The share of each token in the support for a label [labels, tokens].

        Negative weights count as 0. Shares sum to 1, or are all 0 if no token supports the label.
        """
        support = np.maximum(self.weights, 0, dtype=np.float64)
        totals = support.sum(axis=1, keepdims=True)
        shares: npt.NDArray[np.float64] = np.zeros_like(support)
        np.divide(support, totals, where=totals > 0, out=shares)
        return shares.astype(np.float32)
