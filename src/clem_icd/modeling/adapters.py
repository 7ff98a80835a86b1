"""Adapters: which weights training changes. A new kind is one class and one line here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from transformers import PreTrainedModel

from clem_icd.errors import ModelError
from clem_icd.extras import optional
from clem_icd.fields import Choice, Choices
from clem_icd.modeling.heads import EncoderWithHead


class Adapter(Choice):
    """Selects or adds the weights of an assembled model that are trained."""

    def require_encoder(self, encoder: PreTrainedModel) -> None:
        """Refuse an encoder that the adapter does not apply to; its weights need not be loaded.

        Raises
        ------
        ModelError
            If the encoder lacks layers that the adapter applies to.
        MissingExtraError
            If the adapter needs a package that is not installed.

        """

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return the model, ready for training, with the adapter's own modules if it has any.

        Raises
        ------
        ModelError
            If the model lacks the weights that the adapter applies to.

        """
        raise NotImplementedError

    def merge(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return a trained model with the same logits and without modules of the adapter.

        Models are saved merged, so that they load without the adapter. The default is for adapters that add
        no modules.
        """
        return model


class Lora(Adapter):
    """Low-rank changes to linear layers of the encoder, whose own weights stay as they are.

    A layer with the weights W computes with W + alpha / rank * B A, where only the narrow matrices A and B
    are trained (Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, 4.1). The head is trained
    as without an adapter.

    Attributes
    ----------
    rank
        The rank of each change: the rows of A and the columns of B.
    alpha
        Scales the changes, together with the rank.
    dropout
        Dropout of what A is multiplied with.
    targets
        The layers to change, each by the end of its name: ``attn.Wqkv``, or ``Wo`` for both layers of that
        name in a block; None for all linear layers of the encoder.

    """

    kind: Literal["lora"] = "lora"
    rank: int = Field(default=16, ge=1)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: list[Annotated[str, Field(min_length=1)]] | None = Field(default=None, min_length=1)

    def require_encoder(self, encoder: PreTrainedModel) -> None:
        """Refuse an encoder without the targets, and any where ``peft`` is not installed."""
        self._peft()
        self._layers(encoder)

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """Freeze the encoder and add the low-rank matrices, which change no logit before they are trained."""
        peft = self._peft()
        encoder: Any = model.base_model
        config = peft.LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self._layers(encoder),
        )
        # Not a PeftModel around the model: the model keeps its class, which heads and checkpoints depend on.
        peft.inject_adapter_in_model(config, encoder)
        # A head over tokens does not use the pooler.
        if not isinstance(model, EncoderWithHead):
            for name, parameter in encoder.named_parameters():
                if _is_pooler(name):
                    parameter.requires_grad_(True)
        return model

    def merge(self, model: PreTrainedModel) -> PreTrainedModel:
        """Add the changes to the weights of their layers, and remove the matrices."""
        layer_type = optional("peft.tuners.tuners_utils", "adapter=lora").BaseTunerLayer
        for name, module in list(model.named_modules()):
            if isinstance(module, layer_type):
                layer: Any = module
                layer.merge()
                model.set_submodule(name, layer.get_base_layer())
        del model.base_model.peft_config
        model.requires_grad_(True)
        return model

    def _layers(self, encoder: PreTrainedModel) -> list[str]:
        """Return the names of the layers to change."""
        layers = [
            name
            for name, module in encoder.named_modules()
            if isinstance(module, torch.nn.Linear) and not _is_pooler(name)
        ]
        if not layers:
            raise ModelError(
                f"a {encoder.config.model_type} encoder has no linear layers, which adapter=lora changes",
                remedy="Set adapter=null",
            )
        if self.targets is None:
            return layers
        for target in self.targets:
            if not any(_is_named(name, target) for name in layers):
                # Blocks have the same layers, under their numbers.
                found = sorted({re.sub(r"^.*\.\d+\.", "", name) for name in layers})
                raise ModelError(
                    f"a {encoder.config.model_type} encoder has no linear layer {target!r}, which "
                    "adapter.targets names",
                    remedy=f"Choose from {', '.join(found)}, or set adapter.targets=null for all",
                )
        return [name for name in layers if any(_is_named(name, target) for target in self.targets)]

    def _peft(self) -> Any:
        return optional("peft", "adapter=lora")


def _is_pooler(name: str) -> bool:
    """Whether a layer or parameter is of the pooler: BERT counts it as part of the encoder.

    It is a layer of the head, which masked-language models lack, so it may start from random weights.
    """
    return "pooler" in name.split(".")


def _is_named(name: str, target: str) -> bool:
    return f".{name}".endswith(f".{target}")


ADAPTERS: Choices[Adapter] = Choices("adapter")
ADAPTERS.register(Lora)
