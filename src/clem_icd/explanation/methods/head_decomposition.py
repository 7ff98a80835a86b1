"""The decomposition of the pooled head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.methods.gradients import deviations, products, traced
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.explanation.methods.pooled_method import PooledMethod, hidden_of
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class HeadDecomposition(PooledMethod):
    """The product of each token's last vector with the gradient of the logit, less the mean over tokens.

    Weights are signed. They are the first-order share of a token in a head that pools the last vectors, as in
    class activation maps (Zhou et al. 2016). With the mean, what all tokens have in common would prevail. It
    takes one forward pass, and one backward pass per label through the head alone.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.03, spread=0.25)
    kind: Literal["head-decomposition"] = "head-decomposition"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        model: Any
        found = np.empty((len(labels), len(note.ids)), dtype=np.float32)
        # Nothing is recorded before the head, so no layer is worth computing again.
        with traced(system.model, 0) as model:
            collected = hidden_of(model, alone=True)
            batch = batch_of(system, note)
            logits = model(**batch).logits[0, list(labels)]
            for row, [product] in enumerate(products(logits, *collected)):
                found[row] = deviations(product, batch["attention_mask"])
        return found
