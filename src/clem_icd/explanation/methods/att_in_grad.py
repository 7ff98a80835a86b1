"""AttInGrad: attention times input times gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.explanation.methods.attention import Attention
from clem_icd.explanation.methods.gradients import embedded, norms, products, traced
from clem_icd.explanation.methods.label_query_method import LabelQueryMethod
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.heads import Encoded
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class AttInGrad(LabelQueryMethod):
    """The attention of the label times the norm of embedding times gradient (Edin et al. 2024).

    It is the product of `Attention` and `InputTimesGradient`, and takes one forward pass and one backward
    pass per label.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.01, spread=0.25)
    needs_gradients: ClassVar[bool] = True
    kind: Literal["att-in-grad"] = "att-in-grad"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        model: Any
        with traced(system.model, len(note.ids)) as model:
            batch = batch_of(system, note)
            mask = batch["attention_mask"]
            embeddings = embedded(model, batch)
            encoded = model.encode(inputs_embeds=embeddings, attention_mask=mask)
            with torch.no_grad():
                kept = Encoded(encoded.hidden.detach(), encoded.mask)
                found = Attention().weights_of_note(model.head, kept, mask, labels)
            logits = model.head.logits_of(encoded.hidden, encoded.mask, labels)[0]
            for row, [product] in enumerate(products(logits, embeddings)):
                found[row] *= norms(product, mask)
        return found
