"""Input times gradient, for any neural system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class InputTimesGradient(NeuralMethod):
    """The norm of each token's embedding times the gradient of the logit with respect to it.

    It is the L2 norm over the embedding axis, so weights are not signed (InputXGrad in Edin et al. 2024). It
    takes one forward pass and one backward pass per label.
    """

    kind: Literal["input-x-gradient"] = "input-x-gradient"

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        model: Any = system.model
        batch = system.reading.arrange([note.ids], system.tokenizer.pad_token_id)
        mask = batch["attention_mask"].to(model.device)
        embeddings = model.get_input_embeddings()(batch["input_ids"].to(model.device)).detach()
        embeddings.requires_grad_()
        logits = model(inputs_embeds=embeddings, attention_mask=mask).logits[0]
        found = np.empty((len(labels), len(note.ids)), dtype=np.float32)
        for row, label in enumerate(labels):
            (gradient,) = torch.autograd.grad(logits[label], embeddings, retain_graph=row + 1 < len(labels))
            norms = (embeddings.detach() * gradient).float().norm(dim=-1)
            found[row] = norms[mask.bool()].cpu().numpy()
        return found
