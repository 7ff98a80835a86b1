"""The embeddings of a note, and of the same note with all its text masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

from clem_icd.explanation.methods.masking import mask_id
from clem_icd.explanation.methods.twin import frozen_twin
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a model reads, as vectors, and its baseline.

    Attributes
    ----------
    note
        The vectors of the tokens [1, tokens, width], or in pieces [1, pieces, length, width].
    baseline
        The same with the mask token in place of every token that stands for text; special tokens and padding
        are kept (Edin et al. 2024).
    mask
        0 for padding [1, tokens] or [1, pieces, length].
    logits
        The function from several such vectors [batch, ...] to logits [batch, labels].

    """

    note: torch.Tensor
    baseline: torch.Tensor
    mask: torch.Tensor
    logits: Callable[[torch.Tensor], torch.Tensor]

    @classmethod
    def of(cls, system: NeuralSystem, note: ReadNote) -> Embeddings:
        """Return the embeddings of a note that was read with offsets."""
        if note.offsets is None:
            raise ValueError("expected a note that was read with offsets")
        model = _in_single_precision(system.model)
        masked = note.ids.copy()
        masked[note.offsets[:, 1] > note.offsets[:, 0]] = mask_id(system.tokenizer)
        vectors = []
        for ids in (note.ids, masked):
            batch = system.reading.arrange([ids], system.tokenizer.pad_token_id)
            vectors.append(model.get_input_embeddings()(batch["input_ids"].to(model.device)).detach())
        mask = batch["attention_mask"].to(model.device)

        def logits(inputs: torch.Tensor) -> torch.Tensor:
            masks = mask.expand(len(inputs), *mask.shape[1:])
            found: torch.Tensor = model(inputs_embeds=inputs, attention_mask=masks).logits.float()
            return found

        return cls(vectors[0], vectors[1], mask, logits)

    def of_tokens(self, values: torch.Tensor) -> npt.NDArray[np.float32]:
        """Return the values of the tokens that were read [tokens read], from [1, tokens] or in pieces."""
        found: npt.NDArray[np.float32] = values[self.mask.bool()].detach().float().cpu().numpy()
        return found


def _in_single_precision(model: PreTrainedModel) -> Any:
    """Return a twin whose differences are not lost in rounding; in half precision, a copy of the weights."""
    twin: Any = frozen_twin(model)
    if twin.base_model.config._attn_implementation == "flash_attention_2":
        # Which computes in half precision only, and with operations that a method cannot see.
        twin.base_model.config._attn_implementation = BLOCK_LOCAL
    return twin.float()
