"""From the name of an encoder to a stock classifier over a label space, with its tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    ModernBertConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.auto_factory import _BaseAutoModelClass
from transformers.utils.import_utils import is_flash_attn_2_available

from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.context import context_of
from clem_icd.modeling.tokenizer import learn_tokenizer

SMALL = "small"


@dataclass(frozen=True, slots=True)
class SmallEncoder:
    """The dimensions of ``encoder=small``: a ModernBERT with random weights.

    Attributes
    ----------
    hidden_size, intermediate_size, layers, attention_heads
        As in ModernBERT, where they are 768, 1,152, 22 and 12.
    vocabulary
        Number of tokens of the tokenizer learned from the training notes.
    global_attention_every
        Every which layer attends to the whole note, from the first on; the others see 64 tokens to each side.

    """

    hidden_size: int
    intermediate_size: int
    layers: int
    attention_heads: int
    vocabulary: int
    global_attention_every: int = 3

    def config(self, tokenizer: PreTrainedTokenizerBase, max_tokens: int, **fields: Any) -> ModernBertConfig:
        """Return the config of a ModernBERT of these dimensions."""
        return ModernBertConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.attention_heads,
            layer_types=[
                "sliding_attention" if layer % self.global_attention_every else "full_attention"
                for layer in range(self.layers)
            ],
            max_position_embeddings=max_tokens,
            pad_token_id=tokenizer.pad_token_id,
            cls_token_id=tokenizer.cls_token_id,
            sep_token_id=tokenizer.sep_token_id,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            **{"classifier_pooling": "mean", **fields},
        )


def attention_for(device: torch.device, dtype: torch.dtype) -> str:
    """Return FlashAttention-2 where it is installed and fits, else PyTorch's own attention."""
    fits = device.type == "cuda" and dtype in (torch.float16, torch.bfloat16)
    return "flash_attention_2" if fits and is_flash_attn_2_available() else "sdpa"


