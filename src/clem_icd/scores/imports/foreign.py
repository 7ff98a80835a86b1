"""What the file of another system says, before it is fitted to a corpus."""

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
class ForeignCode:
    """A code as the file writes it, with its code system where the file names one."""

    text: str
    system: CodeSystem | None = None


@dataclass(frozen=True, slots=True)
class Dense:
    """A score for every note and code of the file [notes, codes]."""

    values: FloatArray


@dataclass(frozen=True, slots=True)
class Sparse:
    """Scores for some notes and codes; all others are 0.

    Attributes
    ----------
    notes, codes
        Positions in the notes and the codes of the file [entries].
    values
        Their scores [entries].
    records
        The record of the file that each is from; 1 is the first one [entries].

    """

    notes: IntArray
    codes: IntArray
    values: FloatArray
    records: IntArray

    @classmethod
    def of(cls, entries: Sequence[tuple[int, int, float, int]]) -> Sparse:
        """Return rows of note, code, score and record as columns."""
        notes, codes, values, records = zip(*entries, strict=True) if entries else ((), (), (), ())
        with np.errstate(over="ignore"):
            scores = np.array(values, np.float32)
        return cls(np.array(notes, np.int64), np.array(codes, np.int64), scores, np.array(records, np.int64))


@dataclass(frozen=True, slots=True)
class ForeignScores:
    """The content of a file, whatever its format.

    Attributes
    ----------
    notes
        Ids of notes or admissions, each once [notes].
    codes
        The codes that occur, each once [codes].
    values
        The scores.
    label_list
        Every code that the system can give, where the file says so; None if it holds given ones alone.
    gold
        The gold codes that the file repeats, for every note; None if it does not.

    """

    notes: tuple[str, ...]
    codes: tuple[ForeignCode, ...]
    values: Dense | Sparse
    label_list: tuple[ForeignCode, ...] | None = None
    gold: tuple[frozenset[str], ...] | None = None


class Numbering(Generic[Key]):
    """Gives keys numbers from 0, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}

    def number(self, key: Key) -> int:
        """Return the number of a key, a new one at its first occurrence."""
        return self._numbers.setdefault(key, len(self._numbers))

    def __contains__(self, key: Key) -> bool:
        return key in self._numbers

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys in the order of their numbers."""
        return tuple(self._numbers)


def systems_of(names: Sequence[str | None]) -> dict[str | None, CodeSystem | None]:
    """Return the code systems by the names that a column has for them.

    Raises
    ------
    CodeError
        If no code system has the name.

    """
    return {name: None if name is None else CodeSystem.parse(name) for name in names}
