"""The decomposition of the pooled head times the saliency of the note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.explanation.methods.gradients import deviations, embedded, norms, products, traced
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.explanation.methods.pooled_method import PooledMethod, hidden_of
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class DecompositionTimesSaliency(PooledMethod):
    """The positive part of `HeadDecomposition` times what the model rests on as a whole.

    The saliency of a token is the norm of its embedding times the gradient of the sum of softplus(logit) over
    all labels, to which a label adds as much as it is predicted. It is the same for every code and, unlike
    `DecompositionTimesGradient`, takes one backward pass for all of them; the decomposition tells codes apart
    and takes one through the head alone for each.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.05, spread=0.25)
    needs_gradients: ClassVar[bool] = True
    kind: Literal["decomposition-x-saliency"] = "decomposition-x-saliency"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        model: Any
        found = np.empty((len(labels), len(note.ids)), dtype=np.float32)
        with traced(system.model, len(note.ids)) as model:
            collected = hidden_of(model, alone=False)
            batch = batch_of(system, note)
            mask = batch["attention_mask"]
            embeddings = embedded(model, batch)
            logits = model(inputs_embeds=embeddings, attention_mask=mask).logits[0]
            [hidden] = collected
            for row, logit in enumerate(logits[list(labels)]):
                (slope,) = torch.autograd.grad(logit, hidden, retain_graph=True)
                product = hidden.detach().float() * slope.float()
                found[row] = np.maximum(deviations(product, mask), 0)
            [[at_input]] = products(torch.nn.functional.softplus(logits).sum()[None], embeddings)
            return found * norms(at_input, mask)
