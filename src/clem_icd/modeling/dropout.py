"""Whether a model has dropout."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from clem_icd.modeling.encoders.encoder import DROPOUTS


def drops_out(model: PreTrainedModel) -> bool:
    """Return whether two passes of a model in training mode differ by dropout."""
    modules = (module for module in model.modules() if isinstance(module, torch.nn.Dropout))
    # The dropout of attention weights is often no module.
    config = model.base_model.config
    return any(module.p > 0 for module in modules) or any(getattr(config, name, None) for name in DROPOUTS)
