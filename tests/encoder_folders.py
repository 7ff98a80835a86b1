"""Tiny encoders in the folders that publishers make: with pickled weights, or in the cache of the Hub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertForPreTraining,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizer,
)

from support import make_note

TEXTS = [make_note(number).text for number in range(40)]
SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")

Change = Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]


def roberta() -> PreTrainedModel:
    return RobertaForMaskedLM(
        RobertaConfig(vocab_size=420, max_position_embeddings=66, pad_token_id=1, type_vocab_size=1, **SIZE)
    )


def bert() -> PreTrainedModel:
    return BertForPreTraining(BertConfig(vocab_size=420, max_position_embeddings=64, pad_token_id=1, **SIZE))


def modernbert() -> PreTrainedModel:
    config = ModernBertConfig(
        vocab_size=420,
        max_position_embeddings=64,
        pad_token_id=1,
        bos_token_id=0,
        cls_token_id=0,
        eos_token_id=2,
        sep_token_id=2,
        **SIZE,
    )
    return ModernBertForMaskedLM(config)


def as_in_2020(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights under the names of transformers 2, with what it stored besides."""
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): one
        for name, one in weights.items()
        if name != "lm_head.decoder.bias"
    }
    return {
        **old,
        "roberta.embeddings.position_ids": torch.arange(66)[None],
        "roberta.pooler.dense.weight": torch.ones(32, 32),
    }


def write_tokenizer(folder: Path) -> ByteLevelBPETokenizer:
    """Write vocab.json and merges.txt, as RoBERTa was published, and return their tokenizer."""
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TEXTS, vocab_size=400, special_tokens=list(SPECIAL), show_progress=False)
    tokenizer.save_model(str(folder))
    return tokenizer


def write_pickled(
    folder: Path,
    make: Callable[[], PreTrainedModel] = roberta,
    change: Change = dict,
    *,
    zipped: bool = True,
) -> Path:
    """Write an encoder with random weights, changed by a function, as a folder with a pickle."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    model = make()
    fields = {"architectures": [type(model).__name__], **model.config.to_dict()}
    (folder / "config.json").write_text(json.dumps(fields))
    write_tokenizer(folder)
    if model.config.model_type != "roberta":
        # Any tokenizer with these ids will do for the others.
        RobertaTokenizer.from_pretrained(folder).save_pretrained(folder)
    torch.save(
        change(dict(model.state_dict())),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=zipped,
    )
    return folder


def publish(cache: Path, repository: str, folder: Path, commit: str, *references: str) -> None:
    """Put a folder into a cache of the Hub as a commit, with the branches and tags that refer to it."""
    place = cache / f"models--{repository.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / commit)
    (place / "refs").mkdir(exist_ok=True)
    for reference in references:
        (place / "refs" / reference).write_text(commit)


def use_offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process read a cache of the Hub, and nothing beyond it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    cache.mkdir(exist_ok=True)
    return cache
