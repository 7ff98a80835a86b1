"""KernelSHAP with the samples and the kernel of captum, one set of samples for all labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from clem_icd.explanation.methods.limits import require_at_most
from clem_icd.explanation.methods.masking import Tokens, masked_logits
from clem_icd.explanation.methods.words_method import WordsMethod
from clem_icd.extras import optional
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class KernelShap(WordsMethod):
    """Shapley values of the words of a note, estimated from notes in which random words are masked.

    A weighted linear regression from the words that are left to the logit (Lundberg and Lee 2017). The logit
    is that of captum's KernelSHAP for each label, but all labels share the samples: a forward pass each for
    all labels together, not for each. Weights have a sign, and sum to the logit of the note minus that of the
    note without words.

    Attributes
    ----------
    samples_per_word
        The number of samples is that many times the number of words (3 in Edin et al. 2024, for tokens).
    seed
        The seed of the samples. The same note has the same samples, whatever labels are explained.
    max_tokens
        The most tokens of a note.

    """

    package: ClassVar[str | None] = "captum"
    kind: Literal["kernel-shap"] = "kernel-shap"
    samples_per_word: int = Field(default=3, ge=2, le=1000)
    seed: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=1000, ge=8)

    def word_weights(
        self,
        system: NeuralSystem,
        note: ReadNote,
        text: str,
        words: npt.NDArray[np.int64],
        tokens: Sequence[Tokens],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weights [labels, words]."""
        count = self.samples_per_word * len(words)
        because = f"it takes {count:,} forward passes"
        require_at_most(self.max_tokens, len(note.ids), self.kind, because)
        if not len(words) or not len(labels):
            return np.zeros((len(labels), len(words)), dtype=np.float32)
        shap = optional("captum.attr", f"The method {self.kind}").KernelShap(torch.nn.Identity())
        samples = _samples(len(words), count, self.seed)
        masked = (_masked(tokens, sample) for sample in samples.numpy() == 0)
        logits = masked_logits(system, note.ids, masked, labels)
        kernel = [
            float(
                shap.kernel_shap_similarity_kernel(None, None, sample[None], num_interp_features=len(words))
            )
            for sample in samples
        ]
        return _regression(samples.numpy(), logits, np.array(kernel))


def _samples(words: int, count: int, seed: int) -> torch.Tensor:
    """Return which words are left in each sample, of which the first has all and the second none.

    The samples are those of captum for the seed, but drawn from a generator of their own: another thread may
    draw from torch's at the same time.
    """
    if words == 1:
        return torch.tensor([[1], [0]])
    # Of all numbers of words that may be left, as captum's `attribute` weighs them.
    left = torch.arange(1, words)
    weights = torch.cat([torch.zeros(1), 1 / (left * (words - left))])
    probabilities = weights / weights.sum()
    generator = torch.Generator().manual_seed(seed)
    samples = torch.ones(count, words, dtype=torch.long)
    samples[1] = 0
    for sample in samples[2:]:
        chosen = int(torch.multinomial(probabilities, 1, replacement=True, generator=generator))
        values = torch.randn(words, generator=generator)
        sample[:] = values > values.kthvalue(words - chosen).values
    return samples


def _masked(tokens: Sequence[Tokens], without: npt.NDArray[np.bool_]) -> Tokens:
    """Return the tokens of the words that a sample is without."""
    left_out = np.flatnonzero(without).tolist()
    return np.concatenate([np.empty(0, dtype=np.int64), *(tokens[word] for word in left_out)])


def _regression(
    samples: npt.NDArray[np.int64], logits: npt.NDArray[np.float32], kernel: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return the coefficients of a regression with a constant, for all labels [labels, words]."""
    factor = np.sqrt(kernel)[:, None]
    left = np.concatenate([np.ones((len(samples), 1)), samples], axis=1) * factor
    coefficients, *_ = np.linalg.lstsq(left, logits * factor, rcond=None)
    found: npt.NDArray[np.float32] = coefficients[1:].T.astype(np.float32)
    return found
