"""From the weights of tokens to stretches of the raw note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clem_icd.errors import InputError
from clem_icd.explanation.methods import METHODS, Method
from clem_icd.icd import Code
from clem_icd.modeling.neural import NeuralSystem


@dataclass(frozen=True, eq=False)
class Explanation:
    """How much each token of a note speaks for a code.

    Attributes
    ----------
    code
        The code.
    offsets
        Begin and end of each token in the raw text, half-open, in characters [tokens, 2]. Special tokens,
        padding and what was not read are left out.
    weights
        The weight of each token; what it means is up to the method [tokens].

    """

    code: Code
    offsets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


def explain(
    system: NeuralSystem,
    label_space: Sequence[Code],
    text: str,
    codes: Sequence[Code],
    method: Method | str = "input-x-gradient",
) -> list[Explanation]:
    """Explain some codes of a note.

    Parameters
    ----------
    system, label_space
        A neural system and its label space [labels].
    text
        The raw note.
    codes
        The codes to explain.
    method
        A method, or the name of one with its default settings.

    Returns
    -------
        One explanation for each of ``codes``, in their order.

    Raises
    ------
    InputError
        If a code is not in the label space, or there is no such method.
    ModelError
        If the tokenizer does not know where its tokens are in the text, or the method does not work on the
        system's architecture.

    """
    place = {code: position for position, code in enumerate(label_space)}
    unknown = [code for code in codes if code not in place]
    if unknown:
        raise InputError(
            f"the model has no code {unknown[0].value} ({unknown[0].system.value}) among its {len(place):,}",
            remedy="Ask for a code that the model scores",
        )
    [note] = system.reading.read(system.tokenizer, [text], offsets=True)
    weights = _chosen(method).weights(system, note, [place[code] for code in codes])
    assert note.offsets is not None  # noqa: S101 (asked for above)
    stands_in_text = note.offsets[:, 1] > note.offsets[:, 0]
    offsets = note.offsets[stands_in_text]
    return [Explanation(code, offsets, own[stands_in_text]) for code, own in zip(codes, weights, strict=True)]


def _chosen(method: Method | str) -> Method:
    try:
        found = METHODS.parse(method)
    except ValueError as problem:
        raise InputError(str(problem), remedy=f"The methods are {', '.join(METHODS.kinds)}") from None
    if found is None:
        raise InputError("no method is named", remedy=f"The methods are {', '.join(METHODS.kinds)}")
    return found
