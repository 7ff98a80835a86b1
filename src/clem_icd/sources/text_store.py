"""Raw texts on disk: written in one pass over a source, read back in any order."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class TextStore:
    """Texts in one file, numbered 0, 1, 2, … in the order they were added.

    Memory holds where each text ends, but no text.

    Parameters
    ----------
    path
        The file to create. The caller removes it.

    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._ends = array("q", [0])

    def __enter__(self) -> TextStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, texts: pa.StringArray, chosen: npt.NDArray[np.bool_]) -> None:
        """Add the chosen ones of some texts [texts]; none of them is null."""
        _, offsets, data = texts.buffers()
        places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        places = places.astype(np.int64)
        # Neighbours are written in one piece, straight from the memory of the array.
        runs = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).reshape(-1, 2)
        for begin, end in places[runs].tolist():
            self._file.write(memoryview(data)[begin:end])
        self._ends.extend((np.diff(places)[chosen].cumsum() + self._ends[-1]).tolist())

    def read(self, number: int) -> bytes:
        """Return a text as UTF-8."""
        self._file.flush()
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin)
