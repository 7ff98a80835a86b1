"""Tensors from a file and the model that a config describes: every parameter of the encoder must match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_PRETRAINING_MAPPING,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.auto_factory import _BaseAutoModelClass

from clem_icd.errors import ModelError
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.damage import CONFIG, naming_damage
from clem_icd.modeling.encoders.encoder import require_encoder

# In checkpoints that were once converted from TensorFlow.
_RENAMED = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


@dataclass(frozen=True)
class Fitted:
    """A model with weights from a file.

    Attributes
    ----------
    model
        The model that a config describes, under its pretraining head if the file has any of it.
    weights
        Its weights from the file, in single precision, by name.
    dtypes
        Their data types in the file.
    left_out
        Tensors of the file that the model has no place for.

    """

    model: PreTrainedModel
    weights: dict[str, torch.Tensor]
    dtypes: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """The number of parameters, tied ones counted once."""
        return sum({tensor.data_ptr(): tensor.numel() for tensor in self.weights.values()}.values())


def fit_to_config(
    tensors: Mapping[str, torch.Tensor], config: PreTrainedConfig, file: Path, remedy: str
) -> Fitted:
    """Load tensors into the model that a config describes.

    Parameters
    ----------
    tensors
        The tensors of a file.
    config
        The config.
    file, remedy
        The file, next to the config, and what to do if they disagree.

    Raises
    ------
    ModelError
        If the config describes no model, or the encoder in the file has fewer or more parameters than it
        describes, or has them in another shape.

    """
    # Whole numbers are buffers, which a model computes itself.
    buffers = [name for name, tensor in tensors.items() if not tensor.is_floating_point()]
    floats = {_current_name(name): tensor for name, tensor in tensors.items() if tensor.is_floating_point()}
    with naming_damage(file.parent, CONFIG, remedy):
        loaded: Any = _class_of(config).from_pretrained(
            None,
            config=config,
            state_dict=dict(floats),
            attn_implementation=BLOCK_LOCAL,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # refused below, by name
            output_loading_info=True,
        )
    model, loading = loaded
    require_encoder(model, loading, file, remedy)
    _refuse_undescribed(model, loading["unexpected_keys"], file, remedy)
    if hasattr(model.config, "auto_map"):
        del model.config.auto_map  # names code that is not needed
    misshapen = {name for name, *_ in loading["mismatched_keys"]}
    random = {*loading["missing_keys"], *misshapen}
    base = f"{model.base_model_prefix}."
    head = {name for name, _ in model.named_parameters() if not name.startswith(base)}
    if head <= random:
        model, random = model.base_model, {name.removeprefix(base) for name in random}
    return Fitted(
        model,
        weights={name: tensor for name, tensor in model.state_dict().items() if name not in random},
        dtypes=tuple(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in floats.values()})),
        left_out=tuple(sorted({*buffers, *loading["unexpected_keys"], *misshapen})),
    )


def _current_name(name: str) -> str:
    for old, new in _RENAMED.items():
        name = name.removesuffix(old) + new if name.endswith(old) else name
    return name


def _class_of(config: PreTrainedConfig) -> type[PreTrainedModel]:
    """Return the class of a config's model: under its pretraining head, if there is one."""
    auto: type[_BaseAutoModelClass] = AutoModel
    if type(config) in MODEL_FOR_PRETRAINING_MAPPING:
        auto = AutoModelForPreTraining
    elif type(config) in MODEL_FOR_MASKED_LM_MAPPING:
        auto = AutoModelForMaskedLM
    with torch.device("meta"):  # without memory for weights
        return type(auto.from_config(config))


def _refuse_undescribed(model: PreTrainedModel, unexpected: Iterable[str], file: Path, remedy: str) -> None:
    """Refuse parameters of the encoder that the model lacks, as layers beyond those in the config."""
    parts = dict(model.base_model.named_children())
    found = [
        name
        for name in unexpected
        if name.removeprefix(f"{model.base_model_prefix}.").partition(".")[0] in parts
        and "pooler." not in name
    ]
    if found:
        raise ModelError(
            f"has {len(found)} parameters that config.json does not describe: for example {min(found)}",
            path=file,
            remedy=remedy,
        )
