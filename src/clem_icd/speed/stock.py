"""The stock pipeline: a classifier of transformers, with SDPA, padding and PyTorch's linear layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.modeling import Reading, best_device
from clem_icd.modeling.heads.encoder_with_head import EncoderWithHeadConfig

_SEED = 0


def padded_logits(
    model: PreTrainedModel, notes: Sequence[npt.NDArray[np.int32]], reading: Reading, pad_token_id: int
) -> torch.Tensor:
    """Return the logits of notes in one batch, padded to the longest [notes, labels].

    Parameters
    ----------
    model
        A stock classifier of transformers.
    notes
        The token ids of each note, special tokens included.
    reading
        Puts them into a batch.
    pad_token_id
        The id of padding.

    """
    batch = reading.arrange(notes, pad_token_id)
    inputs = {name: tensor.to(model.device) for name, tensor in batch.items()}
    logits: torch.Tensor = model(**inputs).logits
    return logits


def stock_config(config: PreTrainedConfig, labels: int) -> PreTrainedConfig:
    """Return the config of the stock classifier on the encoder of a config."""
    stock = copy.deepcopy(config)
    if isinstance(config, EncoderWithHeadConfig):
        stock = AutoConfig.for_model(**(config.encoder or {}))
        stock.num_labels = labels
    return stock


def stock_scorer(
    config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, reading: Reading, folder: Path | None
) -> Callable[[Sequence[str]], npt.NDArray[np.float32]]:
    """Return a function that scores notes with transformers alone.

    Parameters
    ----------
    config
        The config of the classifier.
    tokenizer
        The tokenizer.
    reading
        The whole note.
    folder
        Its checkpoint; None for random weights, which take the same time.

    """
    if folder is None:
        torch.manual_seed(_SEED)
        model: Any = AutoModelForSequenceClassification.from_config(
            config, attn_implementation="sdpa", dtype=torch.float32
        )
    else:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation="sdpa",
        )
    model = model.eval().to(best_device())
    padding = tokenizer.pad_token_id

    @torch.inference_mode()
    def score(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        notes = [note.ids for note in reading.read(tokenizer, texts)]
        probabilities: npt.NDArray[np.float32] = (
            padded_logits(model, notes, reading, padding).float().sigmoid().cpu().numpy()
        )
        return probabilities

    return score
