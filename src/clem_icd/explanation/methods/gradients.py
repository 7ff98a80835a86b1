"""Gradients of logits in evaluation mode, in bounded memory and without a trace in the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from clem_icd.explanation.methods.twin import frozen_twin
from clem_icd.modeling import EncoderWithHead
from clem_icd.modeling.heads.label_queries import LabelQueries

CHECKPOINTED_TOKENS = 2_049
"""From this many tokens on, each layer of the encoder is computed again in every backward pass.

Otherwise a model of the size of ModernBERT-base would hold 1.6 MB per token. A backward pass takes half as
long again.
"""


@contextmanager
def traced(model: PreTrainedModel, tokens: int) -> Iterator[PreTrainedModel]:
    """Record what follows for gradients with respect to inputs, whatever the caller's mode.

    Yields a `frozen_twin` of the model: nothing is kept for gradients of its weights.

    Parameters
    ----------
    model
        A model in evaluation mode.
    tokens
        The number of tokens of the note, by which `CHECKPOINTED_TOKENS` decides.

    """
    with torch.inference_mode(False), torch.enable_grad():
        twin = frozen_twin(model)
        if tokens >= CHECKPOINTED_TOKENS:
            _checkpoint_layers(twin)
        yield twin


def _checkpoint_layers(twin: PreTrainedModel) -> None:
    """Checkpoint the layers of the encoder; transformers does so in training mode only."""
    for layer in twin.modules():
        if isinstance(layer, GradientCheckpointingLayer):
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)


def embedded(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the vectors of the tokens of a batch, for gradients with respect to them [..., width]."""
    embed: Any = model.get_input_embeddings()
    vectors: torch.Tensor = embed(batch["input_ids"])
    return vectors.detach().requires_grad_()


def logits_of(
    model: PreTrainedModel, embeddings: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]
) -> torch.Tensor:
    """Return the logits of some labels of one note, from the vectors of its tokens [labels]."""
    stock: Any = model
    inputs = {"inputs_embeds": embeddings, "attention_mask": mask}
    if isinstance(model, EncoderWithHead) and isinstance(model.head, LabelQueries):
        # Not those of all labels: thousands may cost more than the encoder, in each backward pass.
        encoded = model.encode(**inputs)
        return model.head.logits_of(encoded.hidden, encoded.mask, labels)[0]
    logits: torch.Tensor = stock(**inputs).logits[0, list(labels)]
    return logits


def products(logits: torch.Tensor, *tensors: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """Yield tensors times the gradient of one logit after the other, by one backward pass each.

    Parameters
    ----------
    logits
        Those of one note [labels]. They can be differentiated only once.
    tensors
        What they were computed from [..., width].

    """
    for row, logit in enumerate(logits):
        gradients = torch.autograd.grad(logit, tensors, retain_graph=row + 1 < len(logits))
        yield [
            tensor.detach().float() * gradient.float()
            for tensor, gradient in zip(tensors, gradients, strict=True)
        ]


def norms(products: torch.Tensor, mask: torch.Tensor) -> npt.NDArray[np.float32]:
    """Return the L2 norm of each token that was read [tokens read], from products [..., width]."""
    found: npt.NDArray[np.float32] = products.norm(dim=-1)[mask.bool()].cpu().numpy()
    return found


def deviations(products: torch.Tensor, mask: torch.Tensor) -> npt.NDArray[np.float32]:
    """Return how far the sum of each token that was read is above their mean [tokens read]."""
    sums = products.sum(dim=-1)[mask.bool()]
    found: npt.NDArray[np.float32] = (sums - sums.mean()).cpu().numpy()
    return found
