"""Attention rollout, a baseline for neural systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from clem_icd.explanation.methods.attention_maps import recorded_attention
from clem_icd.explanation.methods.head_method import HeadMethod
from clem_icd.explanation.methods.limits import require_at_most
from clem_icd.explanation.methods.twin import frozen_twin
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.heads import EncoderWithHead
from clem_icd.modeling.heads.label_queries import LabelQueries
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class AttentionRollout(HeadMethod):
    """Attention, followed from the head back through all layers (Abnar and Zuidema 2020).

    A layer passes on half of a token's share as it is, for the residual connection, and half by the mean of
    its attention heads. It starts from the attention of the label or, under a pooled head, from the tokens
    that are pooled. Weights are never less than zero, and sum to 1 with those of special tokens.

    Under a pooled head, the map is the same for every label: it says where the encoder looks, not why it
    gives a code.

    It takes one forward pass with attention that holds all pairs of tokens. Memory is 4 bytes per layer and
    pair of tokens of a piece: 370 MB for the 22 layers of ModernBERT base and 2,048 tokens.

    Attributes
    ----------
    max_tokens
        The most tokens of a note or, if it is read in segments, of a segment.

    """

    kind: Literal["attention-rollout"] = "attention-rollout"
    max_tokens: int = Field(default=2048, ge=8)

    def objection_to_head(self, system: NeuralSystem) -> str | None:
        """Refuse a head that gathers tokens in another way."""
        model = system.model
        if not isinstance(model, EncoderWithHead) or isinstance(model.head, LabelQueries):
            return None
        head = (model.config.head or {}).get("kind")
        return f"needs a pooled head or one with label attention, and this model has head {head}"

    def remarks(self, system: System, info: ModelInfo) -> tuple[str, ...]:
        """Return that the map is the same for every code, under a pooled head."""
        if isinstance(cast(NeuralSystem, system).model, EncoderWithHead):
            return ()
        return (f"Under a pooled head, method {self.kind} marks the same words for every code.",)

    @torch.inference_mode()
    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weights [labels, tokens read]."""
        batch = system.reading.arrange([note.ids], system.tokenizer.pad_token_id)
        inputs = {name: tensor.to(system.model.device) for name, tensor in batch.items()}
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        because = "its memory grows with the square of the tokens"
        require_at_most(self.max_tokens, ids.shape[-1], self.kind, because)
        model = frozen_twin(system.model)
        with recorded_attention(model) as maps:
            flow = _start(model, inputs, labels).float()
        # The pieces of the note; one, if it is read as a whole.
        flow = flow.reshape(len(labels), *ids.reshape(-1, ids.shape[-1]).shape)
        for attention in reversed(maps):
            flow = (flow + torch.einsum("lpi,pij->lpj", flow, attention)) / 2
        found: npt.NDArray[np.float32] = flow.flatten(1)[:, mask.flatten().bool()].cpu().numpy()
        return found


def _start(model: Any, inputs: dict[str, torch.Tensor], labels: Sequence[int]) -> torch.Tensor:
    """Run a twin of the model, and return how the head gathers tokens for each label [labels, tokens]."""
    if isinstance(model, EncoderWithHead):
        seen: list[torch.Tensor] = []
        model.head.register_forward_pre_hook(lambda _, arguments: seen.extend(arguments))
        model(**inputs)
        hidden, mask = seen
        attention: torch.Tensor = cast(LabelQueries, model.head).attention(hidden, mask, labels)[0]
        return attention
    model(**inputs)
    mask = inputs["attention_mask"].float()
    if getattr(model.config, "classifier_pooling", "cls") == "mean":
        pooled = mask / mask.sum()
    else:
        pooled = torch.zeros_like(mask)
        pooled[:, 0] = 1
    return pooled.expand(len(labels), -1)
