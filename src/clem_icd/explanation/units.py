"""The units on which the methods of one system are compared."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.modeling import ModelInfo, System


def on_tokens_of(system: System, info: ModelInfo, text: str, weights: TokenWeights) -> TokenWeights:
    """Return weights on the tokens of a neural system, whatever units the method has.

    The tokens of a word have equal parts of its weight. Other systems have no tokens: their weights are
    returned as they are.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    text
        The raw note.
    weights
        The weights of its tokens or words.

    """
    if info.system != "neural":
        return weights
    from clem_icd.explanation.methods.words_method import on_tokens, words_with_tokens
    from clem_icd.modeling import NeuralSystem

    neural = cast(NeuralSystem, system)
    note = neural.read(text)
    every = cast(Any, note.offsets)
    offsets = every[every[:, 1] > every[:, 0]]
    if np.array_equal(offsets, weights.offsets):
        return weights
    words, tokens = words_with_tokens(weights.offsets, offsets)
    places = np.searchsorted(weights.offsets[:, 0], words[:, 0])
    spread = on_tokens(weights.weights[:, places], tokens, len(offsets))
    return TokenWeights(offsets, spread, weights.read)
