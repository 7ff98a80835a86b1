"""Where in a text its tokens begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling.counting import open_tokenizer

_TEXTS_AT_ONCE = 64


def token_starts(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield, for every text, the character that each of its tokens begins at, special tokens left out.

    Nothing is cut, whatever the context of the tokenizer's encoder.

    Raises
    ------
    ModelError
        If the tokenizer cannot say where its tokens stand in the text.

    """
    if not tokenizer.is_fast:
        raise ModelError(
            "the tokenizer cannot say where its tokens begin",
            remedy="Use one with a tokenizer.json",
        )
    remaining = iter(texts)
    while chunk := list(islice(remaining, _TEXTS_AT_ONCE)):
        encoded = tokenizer(
            chunk,
            add_special_tokens=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            truncation=False,
            verbose=False,
        )
        for offsets in encoded["offset_mapping"]:
            yield np.array([begin for begin, _ in offsets], dtype=np.int64)


def token_starts_of(model: Path) -> Callable[[Iterable[str]], Iterator[npt.NDArray[np.int64]]] | None:
    """Return `token_starts` with the tokenizer of a model folder; None for a model that knows no tokens."""
    if not (model / "tokenizer.json").is_file():
        return None
    return partial(token_starts, open_tokenizer(str(model)))