def new_classifier(
    encoder: str,
    labels: Sequence[Code],
    *,
    max_tokens: int,
    texts: Iterable[str],
    small: SmallEncoder,
    attention: str = "sdpa",
    options: dict[str, Any] | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the stock multi-label classifier on top of an encoder, and its tokenizer.

    The weights of a head that does not come with the encoder are random, and so is all of
    ``encoder=small``: seed torch before.

    Parameters
    ----------
    encoder
        ``small``, the name of an encoder that comes with this package, a folder, or a Hub id.
    labels
        The label space [labels]; the codes become ``id2label``.
    max_tokens
        The longest input that the model will be given.
    texts
        Training notes; the tokenizer of ``encoder=small`` is learned from them.
    options
        Further fields of the encoder's config, such as ``classifier_pooling``.

    Raises
    ------
    ModelError
        If the encoder cannot be loaded, lacks weights, or reads fewer than ``max_tokens`` tokens.

    """
    head = {
        "num_labels": len(labels),
        "id2label": {position: label.value for position, label in enumerate(labels)},
        "label2id": {label.value: position for position, label in enumerate(labels)},
        "problem_type": "multi_label_classification",
        **(options or {}),
    }
    if encoder == SMALL:
        return _new_small(small, head, max_tokens, texts, attention)
    return _load_encoder(encoder, head, max_tokens, attention)


def set_prior_bias(model: PreTrainedModel, frequencies: npt.NDArray[np.float64]) -> None:
    """Set the bias of the head so that an untrained model predicts each label's frequency.

    Without it, the first epochs of a training with thousands of rare labels go into learning that
    they are rare (Lin et al. 2017, Focal Loss for Dense Object Detection, 3.3).

    Parameters
    ----------
    frequencies
        Share of the training notes that have the label [labels].

    Raises
    ------
    ModelError
        If the head has no layer ``classifier`` with a bias.

    """
    odds = np.clip(frequencies, 1e-6, 1 - 1e-6)
    try:
        bias = model.get_parameter("classifier.bias")
    except AttributeError:
        raise ModelError(
            f"the head of {type(model).__name__} has no bias that can be set", remedy="Set prior_bias=false"
        ) from None
    with torch.no_grad():
        bias.copy_(torch.from_numpy(np.log(odds / (1 - odds))))


def shipped_encoders() -> dict[str, Path]:
    """Return the encoders that come with this package, by name."""
    root = resources.files("clem_icd") / "encoders"
    with resources.as_file(root) as folder:
        return {path.parent.name: path.parent for path in sorted(folder.glob("*/config.json"))}


def encoder_place(encoder: str) -> str:
    """Return the folder of an encoder that comes with this package, and any other name as it is."""
    return str(shipped_encoders().get(encoder, encoder))


def _new_small(
    small: SmallEncoder, head: dict[str, Any], max_tokens: int, texts: Iterable[str], attention: str
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    tokenizer = learn_tokenizer(texts, vocabulary=small.vocabulary, max_tokens=max_tokens)
    config = small.config(tokenizer, max_tokens, **head)
    return AutoModelForSequenceClassification.from_config(config, attn_implementation=attention), tokenizer


def _load_encoder(
    encoder: str, head: dict[str, Any], max_tokens: int, attention: str
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    model, tokenizer = load_pretrained(encoder, AutoModelForSequenceClassification, attention, head)
    require_context(model, encoder, max_tokens, "max_tokens=")
    return model, tokenizer


def require_context(model: PreTrainedModel, encoder: str, tokens: int, setting: str) -> None:
    """Refuse an encoder that reads fewer tokens than it will be given.

    Raises
    ------
    ModelError
        If it does; ``setting``, followed by what it reads, is the remedy.

    """
    context = context_of(model)
    if context is not None and context < tokens:
        raise ModelError(
            f"the encoder {encoder!r} reads {context} tokens, asked for {tokens}",
            remedy=f"Set {setting}{context}",
        )


def load_pretrained(
    encoder: str, kind: type[_BaseAutoModelClass], attention: str, fields: dict[str, Any] | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return an encoder under a stock head, in single precision, and its tokenizer.

    Parameters
    ----------
    encoder
        The name of an encoder that comes with this package, a folder, or a Hub id.
    kind
        The Auto class of the head. What the head has no weights for is random.
    fields
        Fields of the config that differ from the encoder's own.

    Raises
    ------
    ModelError
        If the encoder cannot be loaded, or lacks weights of its own.

    """
    place = encoder_place(encoder)
    # What can only be a path is not looked for on the Hub.
    if not Path(place).is_dir() and (place.startswith((".", "/", "~")) or place.count("/") > 1):
        raise ModelError("there is no such encoder folder", path=place, remedy="Check the path")
    try:
        config = AutoConfig.from_pretrained(place, trust_remote_code=False, **(fields or {}))
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        model, loading = kind.from_pretrained(
            place,
            config=config,
            attn_implementation=attention,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            # The head of an earlier run is of that run's labels, and gives way to a new one.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, SafetensorError) as problem:
        raise ModelError(
            f"the encoder {encoder!r} cannot be loaded ({type(problem).__name__})",
            remedy="Name a folder with config.json, model.safetensors and a tokenizer, "
            f"a Hub id where the Hub can be reached, or {SMALL!r}",
        ) from problem
    _refuse_random_weights(encoder, model, loading)
    return model, tokenizer


def _refuse_random_weights(encoder: str, model: PreTrainedModel, loading: dict[str, Any]) -> None:
    """Refuse an encoder of which some weights were not in its file, or of another shape there."""
    base = f"{model.base_model_prefix}."
    unloaded = {*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])}
    # A pooler is part of the head, though BERT has it in the encoder; those trained on masks lack it.
    random = sorted(key for key in unloaded if key.startswith(base) and ".pooler." not in key)
    if random:
        raise ModelError(
            f"the encoder {encoder!r} has no weights, or some of another shape, for {len(random)} of its "
            f"parameters, such as {random[0]}",
            remedy="Name an encoder whose model.safetensors belongs to its config.json",
        )
