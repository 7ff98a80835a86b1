"""Scores over a whole code system: for each note, only the codes that a system ranks highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.icd import Code
from clem_icd.scores.file import Scores
from clem_icd.scores.ranked_file import RankedSpace, read_ranked
from clem_icd.scores.table import rows_of, warnings_of

_LARGEST = 4_000_000_000
"""Bytes of a matrix of scores; judging it takes several times as many."""


@dataclass(frozen=True)
class RankedScores:
    """The highest scores of one system for the notes of a split, out of a whole code system.

    A code that is not listed for a note scores 0 there.

    Attributes
    ----------
    note_ids
        Ids of the notes [notes].
    labels
        All codes listed for any note, by code [listed labels].
    begins
        Where the codes of each note begin among the entries, and where the last one ends [notes + 1].
    columns
        The code of each entry, as a place in ``labels``; by note, highest score first [entries].
    values
        The scores, above 0 [entries].
    space
        What was ranked.
    about
        The system, corpus and split behind the scores, as far as known.

    """

    note_ids: tuple[str, ...]
    labels: tuple[Code, ...]
    begins: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    space: RankedSpace
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | str) -> RankedScores:
        """Read a file that `write_ranked` wrote.

        Raises
        ------
        ScoresError
            If the file is missing, malformed, of another version or not of this variant.

        """
        return cls(**read_ranked(Path(path)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for anyone who evaluates the scores, as full sentences."""
        return warnings_of(self.about)

    def judged_labels(self, corpus: Corpus) -> tuple[Code, ...]:
        """Return the labels of a corpus and all listed codes, in the order of the codes [labels]."""
        return tuple(sorted({*corpus.codes, *self.labels}))

    def of(self, corpus: Corpus, split: str, labels: Sequence[Code]) -> npt.NDArray[np.float32]:
        """Return the scores of some labels in the order of a split's notes [notes, labels].

        Raises
        ------
        ScoresError
            If the notes differ from those of the split, or the scores do not fit into memory.

        """
        return self._dense(labels, rows_of(self.note_ids, corpus, split))

    def only(self, labels: Sequence[Code]) -> Scores:
        """Return the scores of some labels, for all notes; a label that is not listed scores 0.

        Raises
        ------
        ScoresError
            If the scores do not fit into memory.

        """
        values = self._dense(labels, range(len(self.note_ids)))
        return Scores(self.note_ids, tuple(labels), values, self.about)

    def _dense(self, labels: Sequence[Code], rows: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return scores for some of the notes, each at most once [rows, labels]."""
        _require_memory(len(rows), len(labels))
        values = np.zeros((len(rows), len(labels)), dtype=np.float32)
        row_of = np.full(len(self.note_ids), -1)
        row_of[np.asarray(rows, dtype=np.int64)] = np.arange(len(rows))
        position = {label: place for place, label in enumerate(labels)}
        column_of = np.array([position.get(label, -1) for label in self.labels], dtype=np.int64)
        row = np.repeat(row_of, np.diff(self.begins))
        column = column_of[self.columns]
        kept = (row >= 0) & (column >= 0)
        values[row[kept], column[kept]] = self.values[kept]
        return values


def require_same_space(one: RankedSpace, other: RankedSpace, name: str, other_name: str) -> None:
    """Refuse scores that rank different label spaces; how many codes they list may differ.

    Raises
    ------
    ScoresError
        With both label spaces.

    """
    if (one.name, one.size) != (other.name, other.size):
        raise ScoresError(
            f"{name} and {other_name} have different label spaces: {one.size:,} codes of {one.name} and "
            f"{other.size:,} codes of {other.name}",
            remedy="Use scores and a model for the same code system",
        )


def _require_memory(notes: int, labels: int) -> None:
    needed = 4 * notes * labels
    if needed > _LARGEST:
        raise ScoresError(
            f"{notes:,} notes with {labels:,} labels need {needed / 1e9:.1f} GB for the scores alone, "
            f"expected at most {_LARGEST / 1e9:g} GB",
            remedy="Write fewer codes per note with `clem predict --top`, or keep only the labels of the "
            "corpus with `clem scores restrict`",
        )
