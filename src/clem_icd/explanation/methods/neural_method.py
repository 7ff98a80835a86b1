"""The interface of methods that look into a neural system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.spans import SpanRule
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class NeuralMethod(Method):
    """A method that looks into a neural system, and weighs the tokens of its tokenizer."""

    default_rule: ClassVar[SpanRule | None] = SpanRule(spread=0.25)

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Refuse any other system."""
        if isinstance(system, NeuralSystem):
            return None
        return f"explains neural systems, and this one is {info.system}"

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return the weight of every token of a note for some labels; special tokens have none.

        Raises
        ------
        ModelError
            If the tokenizer does not provide the positions of its tokens in the text.

        """
        neural = cast(NeuralSystem, system)
        note = neural.read(text)
        offsets: npt.NDArray[np.int64] = cast(Any, note.offsets)
        kept = offsets[:, 1] > offsets[:, 0]
        # Without labels, the note need not be read by the model.
        weights = (
            self.weights(neural, note, labels) if len(labels) else np.zeros((0, len(kept)), dtype=np.float32)
        )
        return TokenWeights(offsets[kept], weights[:, kept], note.end_in(text))

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weight of every token that was read, for each label [labels, tokens read].

        Parameters
        ----------
        system
            The system that scored the note.
        note
            The part of the note that was read.
        labels
            Positions in the label space.

        """
        raise NotImplementedError


def batch_of(system: NeuralSystem, note: ReadNote) -> dict[str, torch.Tensor]:
    """Return a note as the model takes it, on the device of the model; within `traced` if it is traced."""
    batch = system.reading.arrange([note.ids], system.tokenizer.pad_token_id)
    return {name: tensor.to(system.model.device) for name, tensor in batch.items()}
