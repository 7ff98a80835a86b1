"""The size of a model before it exists, and whether its encoder fits the reading."""

from __future__ import annotations

import copy

import torch
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel

from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.context import require_context
from clem_icd.modeling.encoders import OpenEncoder, SmallEncoder
from clem_icd.modeling.heads import Head, TokenHead

_A_TEXT = ("a text",)


def parameters_of(architecture: Architecture, labels: int) -> int:
    """Return how many parameters a new model of an architecture has, without its weights.

    For an encoder that learns its tokenizer, the number is that with a full vocabulary.

    Parameters
    ----------
    architecture
        The choices that define the model.
    labels
        The size of the label space.

    Raises
    ------
    ModelError
        If the encoder cannot be opened.

    """
    config = copy.deepcopy(_open(architecture).config)
    with torch.device("meta"):
        if isinstance(architecture.head, TokenHead):
            body: PreTrainedModel = AutoModel.from_config(config)
            return body.num_parameters() + head_parameters(architecture.head, config.hidden_size, labels)
        config.num_labels = labels
        whole: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
        return whole.num_parameters()


def head_parameters(head: Head, width: int, labels: int) -> int:
    """Return how many parameters a head has; about, for the stock head, which differs between encoders.

    Parameters
    ----------
    head
        The head.
    width, labels
        The width of the encoder's vectors, and the number of labels.

    """
    if not isinstance(head, TokenHead):
        return width * width + labels * (width + 1)
    with torch.device("meta"):
        return sum(one.numel() for one in head.module(width, labels).parameters())


def require_encoder(architecture: Architecture) -> None:
    """Refuse an encoder that cannot be opened, or reads fewer tokens than the reading asks for.

    Only its config and its tokenizer are read.

    Raises
    ------
    ModelError
        If it is so.

    """
    encoder, reading = _open(architecture), architecture.reading
    with torch.device("meta"):
        body = AutoModel.from_config(encoder.config)
    require_context(
        body,
        encoder.name,
        reading.longest_sequence,
        f"Set reading.{reading.longest_sequence_field}={{context}}",
    )


def _open(architecture: Architecture) -> OpenEncoder:
    chosen = architecture.encoder
    encoder = chosen.open(positions=architecture.reading.longest_sequence, texts=_A_TEXT)
    if isinstance(chosen, SmallEncoder):
        encoder.config.vocab_size = chosen.vocabulary
    return encoder
