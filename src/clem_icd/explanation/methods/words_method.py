"""The interface of methods that mask the words of a note and watch the logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.methods.masking import Tokens
from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.words import words_of
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class WordsMethod(NeuralMethod):
    """A method whose units are words; the tokens of a word have equal parts of its weight.

    Tokens outside of every word, such as punctuation, are never masked and have no weight.
    """

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return the weight of every token of a note for some labels."""
        neural = cast(NeuralSystem, system)
        note = neural.read(text)
        offsets: npt.NDArray[np.int64] = cast(Any, note.offsets)
        words, tokens = words_with_tokens(words_of(text), offsets)
        found = self.word_weights(neural, note, text, words, tokens, labels)
        weights = on_tokens(found, tokens, len(offsets))
        kept = offsets[:, 1] > offsets[:, 0]
        return TokenWeights(offsets[kept], weights[:, kept], note.end_in(text))

    def word_weights(
        self,
        system: NeuralSystem,
        note: ReadNote,
        text: str,
        words: npt.NDArray[np.int64],
        tokens: Sequence[Tokens],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weight of every word that was read, for each label [labels, words].

        Parameters
        ----------
        system
            The system that scored the note.
        note
            The part of the note that was read.
        text
            The raw note.
        words
            Begin and end of each word in the text [words, 2].
        tokens
            The tokens of each word; at least one [words].
        labels
            Positions in the label space [labels].

        """
        raise NotImplementedError


def words_with_tokens(
    words: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], list[Tokens]]:
    """Return the words that have tokens [words, 2], and the tokens of each [words].

    A token belongs to the last word that it overlaps: its leading blank is no part of a word, and one that
    also covers a closing bracket or the like still belongs to its word. Special tokens belong to none.
    """
    if not len(words):
        return words, []
    of_token = np.searchsorted(words[:, 0], offsets[:, 1]) - 1
    overlaps = (of_token >= 0) & (words[of_token, 1] > offsets[:, 0]) & (offsets[:, 1] > offsets[:, 0])
    places = np.flatnonzero(overlaps)
    # Words in text order, as tokens are read in text order.
    found, first = np.unique(of_token[places], return_index=True)
    return words[found], np.split(places, first[1:])


def on_tokens(
    weights: npt.NDArray[np.float32], tokens: Sequence[Tokens], count: int
) -> npt.NDArray[np.float32]:
    """Return the weights of tokens [labels, count] of which those of a word have equal parts of its weight.

    Parameters
    ----------
    weights
        The weights of words [labels, words].
    tokens
        The tokens of each word [words].
    count
        The number of tokens; those of no word have no weight.

    """
    found = np.zeros((len(weights), count), dtype=np.float32)
    for word, own in enumerate(tokens):
        found[:, own] = weights[:, [word]] / len(own)
    return found
