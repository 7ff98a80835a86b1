"""Shared by tests of pretraining: texts in a predictable language, and a recipe that takes seconds."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from clem_icd.pretraining.tokens import TokenFile

TINY_ENCODER = [
    "encoder.hidden_size=32",
    "encoder.intermediate_size=48",
    "encoder.layers=2",
    "encoder.attention_heads=2",
    "encoder.vocabulary=400",
    "positions=512",
]

TINY_STEPS = [
    "held_out_share=0.1",
    "training.tokens=20000",
    "training.batch_tokens=512",
    "training.lengths=[32,64]",
    "training.shares=[0.75,0.25]",
    "training.learning_rate=0.01",
    "training.checkpoint_steps=12",
    "training.precision=fp32",
]

TINY_PRETRAINING = [*TINY_ENCODER, *TINY_STEPS]

# Every first word is always followed by the same second word.
_FIRST = [one + other for one in ("ba", "ke", "li", "mo", "nu") for other in ("dar", "fen", "gil", "hom")]
_SECOND = [one + other for one in ("pra", "sto", "tri", "vle", "zwu") for other in ("k", "mp", "nt", "sh")]


def make_text(number: int) -> str:
    """Return text ``number``: pairs of words, of which the first determines the second."""
    random_ = random.Random(f"text {number}")
    places = [random_.randrange(len(_FIRST)) for _ in range(random_.randint(8, 30))]
    return " ".join(f"{_FIRST[place]} {_SECOND[place]}" for place in places)


def write_jsonl(path: Path, texts: Iterable[str]) -> Path:
    """Write records with a column ``text``, gzipped if the name ends in ``.gz``."""
    data = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def token_file(path: Path, texts: Sequence[Sequence[int]]) -> TokenFile:
    """Write a token file with the given ids."""

    def read(chunk: Sequence[str], **_: object) -> dict[str, Any]:
        return {"input_ids": [[int(number) for number in text.split()] for text in chunk]}

    tokenizer: Any = read
    return TokenFile.write(path, tokenizer, [" ".join(map(str, text)) for text in texts])


def special_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Return the ids of the special tokens."""
    return set(tokenizer.all_special_ids)
