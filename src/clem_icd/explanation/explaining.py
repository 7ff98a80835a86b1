"""From token weights to spans of the raw note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from clem_icd.errors import InputError
from clem_icd.explanation.methods import METHODS, Method
from clem_icd.fields import InvalidFieldError
from clem_icd.icd import Code
from clem_icd.modeling.neural import NeuralSystem


@dataclass(frozen=True, eq=False)
class Explanation:
    """How much each token of a note supports a code.

    Attributes
    ----------
    code
        The code.
    offsets
        Begin and end of each token in the raw text, half-open, in characters [tokens, 2]. Only tokens that
        were read and stand for text are included, so no special tokens.
    weights
        The weight of each token, as the method defines it [tokens].

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
    """Explain codes of a note.

    Parameters
    ----------
    system, label_space
        A neural system and its label space [labels].
    text
        The raw note.
    codes
        The codes to explain.
    method
        A method, or the name of a method with its default settings.

    Returns
    -------
    list of Explanation
        One for each of ``codes``, in the same order.

    Raises
    ------
    InputError
        If a code is not in the label space, or the method is unknown.
    ModelError
        If the tokenizer does not provide the positions of its tokens in the text, or the method does not
        support the system's architecture.

    """
    place = {code: position for position, code in enumerate(label_space)}
    unknown = [code for code in codes if code not in place]
    if unknown:
        raise InputError(
            f"{unknown[0].value} ({unknown[0].system.value}) is not one of the model's {len(place):,} codes",
            remedy="Choose a code that the model scores",
        )
    [note] = system.reading.read(system.tokenizer, [text], offsets=True)
    weights = _parse_method(method).weights(system, note, [place[code] for code in codes])
    assert note.offsets is not None  # noqa: S101 (requested above)
    has_text = note.offsets[:, 1] > note.offsets[:, 0]
    offsets = note.offsets[has_text]
    return [Explanation(code, offsets, own[has_text]) for code, own in zip(codes, weights, strict=True)]


def _parse_method(method: Method | str) -> Method:
    try:
        found = METHODS.parse(method)
    except ValidationError as problem:
        raise InputError(
            str(InvalidFieldError.of(problem, "method")), remedy="Pass a Method instead"
        ) from None
    except ValueError as problem:
        raise InputError(str(problem), remedy=f"The methods are {', '.join(METHODS.kinds)}") from None
    if found is None:
        raise InputError("no method is given", remedy=f"The methods are {', '.join(METHODS.kinds)}")
    return found
