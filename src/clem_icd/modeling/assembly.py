"""Assembly of models: the only place that does it for training, resuming, prediction and explanation."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_model as load_safetensors
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.adapters import Adapter
from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.context import require_context
from clem_icd.modeling.damage import (
    CONFIG,
    RESUME_EARLIER,
    TOKENIZER,
    WEIGHTS,
    Misshapen,
    naming_damage,
    require_file,
    require_padding,
    require_parameters,
)
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.linears import use_onednn
from clem_icd.modeling.model_files import COPY_AGAIN

_WEIGHTS_FILE = "model.safetensors"


def require_adaptable(architecture: Architecture) -> None:
    """Refuse an adapter that does not apply to its encoder, before weights and notes are read.

    Raises
    ------
    ModelError
        If the encoder cannot be opened, or lacks layers that the adapter applies to.
    MissingExtraError
        If the adapter needs a package that is not installed.

    """
    if architecture.adapter is not None:
        encoder = architecture.encoder.open(positions=architecture.reading.longest_sequence, texts=())
        architecture.adapter.require_encoder(encoder.without_weights())


def build(
    architecture: Architecture, labels: LabelSpace, *, texts: Iterable[str] = (), attention: str = BLOCK_LOCAL
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
    use_onednn(model)
    return model, encoder.tokenizer


def rebuild(
    architecture: Architecture,
    codes: Sequence[Code],
    folder: Path,
    *,
    attention: str = BLOCK_LOCAL,
    merged: bool = True,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the model of an architecture in single precision, with weights and tokenizer from a folder.

    Parameters
    ----------
    architecture, codes
        The architecture and the label space that the folder must have.
    folder
        A model folder, or a checkpoint of a run.
    attention
        The attention implementation.
    merged
        Whether the adapter is merged into the weights, as in a model folder; in a checkpoint it is not.

    Raises
    ------
    ModelError
        If a file is missing or damaged, weights are missing, or the folder has other labels or reads fewer
        tokens than the architecture asks for.

    """
    remedy = COPY_AGAIN if merged else RESUME_EARLIER
    adapter = None if merged else architecture.adapter
    _require_labels(folder, codes, remedy)
    with naming_damage(folder, CONFIG, remedy):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with naming_damage(folder, WEIGHTS, remedy):
        if adapter is None:
            model, missing, misshapen = _load_model(folder, config, attention)
        else:
            model, missing, misshapen = _load_adapted_model(folder, config, adapter, attention)
    require_parameters(folder / _WEIGHTS_FILE, missing, misshapen, remedy)
    with naming_damage(folder, TOKENIZER, remedy):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    require_padding(tokenizer, folder, remedy)
    try:
        architecture.head.require_model(model)
    except ValueError as problem:
        raise ModelError(
            f"config.json and clem.json disagree about the head: {problem}", path=folder, remedy=remedy
        ) from None
    require_context(model, str(folder), architecture.reading.longest_sequence, remedy)
    use_onednn(model)
    return model, tokenizer


def _load_model(
    folder: Path, config: PreTrainedConfig, attention: str
) -> tuple[PreTrainedModel, Collection[str], Collection[Misshapen]]:
    """Load a model; also return the parameters that its file lacks, or has in another shape."""
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        folder,
        config=config,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=torch.float32,
        attn_implementation=attention,
        ignore_mismatched_sizes=True,  # refused later, by name
        output_loading_info=True,
    )
    return model, loading["missing_keys"], loading["mismatched_keys"]


def _load_adapted_model(
    folder: Path, config: PreTrainedConfig, adapter: Adapter, attention: str
) -> tuple[PreTrainedModel, Collection[str], Collection[Misshapen]]:
    """Load a model with the adapter's own modules, which config.json does not describe."""
    model = AutoModelForSequenceClassification.from_config(
        config, attn_implementation=attention, dtype=torch.float32
    )
    model = adapter.apply(model)
    missing, unexpected = load_safetensors(model, folder / _WEIGHTS_FILE, strict=False)
    return model, [*missing, *unexpected], ()


def _require_labels(folder: Path, codes: Sequence[Code], remedy: str) -> None:
    path = folder / "config.json"
    require_file(path, remedy)
    try:
        names = json.loads(path.read_text(encoding="utf-8"))["id2label"]
        found = [names[str(position)] for position in range(len(names))]
    except (KeyError, TypeError):
        raise ModelError("does not list the labels as id2label", path=path, remedy=remedy) from None
    if found != [code.value for code in codes]:
        raise ModelError(
            f"config.json and clem.json disagree about the labels ({len(found)} and {len(codes)})",
            path=folder,
            remedy=remedy,
        )
