"""The only place that assembles a model: for training, resuming, prediction and explanation alike."""

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

_AGAIN = "Copy the model folder again, all of it"


def build(
    architecture: Architecture, labels: LabelSpace, *, texts: Iterable[str] = (), attention: str = "sdpa"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a new model of an architecture and its tokenizer, in single precision.

    Weights that come neither with the encoder nor from the labels are random: seed torch first.

    Parameters
    ----------
    architecture
        The choices.
    labels
        The label space; the codes become ``id2label``.
    texts
        Training notes, for an encoder whose tokenizer is learned from them.
    attention
        The attention implementation.

    Raises
    ------
    ModelError
        If the encoder cannot be loaded, lacks weights, or reads fewer tokens than the reading gives it, or
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
    """Return the model of an architecture with the weights and the tokenizer of a checkpoint folder.

    Raises
    ------
    ModelError
        If a file is missing or damaged, some weights are missing, or the folder is for other labels or reads
        fewer tokens than the architecture says.

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
            remedy=_AGAIN,
        ) from problem
    # Missing weights would be random, and the model would predict all the same.
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise ModelError(
            "weights are missing or damaged: model.safetensors lacks some", path=folder, remedy=_AGAIN
        )
    if tokenizer.pad_token_id is None:
        raise ModelError(
            "the tokenizer is missing or damaged: it has no padding token", path=folder, remedy=_AGAIN
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
            "config.json is missing or does not list the labels as id2label", path=folder, remedy=_AGAIN
        ) from problem
    if found != [code.value for code in codes]:
        raise ModelError(
            f"config.json and clem.json disagree about the labels ({len(found)} and {len(codes)})",
            path=folder,
            remedy=_AGAIN,
        )
