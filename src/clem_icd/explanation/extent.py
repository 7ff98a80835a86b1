"""How much of a note is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from clem_icd.modeling import ModelInfo, System

if TYPE_CHECKING:
    from clem_icd.modeling.neural import NeuralSystem


def end_of_reading(system: System, info: ModelInfo, text: str) -> int:
    """Return the end of the part of a note that a system reads, in characters.

    What follows is not explained.

    Raises
    ------
    ModelError
        If the tokenizer of a neural system does not provide the positions of its tokens in the text.

    """
    return cast("NeuralSystem", system).read(text).end_in(text) if info.system == "neural" else len(text)
