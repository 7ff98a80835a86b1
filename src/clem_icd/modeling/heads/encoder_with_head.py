"""An encoder under a custom head, as a Hugging Face model of its own type."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from clem_icd.modeling.encoders import OpenEncoder
from clem_icd.modeling.heads.head import Head
from clem_icd.modeling.labels import LabelSpace, label_fields


class TokenHead(Head):
    """A head that sees the vector of every token; a subclass only has to provide the module."""

    @property
    def attends_to_padding(self) -> bool:
        """Whether padding is read like the tokens of a note, as some published code does."""
        return False

    def module(self, width: int, labels: int) -> torch.nn.Module:
        """Return the module that computes the logits.

        Its ``forward(hidden, mask)`` takes vectors [notes, tokens, width] and a mask that is 0 for padding
        [notes, tokens], and returns logits [notes, labels]. Padding must not change them.
        """
        raise NotImplementedError

    def config_fields(self, labels: LabelSpace) -> dict[str, Any]:
        """Return what `module_of` has to know about the labels, as fields of the config."""
        return {}

    def module_of(self, config: EncoderWithHeadConfig, width: int) -> torch.nn.Module:
        """Return the module of a config, for an encoder with vectors of a width."""
        return self.module(width, config.num_labels or 0)

    def require_model(self, model: PreTrainedModel) -> None:
        """Refuse a model with another head, or with this one and other fields."""
        found = model.config.head if isinstance(model, EncoderWithHead) else {"kind": "pooled"}
        if found != self.model_dump(mode="json"):
            raise ValueError(f"config.json has the head {found}")

    def new_model(self, encoder: OpenEncoder, labels: LabelSpace, *, attention: str) -> PreTrainedModel:
        """Return a model with this head on an encoder."""
        backbone = encoder.load(AutoModel, attention=attention)
        config = EncoderWithHeadConfig(
            encoder=backbone.config.to_dict(),
            head=self.model_dump(mode="json"),
            **label_fields(labels.codes),
            **self.config_fields(labels),
        )
        config._attn_implementation = attention
        model = EncoderWithHead(config)
        model.encoder.load_state_dict(backbone.state_dict())
        return model


class EncoderWithHeadConfig(PreTrainedConfig):
    """The config of an encoder with its head.

    Attributes
    ----------
    encoder
        The encoder's config as a mapping.
    head
        The fields of the head, ``kind`` included.
    label_tree
        `LabelTree.parents`, for a head that has a tree of labels.

    """

    model_type = "clem-icd"

    encoder: dict[str, Any] | None = None
    head: dict[str, Any] | None = None
    label_tree: list[list[int]] | None = None


class Encoded(NamedTuple):
    """The notes of a batch as a `TokenHead` is given them.

    Attributes
    ----------
    hidden
        The vector of every token [notes, tokens, width].
    mask
        0 for padding that the head does not read [notes, tokens].

    """

    hidden: torch.Tensor
    mask: torch.Tensor


class EncoderWithHead(PreTrainedModel):
    """An encoder and a `TokenHead`, for notes in one piece or in several.

    Notes in several pieces have the shape [notes, pieces, length]. Each piece is encoded separately, and the
    head sees the concatenated vectors of all pieces.
    """

    config_class = EncoderWithHeadConfig
    base_model_prefix = "encoder"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    def __init__(self, config: EncoderWithHeadConfig) -> None:
        # Imported here: the registry imports this module.
        from clem_icd.modeling.heads import HEADS

        super().__init__(config)
        encoder = AutoConfig.for_model(**(config.encoder or {}))
        self.encoder = AutoModel.from_config(encoder, attn_implementation=config._attn_implementation)
        head = HEADS.parse(config.head)
        if not isinstance(head, TokenHead):
            raise ValueError(f"config.head is {config.head!r}, expected a head over tokens")
        self.head = head.module_of(config, encoder.hidden_size)
        self.attends_to_padding = head.attends_to_padding
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leave the head as its module made it; the encoder has methods of its own."""

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **others: Any,
    ) -> SequenceClassifierOutput:
        """Return the logits [notes, labels]; the arguments are those of `encode`."""
        encoded = self.encode(input_ids, attention_mask, inputs_embeds, **others)
        return SequenceClassifierOutput(logits=self.head(encoded.hidden, encoded.mask))

    def encode(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **others: Any,
    ) -> Encoded:
        """Return what the head is given: the pieces of each note one after the other.

        Parameters
        ----------
        input_ids
            Token ids [notes, tokens] or [notes, pieces, length].
        attention_mask
            0 for padding, same shape; None if nothing is padded.
        inputs_embeds
            Token vectors in place of ``input_ids``, with one more dimension.
        others
            Further arguments of the encoder.

        """
        inputs = input_ids if inputs_embeds is None else inputs_embeds
        if inputs is None:
            raise ValueError("expected input_ids or inputs_embeds, got neither")
        shape = inputs.shape if inputs_embeds is None else inputs.shape[:-1]
        mask = (
            torch.ones(shape, dtype=torch.long, device=inputs.device)
            if attention_mask is None
            else attention_mask
        )
        pieces = mask.reshape(-1, shape[-1])
        # A piece of nothing but padding has nothing to attend to and would give NaN.
        real = pieces.any(dim=1)
        if self.attends_to_padding:
            pieces = torch.where(real[:, None], pieces, 1)
            real, mask = torch.ones_like(real), torch.ones_like(mask)
        flat = inputs.reshape(-1, *inputs.shape[len(shape) - 1 :])
        name = "input_ids" if inputs_embeds is None else "inputs_embeds"
        if not real.any():
            raise ValueError("a batch of nothing but padding has no notes to score")
        encoded = self.encoder(**{name: flat[real]}, attention_mask=pieces[real], **others).last_hidden_state
        hidden = encoded.new_zeros(*pieces.shape, encoded.shape[-1])
        hidden[real] = encoded
        notes = shape[0]
        return Encoded(hidden.reshape(notes, -1, hidden.shape[-1]), mask.reshape(notes, -1))


AutoConfig.register(EncoderWithHeadConfig.model_type, EncoderWithHeadConfig)
AutoModelForSequenceClassification.register(EncoderWithHeadConfig, EncoderWithHead)
