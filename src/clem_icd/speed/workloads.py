"""The notes that are read in a measurement: how many, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clem_icd.errors import InputError

LENGTHS = (128, 512, 2_048, 8_192)
"""Lengths that are measured if none are asked for, as far as a model reads them."""

MIXED = (412, 640, 903, 1_377, 2_048, 2_951, 4_606, 7_990)
"""Lengths of eight notes together, for a model that reads 8,192 tokens."""

QUICK = 512
"""The longest note of a quick measurement."""

SHORTEST = 8

# What `NeuralSystem` reads at once on a CPU: of shorter notes, so many that they fill it.
_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Workload:
    """Notes that are read together.

    Attributes
    ----------
    name
        The length of every note, or ``mixed``.
    lengths
        The length of each note: in tokens, special tokens included, or in words for a system without tokens.

    """

    name: str
    lengths: tuple[int, ...]

    @property
    def total(self) -> int:
        """The length of all notes together."""
        return sum(self.lengths)


def workloads(lengths: Sequence[int] | None, *, most: int | None, quick: bool = False) -> list[Workload]:
    """Return notes of each length, shortest first, and notes of mixed lengths up to the longest.

    Parameters
    ----------
    lengths
        Lengths to measure; None for `LENGTHS`, as far as they are read, and the most that is read.
    most
        The most of a note that the system reads; None if it reads all.
    quick
        Whether to leave out lengths above `QUICK`, unless they were asked for.

    Raises
    ------
    InputError
        If a length is longer than the system reads, or shorter than `SHORTEST`.

    """
    chosen = _usual(most, quick) if lengths is None else sorted(set(lengths))
    for length in chosen:
        if length < SHORTEST:
            raise InputError(
                f"a length of {length} was asked for, expected at least {SHORTEST}",
                remedy="Name longer notes",
            )
        if most is not None and length > most:
            raise InputError(
                f"a length of {length:,} tokens was asked for, the model reads {most:,}",
                remedy=f"Name lengths up to {most}",
            )
    same = [Workload(f"{length}", (length,) * max(1, _AT_ONCE // length)) for length in chosen]
    scale = min(1.0, max(chosen) / LENGTHS[-1])
    return [*same, Workload("mixed", tuple(max(SHORTEST, round(length * scale)) for length in MIXED))]


def _usual(most: int | None, quick: bool) -> list[int]:
    lengths = [length for length in LENGTHS if not quick or length <= QUICK]
    if most is None:
        return lengths
    read = [length for length in lengths if length <= most]
    # The whole context as well, where it lies between two of the usual lengths.
    return read if len(read) == len(lengths) or (quick and read) else [*read, most]
