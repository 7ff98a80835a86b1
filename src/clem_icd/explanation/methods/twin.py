"""A second model on the same weights, in which a method may change what it needs."""

from __future__ import annotations

import copy

import torch
from transformers import PreTrainedModel


def frozen_twin(model: PreTrainedModel) -> PreTrainedModel:
    """Return a copy of a model that shares its weights, which are constants in the copy.

    Its attention and its hooks can be changed while other threads score notes with the model itself, and what
    only gradients of weights need is not kept.
    """
    shared: dict[int, torch.Tensor] = {id(buffer): buffer for buffer in model.buffers()}
    for parameter in model.parameters():
        shared[id(parameter)] = torch.nn.Parameter(parameter.detach(), requires_grad=False)
    twin: PreTrainedModel = copy.deepcopy(model, shared)
    return twin
