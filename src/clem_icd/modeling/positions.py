"""Where the tokens of a text are, in characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from clem_icd.errors import ModelError
from clem_icd.modeling.model_files import COPY_AGAIN

if TYPE_CHECKING:
    from clem_icd.evaluation.analysis import TokenStarts

_FILE = "tokenizer.json"
_TEXTS_AT_ONCE = 64


def token_starts(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield, for every text, the character that each of its tokens begins at, special tokens left out.

    Texts are not truncated, whatever the context of the tokenizer's encoder.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    remaining = iter(texts)
    while chunk := list(islice(remaining, _TEXTS_AT_ONCE)):
        for encoded in tokenizer.encode_batch(chunk, add_special_tokens=False):
            yield np.array([begin for begin, _ in encoded.offsets], dtype=np.int64)


def token_starts_of(model: Path) -> TokenStarts | None:
    """Return `token_starts` with the tokenizer of a model folder; None for a model without tokens.

    Raises
    ------
    ModelError
        If the tokenizer is damaged.

    """
    file = model / _FILE
    return partial(token_starts, _read(file)) if file.is_file() else None


def token_starts_at(place: str) -> TokenStarts:
    """Return `token_starts` with the tokenizer of a folder, of an encoder in this package, or of a Hub id.

    A folder with a ``tokenizer.json`` is read without transformers, which takes seconds to import.

    Raises
    ------
    ModelError
        If there is no tokenizer, or it does not provide the positions of its tokens.

    """
    own = token_starts_of(Path(place))
    if own is not None:
        return own
    from clem_icd.modeling.counting import open_tokenizer

    opened = open_tokenizer(place)
    if not opened.is_fast:
        raise ModelError(
            f"the tokenizer {place!r} does not provide the positions of its tokens",
            remedy=f"Use one with a {_FILE}",
        )
    return partial(token_starts, opened.backend_tokenizer)


def tokens_under(text: str, offsets: npt.NDArray[np.int64], begin: int, end: int) -> npt.NDArray[np.int64]:
    """Return the tokens that share a character with a span, ascending; blanks do not count.

    A blank before a word is part of the word's token, or a token of its own, and supports no code.

    Parameters
    ----------
    text
        The raw note.
    offsets
        Begin and end of each token that is read; empty for special tokens [tokens, 2].
    begin, end
        The span, half-open.

    """
    shared = np.clip(offsets, begin, end)
    near = np.flatnonzero(shared[:, 1] > shared[:, 0])
    return np.array([token for token in near if text[slice(*shared[token])].strip()], dtype=np.int64)


def _read(file: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(file))
    # The library raises no narrower class.
    except Exception as problem:
        raise ModelError(
            f"cannot be read ({type(problem).__name__})",
            path=file,
            remedy=COPY_AGAIN,
        ) from problem
