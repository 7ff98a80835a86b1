"""DeepLIFT, with rules for every operation of a transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from clem_icd.errors import ModelError
from clem_icd.explanation.methods.embeddings import Embeddings
from clem_icd.explanation.methods.limits import require_at_most
from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.explanation.methods.rescaling import Rescaling
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote

# Rounding in single precision stays below a hundredth of it.
_TOLERANCE = 1e-3


class DeepLift(NeuralMethod):
    """What each token adds to the difference between the logit of the note and that of a masked note.

    Differences are passed back through the model by multipliers (Shrikumar et al. 2017; `rescaling` has the
    rules). The baseline has the mask token in place of every token; special tokens are kept. It takes one
    forward pass of two notes, and a backward pass per label.

    This is not the DeepLIFT of captum. That one has rules for some modules only, and none for GELU, layer
    norm, the gates of ModernBERT, or attention: without a word, it computes gradient times difference, and
    its weights do not sum to the difference of the logits. Here they do, which is checked for each label.

    Attributes
    ----------
    combine
        From a vector per token to one weight. ``norm``: the L2 norm, which has no sign (as in Edin et al.
        2024). ``sum``: weights sum to the difference of the two logits, and are less than zero where a token
        speaks against the label.
    max_tokens
        The most tokens of a note. All attention weights are in memory.

    """

    needs_gradients: ClassVar[bool] = True
    kind: Literal["deep-lift"] = "deep-lift"
    combine: Literal["norm", "sum"] = "norm"
    max_tokens: int = Field(default=1000, ge=8)

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read].

        Raises
        ------
        ModelError
            If the model has an operation without a rule.

        """
        tokens = len(note.ids)
        because = "its memory grows with the square of the tokens"
        require_at_most(self.max_tokens, tokens, self.kind, because)
        with torch.inference_mode(False), torch.enable_grad():
            return self._weights(Embeddings.of(system, note), labels, tokens)

    def _weights(self, embeddings: Embeddings, labels: Sequence[int], tokens: int) -> npt.NDArray[np.float32]:
        pair = torch.cat([embeddings.note, embeddings.baseline]).requires_grad_()
        difference = embeddings.note - embeddings.baseline
        found = np.empty((len(labels), tokens), dtype=np.float32)
        with Rescaling():
            logits = embeddings.logits(pair)
            for row, label in enumerate(labels):
                last = row + 1 == len(labels)
                (multipliers,) = torch.autograd.grad(logits[0, label], pair, retain_graph=not last)
                vectors = multipliers[:1] * difference
                self._require_complete(vectors, (logits[0, label] - logits[1, label]).item())
                combined = vectors.sum(dim=-1) if self.combine == "sum" else vectors.norm(dim=-1)
                found[row] = embeddings.of_tokens(combined)
        return found

    def _require_complete(self, vectors: torch.Tensor, difference: float) -> None:
        gap = abs(float(vectors.sum()) - difference)
        if not gap <= _TOLERANCE * (1 + float(vectors.abs().sum())):
            raise ModelError(
                f"the weights of {self.kind} sum to {float(vectors.sum()):.3g}, and the logits differ by "
                f"{difference:.3g}: the model has an operation without a rule",
                remedy="Choose integrated-gradients, which suits any model",
            )
