"""Parameter groups of the optimizer: the head may learn faster, and biases and norms do not decay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from transformers import PreTrainedModel


def parameter_groups(
    model: PreTrainedModel,
    decaying: Collection[str],
    *,
    learning_rate: float,
    head_factor: float,
    weight_decay: float,
) -> list[dict[str, Any]]:
    """Return the trained parameters in groups, each with its learning rate and its weight decay.

    Parameters
    ----------
    model
        A model whose encoder is its base model; everything else is its head.
    decaying
        The names of the parameters that decay.
    learning_rate, weight_decay
        Those of the encoder; the weight decay is also that of the head.
    head_factor
        The learning rate of the head, as a multiple of the encoder's. CascadeXML (Kharbanda et al. 2022) uses
        10 for a head over many labels.

    """
    prefix = f"{model.base_model_prefix}."
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(prefix), name in decaying), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": learning_rate * (1.0 if in_encoder else head_factor),
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (in_encoder, decays), parameters in groups.items()
    ]
