"""Input times gradient, for any neural system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.methods.gradients import embedded, logits_of, norms, products, traced
from clem_icd.explanation.methods.neural_method import NeuralMethod, batch_of
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class InputTimesGradient(NeuralMethod):
    """The norm of each token's embedding times the gradient of the logit with respect to it.

    It is the L2 norm over the embedding axis, so weights are not signed (InputXGrad in Edin et al. 2024). It
    takes one forward pass and one backward pass per label.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.04, spread=0.25)
    needs_gradients: ClassVar[bool] = True
    kind: Literal["input-x-gradient"] = "input-x-gradient"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        found = np.empty((len(labels), len(note.ids)), dtype=np.float32)
        with traced(system.model, len(note.ids)) as model:
            batch = batch_of(system, note)
            mask = batch["attention_mask"]
            embeddings = embedded(model, batch)
            logits = logits_of(model, embeddings, mask, labels)
            for row, [product] in enumerate(products(logits, embeddings)):
                found[row] = norms(product, mask)
        return found
