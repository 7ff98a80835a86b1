"""Assembly of models: the only place that does it for training, resuming, prediction and explanation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model as load_safetensors
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.adapters import Adapter
from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.context import require_context
from clem_icd.modeling.labels import LabelSpace

_COPY_AGAIN = "Copy the whole model folder again"


def build(
    architecture: Architecture, labels: LabelSpace, *, texts: Iterable[str] = (), attention: str = "sdpa"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a new model of an architecture and its tokenizer, in single precision.

    Weights that neither the encoder nor the labels determine are random: seed torch first.

    Parameters
    ----------
    architecture
        The choices that define the model.
    labels
        The label space; the codes become ``id2label``.
    texts
        Training notes, read only if the encoder learns its tokenizer from them.
    attention
        The attention implementation.

    Raises
    ------
    ModelError
        If the encoder cannot be loaded, lacks weights, reads fewer tokens than the reading asks for, or
        does not support a field of one of the choices.

    """
    reading = architecture.reading
    encoder = architecture.encoder.open(positions=reading.longest_sequence, texts=texts)
    model = architecture.head.new_model(encoder, labels, attention=attention)
    require_context(
        model,
        encoder.name,
        reading.longest_sequence,
        f"Set reading.{reading.longest_sequence_field}={{context}}",
    )
    architecture.head.initialize(model, encoder.tokenizer, labels)
    if architecture.adapter is not None:
        model = architecture.adapter.apply(model)
    return model, encoder.tokenizer


def rebuild(
    architecture: Architecture,
    codes: Sequence[Code],
    folder: Path,
    *,
    attention: str = "sdpa",
    dtype: torch.dtype = torch.float32,
    merged: bool = True,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the model of an architecture, with weights and tokenizer from a folder.

    Parameters
    ----------
    architecture, codes
        The architecture and the label space that the folder must have.
    folder
        A model folder, or a checkpoint of a run.
    attention
        The attention implementation.
    dtype
        The data type of the weights.
    merged
        Whether the adapter is merged into the weights, as in a model folder; in a checkpoint it is not.

    Raises
    ------
    ModelError
        If a file is missing or damaged, weights are missing, or the folder has other labels or reads fewer
        tokens than the architecture asks for.

    """
    _require_labels(folder, codes)
    adapter = None if merged else architecture.adapter
    try:
        if adapter is None:
            model, is_complete = _load_model(folder, attention, dtype)
        else:
            model, is_complete = _load_adapted_model(folder, adapter, attention, dtype)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as problem:
        raise ModelError(
            f"cannot be loaded ({type(problem).__name__}): a file is missing or damaged",
            path=folder,
            remedy=_COPY_AGAIN,
        ) from problem
    # Missing weights would be random, and the model would still predict.
    if not is_complete:
        raise ModelError(
            "weights are missing or damaged in model.safetensors", path=folder, remedy=_COPY_AGAIN
        )
    if tokenizer.pad_token_id is None:
        raise ModelError(
            "the tokenizer is missing or damaged: it has no padding token", path=folder, remedy=_COPY_AGAIN
        )
    try:
        architecture.head.require_model(model)
    except ValueError as problem:
        raise ModelError(
            f"config.json and clem.json disagree about the head: {problem}", path=folder, remedy=_COPY_AGAIN
        ) from None
    require_context(model, str(folder), architecture.reading.longest_sequence, _COPY_AGAIN)
    return model, tokenizer


def _load_model(folder: Path, attention: str, dtype: torch.dtype) -> tuple[PreTrainedModel, bool]:
    """Load a model; the flag says whether its file has all weights."""
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        folder,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=dtype,
        attn_implementation=attention,
        output_loading_info=True,
    )
    return model, not (loading["missing_keys"] or loading["mismatched_keys"])


def _load_adapted_model(
    folder: Path, adapter: Adapter, attention: str, dtype: torch.dtype
) -> tuple[PreTrainedModel, bool]:
    """Load a model with the adapter's own modules, which config.json does not describe."""
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation=attention, dtype=dtype)
    model = adapter.apply(model)
    missing, unexpected = load_safetensors(model, folder / "model.safetensors", strict=False)
    return model, not (missing or unexpected)


def _require_labels(folder: Path, codes: Sequence[Code]) -> None:
    try:
        names = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        found = [names[str(position)] for position in range(len(names))]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ModelError(
            "config.json is missing or does not list the labels as id2label", path=folder, remedy=_COPY_AGAIN
        ) from problem
    if found != [code.value for code in codes]:
        raise ModelError(
            f"config.json and clem.json disagree about the labels ({len(found)} and {len(codes)})",
            path=folder,
            remedy=_COPY_AGAIN,
        )
