"""The decomposition of the pooled head times input times gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.methods.gradients import (
    deviations,
    embedded,
    logits_of,
    norms,
    products,
    traced,
)
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.explanation.methods.pooled_method import PooledMethod, hidden_of
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class DecompositionTimesGradient(PooledMethod):
    """The positive part of `HeadDecomposition`, as shares of its sum, times `InputTimesGradient`.

    It is to the pooled head what `AttInGrad` is to label attention. It takes one forward pass and one
    backward pass per label.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.05, spread=0.25)
    needs_gradients: ClassVar[bool] = True
    kind: Literal["decomposition-x-gradient"] = "decomposition-x-gradient"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        found = np.empty((len(labels), len(note.ids)), dtype=np.float32)
        with traced(system.model, len(note.ids)) as model:
            collected = hidden_of(model, alone=False)
            batch = batch_of(system, note)
            mask = batch["attention_mask"]
            embeddings = embedded(model, batch)
            logits = logits_of(model, embeddings, mask, labels)
            for row, [at_head, at_input] in enumerate(products(logits, *collected, embeddings)):
                support = np.maximum(deviations(at_head, mask), 0)
                total = support.sum()
                found[row] = support / (total if total > 0 else 1) * norms(at_input, mask)
        return found
