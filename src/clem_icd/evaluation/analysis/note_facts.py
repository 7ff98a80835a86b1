"""Properties of notes for the error tables: their lengths, and where evidence begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import IntArray
from clem_icd.icd import Code

__all__ = ["Measured", "NoteFacts", "TokenStarts", "note_facts", "word_starts"]

TokenStarts = Callable[[Iterable[str]], Iterator[IntArray]]
"""Yields the offsets at which the tokens of each text begin, in ascending order [tokens]."""

# Whether a code point is whitespace; from U+3001 on none is, and all share the last entry.
_WHITESPACE = np.array([chr(point).isspace() for point in range(0x3002)])


@dataclass(frozen=True)
class Measured:
    """Lengths of notes and positions of evidence in one unit.

    ``lengths`` is [notes]. ``positions`` is the word or token in which the first evidence of a pair begins,
    counted from 1 [evidence].
    """

    unit: str
    lengths: NDArray[np.int64]
    positions: NDArray[np.int64]


@dataclass(frozen=True)
class NoteFacts:
    """Lengths of the notes of a split, and the pairs of a note and a code that have evidence.

    ``note`` and ``label`` are the pairs, sorted by note [evidence]; ``measured`` has one entry per unit.
    """

    note: NDArray[np.int64]
    label: NDArray[np.int64]
    measured: tuple[Measured, ...]


def note_facts(
    corpus: Corpus,
    split: str,
    *,
    labels: Sequence[Code] | None = None,
    token_starts: TokenStarts | None = None,
) -> NoteFacts:
    """Measure the notes of a split in words, and in tokens if ``token_starts`` is given.

    A word is a run of characters other than whitespace. Codes are numbered by their place in ``labels``
    [labels], by default those of the corpus.

    Raises
    ------
    CorpusError
        If the corpus has no such split.

    """
    note, label, begin = _first_evidence(corpus, split, corpus.codes if labels is None else labels)
    units: dict[str, TokenStarts] = {"words": word_starts}
    if token_starts is not None:
        units["tokens"] = token_starts
    measured = tuple(
        _measured(unit, starts(corpus.texts(split)), corpus.size(split), note, begin)
        for unit, starts in units.items()
    )
    return NoteFacts(note, label, measured)


def word_starts(texts: Iterable[str]) -> Iterator[NDArray[np.int64]]:
    """Yield the offsets at which the words of each text begin [words]."""
    for text in texts:
        points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        whitespace = _WHITESPACE[np.minimum(points, len(_WHITESPACE) - 1)]
        yield np.flatnonzero(~whitespace & np.concatenate(([True], whitespace))[:-1])


def _measured(
    unit: str,
    starts: Iterable[IntArray],
    notes: int,
    note: NDArray[np.int64],
    begin: NDArray[np.int64],
) -> Measured:
    lengths = np.zeros(notes, dtype=np.int64)
    positions = np.zeros(len(note), dtype=np.int64)
    bounds = np.searchsorted(note, np.arange(notes + 1))
    for row, own in enumerate(starts):
        lengths[row] = len(own)
        evidence = slice(bounds[row], bounds[row + 1])
        positions[evidence] = np.searchsorted(own, begin[evidence], side="right")
    return Measured(unit, lengths, positions)


def _first_evidence(
    corpus: Corpus, split: str, codes: Sequence[Code]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return note, label and smallest offset of the evidence of every pair that has any [evidence]."""
    column = pl.DataFrame(
        {
            "code": [code.value for code in codes],
            "system": [code.system.value for code in codes],
            "label": range(len(codes)),
        },
        schema={"code": pl.String, "system": pl.String, "label": pl.Int64},
    )
    rows = (
        corpus.frame(split)
        .select("evidence")
        .with_row_index("note")
        .filter(pl.col("evidence").list.len() > 0)
        .explode("evidence")
        .unnest("evidence")
        .group_by("note", "code", "system")
        .agg(pl.col("begin").min())
        .join(column.lazy(), on=("code", "system"))
        .sort("note", "label")
        .select(pl.col("note", "label", "begin").cast(pl.Int64))
        .collect()
    )
    return rows["note"].to_numpy(), rows["label"].to_numpy(), rows["begin"].to_numpy()
