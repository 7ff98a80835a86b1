"""The interface of methods that look at what label queries attend to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.explanation.methods.head_method import HeadMethod
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import EncoderWithHead
from clem_icd.modeling.heads import Encoded
from clem_icd.modeling.heads.label_queries import LabelQueries
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote

# Values, keys and the weights of this many labels fit where the encoder has fitted.
_LABELS_AT_ONCE = 256


class LabelQueryMethod(HeadMethod):
    """A method that needs a query per label; a subclass usually gives `weights_of_head` alone."""

    def objection_to_head(self, system: NeuralSystem) -> str | None:
        """Refuse a head without label queries."""
        model = system.model
        if isinstance(model, EncoderWithHead) and isinstance(model.head, LabelQueries):
            return None
        head = (model.config.head or {}).get("kind") if isinstance(model, EncoderWithHead) else "pooled"
        return f"needs a head in which every label attends to tokens, and this model has head {head}"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]; it takes one forward pass."""
        model: Any = system.model
        batch = batch_of(system, note)
        with torch.inference_mode():
            encoded = model.encode(**batch)
            return self.weights_of_note(model.head, encoded, batch["attention_mask"], labels)

    def weights_of_note(
        self, head: LabelQueries, encoded: Encoded, mask: torch.Tensor, labels: Sequence[int]
    ) -> npt.NDArray[np.float32]:
        """Return the weights of one note [labels, tokens read].

        Parameters
        ----------
        head, encoded
            The head, and what it is given.
        mask
            Where tokens of the note are, in the shape of the batch.
        labels
            Positions in the label space.

        """
        read = mask.flatten().bool()
        found = np.empty((len(labels), int(read.sum())), dtype=np.float32)
        for first in range(0, len(labels), _LABELS_AT_ONCE):
            chunk = slice(first, first + _LABELS_AT_ONCE)
            weights = self.weights_of_head(head, encoded, labels[chunk])[0, :, read]
            found[chunk] = weights.float().cpu().numpy()
        return found

    def weights_of_head(self, head: LabelQueries, encoded: Encoded, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights [notes, labels, tokens], which are 0 for padding that the head does not read."""
        raise NotImplementedError
