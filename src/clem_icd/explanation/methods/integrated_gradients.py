"""Integrated gradients, by captum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from clem_icd.explanation.methods.embeddings import Embeddings
from clem_icd.explanation.methods.limits import require_at_most
from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.extras import optional
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class IntegratedGradients(NeuralMethod):
    """Gradients of the logit with respect to the embeddings, averaged on the way from a masked note.

    The way is straight, from the note with every token masked to the note itself (Sundararajan et al. 2017);
    special tokens are kept. It takes ``steps`` forward and backward passes per label; memory is that of one.

    Attributes
    ----------
    steps
        The points on the way at which gradients are taken, by the Gauss-Legendre rule.
    combine
        From a vector per token to one weight. ``norm``: the L2 norm of the mean gradient, which has no sign
        and is not multiplied with the embedding (IG in Edin et al. 2024). ``sum``: the mean gradient times
        the difference from the mask token, summed; with enough steps, such weights sum to the difference of
        the two logits, and are less than zero where a token speaks against the label.
    max_tokens
        The most tokens of a note.

    """

    needs_gradients: ClassVar[bool] = True
    package: ClassVar[str | None] = "captum"
    kind: Literal["integrated-gradients"] = "integrated-gradients"
    steps: int = Field(default=50, ge=1, le=1000)
    combine: Literal["norm", "sum"] = "norm"
    max_tokens: int = Field(default=1000, ge=8)

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        tokens = len(note.ids)
        because = f"each code takes {self.steps:,} forward and backward passes"
        require_at_most(self.max_tokens, tokens, self.kind, because)
        captum = optional("captum.attr", f"The method {self.kind}")
        found = np.empty((len(labels), tokens), dtype=np.float32)
        with torch.inference_mode(False), torch.enable_grad():
            embeddings = Embeddings.of(system, note)
            method = captum.IntegratedGradients(embeddings.logits, multiply_by_inputs=self.combine == "sum")
            for row, label in enumerate(labels):
                vectors = method.attribute(
                    embeddings.note.requires_grad_(),
                    baselines=embeddings.baseline,
                    target=label,
                    n_steps=self.steps,
                    internal_batch_size=max(1, system.batch_tokens // embeddings.mask.numel()),
                )
                combined = vectors.sum(dim=-1) if self.combine == "sum" else vectors.norm(dim=-1)
                found[row] = embeddings.of_tokens(combined)
        return found
