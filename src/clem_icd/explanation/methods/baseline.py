"""The interface of baselines, which look at the note and not at the system."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.extent import end_of_reading
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.words import words_of
from clem_icd.modeling import ModelInfo, System


class Baseline(Method):
    """A method that knows the text and the labels only, to compare other methods with.

    It weighs the words that the system read, so that it is compared on the same part of the note.
    """

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return the weight of every word that the system read."""
        read = end_of_reading(system, info, text)
        words = words_of(text)
        words = words[words[:, 1] <= read]
        return TokenWeights(words, self.word_weights(system, info, text, words, labels), read)

    def word_weights(
        self,
        system: System,
        info: ModelInfo,
        text: str,
        words: npt.NDArray[np.int64],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weight of every word for each label [labels, words].

        Parameters
        ----------
        system, info, text, labels
            As for `weigh`.
        words
            Begin and end of each word in the text [words, 2].

        """
        raise NotImplementedError
