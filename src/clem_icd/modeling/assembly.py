"""Assembly of models: the only place that does it for training, resuming, prediction and explanation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.errors import ModelError
from clem_icd.icd import Code
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
        model, encoder.name, reading.longest_sequence, f"reading.{reading.longest_sequence_field}="
    )
    architecture.head.initialize(model, encoder.tokenizer, labels)
    return model, encoder.tokenizer


def rebuild(
    architecture: Architecture,
    codes: Sequence[Code],
    folder: Path,
    *,
    attention: str = "sdpa",
    dtype: torch.dtype = torch.float32,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the model of an architecture, with weights and tokenizer from a checkpoint folder.

    Raises
    ------
    ModelError
        If a file is missing or damaged, weights are missing, or the folder has other labels or reads fewer
        tokens than the architecture asks for.

    """
    _require_labels(folder, codes)
    try:
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=dtype,
            attn_implementation=attention,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as problem:
        raise ModelError(
            f"cannot be loaded ({type(problem).__name__}): a file is missing or damaged",
            path=folder,
            remedy=_COPY_AGAIN,
        ) from problem
    # transformers would fill missing weights with random numbers, and the model would still predict.
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise ModelError(
            "weights are missing or damaged in model.safetensors", path=folder, remedy=_COPY_AGAIN
        )
    if tokenizer.pad_token_id is None:
        raise ModelError(
            "the tokenizer is missing or damaged: it has no padding token", path=folder, remedy=_COPY_AGAIN
        )
    require_context(
        model, str(folder), architecture.reading.longest_sequence, "in clem.json, reading.max_tokens="
    )
    return model, tokenizer


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
