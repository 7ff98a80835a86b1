"""Texts as token ids in one memory-mapped file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from clem_icd.files import new_file
from clem_icd.modeling.readings import WholeReading

_TYPE = np.dtype("<u4")


class TokenFile:
    """Concatenated token ids of texts, special tokens included.

    Parameters
    ----------
    path
        A file written by `write`.

    """

    def __init__(self, path: Path) -> None:
        self._ids = np.memmap(path, dtype=_TYPE, mode="r") if path.stat().st_size else np.empty(0, _TYPE)
        self._ends: npt.NDArray[np.int64] = np.load(_ends_path(path))

    @classmethod
    def write(
        cls,
        path: Path,
        tokenizer: PreTrainedTokenizerBase,
        texts: Iterable[str],
        max_tokens: int | None = None,
    ) -> Self:
        """Write the tokens of texts, each truncated to ``max_tokens``; a failure leaves no file behind."""
        ends = [0]
        reading = WholeReading(max_tokens=sys.maxsize if max_tokens is None else max_tokens)
        with new_file(path) as temporary, temporary.open("wb") as file:
            for note in reading.read(tokenizer, texts):
                file.write(note.ids.astype(_TYPE).tobytes())
                ends.append(ends[-1] + len(note.ids))
        # Written last: if this file exists, both are complete.
        with new_file(_ends_path(path)) as temporary, temporary.open("wb") as file:
            np.save(file, np.array(ends, dtype=np.int64))
        return cls(path)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Number of tokens of all texts."""
        return int(self._ends[-1])

    def text(self, number: int) -> npt.NDArray[np.int64]:
        """Return the tokens of one text."""
        return self.piece(int(self._ends[number]), int(self._ends[number + 1]))

    def piece(self, begin: int, end: int) -> npt.NDArray[np.int64]:
        """Return the tokens in a range of positions."""
        return np.asarray(self._ids[begin:end], dtype=np.int64)

    def sequences(self, begin: int, end: int) -> npt.NDArray[np.int64]:
        """Return the index of the text of each token in a range of positions."""
        return np.searchsorted(self._ends, np.arange(begin, end), side="right") - 1


def _ends_path(path: Path) -> Path:
    return path.with_suffix(".ends.npy")
