"""The content of another system's file, before it is matched to a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from clem_icd.icd import CodeSystem

Key = TypeVar("Key")

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ExternalCode:
    """A code as written in the file, with its code system if the file names one."""

    text: str
    system: CodeSystem | None = None


@dataclass(frozen=True, slots=True)
class Dense:
    """A score for every note and code of the file [notes, codes]."""

    values: FloatArray


@dataclass(frozen=True, slots=True)
class Sparse:
    """Scores for some pairs of note and code; all others are 0.

    Attributes
    ----------
    notes, codes
        Positions among the notes and the codes of the file [entries].
    values
        Their scores [entries].
    records
        The record of the file that holds each entry, counted from 1 [entries].

    """

    notes: IntArray
    codes: IntArray
    values: FloatArray
    records: IntArray

    @classmethod
    def of(cls, entries: Sequence[tuple[int, int, float, int]]) -> Sparse:
        """Build columns from rows of note, code, score and record."""
        notes, codes, values, records = zip(*entries, strict=True) if entries else ((), (), (), ())
        with np.errstate(over="ignore"):
            scores = np.array(values, np.float32)
        return cls(np.array(notes, np.int64), np.array(codes, np.int64), scores, np.array(records, np.int64))


@dataclass(frozen=True, slots=True)
class ExternalScores:
    """The content of a file of any format.

    Attributes
    ----------
    notes
        Distinct ids of notes or admissions [notes].
    codes
        The distinct codes that occur [codes].
    values
        The scores [notes, codes].
    label_list
        Every code that the system can assign; None if the file lists only assigned codes.
    gold
        The gold codes of each note, if the file repeats them [notes].
    remarks
        Sentences on how the file was read, for anyone who evaluates the scores.

    """

    notes: tuple[str, ...]
    codes: tuple[ExternalCode, ...]
    values: Dense | Sparse
    label_list: tuple[ExternalCode, ...] | None = None
    gold: tuple[frozenset[str], ...] | None = None
    remarks: tuple[str, ...] = ()


class Numbering(Generic[Key]):
    """Numbers keys from 0, in order of first occurrence."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}

    def number(self, key: Key) -> int:
        """Return the number of a key; a new key gets the next number."""
        return self._numbers.setdefault(key, len(self._numbers))

    def __contains__(self, key: Key) -> bool:
        return key in self._numbers

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys in order of their numbers."""
        return tuple(self._numbers)
