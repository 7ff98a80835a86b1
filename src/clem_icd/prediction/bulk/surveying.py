"""A first pass over many notes: how many there are, whether their ids are unique, and their shards."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from clem_icd.errors import InputError
from clem_icd.prediction.bulk.notes import Notes

SHARD_NOTES = 512
"""The most notes of a shard. A system that pads sorts as many by length at a time."""

SHARD_CHARACTERS = 1_000_000
"""The characters after which a shard ends: about 250,000 tokens, minutes of work at most."""


class Shard(NamedTuple):
    """A run of notes that are scored and stored together: from ``begin`` up to, not including, ``end``."""

    number: int
    begin: int
    end: int


@dataclass(frozen=True)
class Survey:
    """What a pass over notes has found: their shards, in order, and remarks as sentences."""

    shards: tuple[Shard, ...]
    remarks: tuple[str, ...]

    @property
    def notes(self) -> int:
        """The number of notes, readable or not."""
        return self.shards[-1].end


def survey(notes: Notes, progress: Callable[[int], object] | None = None) -> Survey:
    """Pass over notes.

    Parameters
    ----------
    progress
        Called for every note.

    Raises
    ------
    InputError
        If there are none, or two have the same id.
    SourceError
        If a table is malformed.

    """
    ends: list[int] = []
    digests = array("Q")
    characters = 0

    def seen(name: str, length: int) -> None:
        nonlocal characters
        begin = ends[-1] if ends else 0
        if len(digests) > begin and (
            len(digests) - begin == SHARD_NOTES or characters + length > SHARD_CHARACTERS
        ):
            ends.append(len(digests))
            characters = 0
        characters += length
        digests.append(_digest(name))
        if progress is not None:
            progress(1)

    remarks = notes.survey(seen)
    if not digests:
        raise InputError("there are no notes", remedy="Name files, a folder, a table or a corpus with notes")
    _require_unique(notes, digests)
    ends.append(len(digests))
    shards = (
        Shard(number, begin, end)
        for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
    )
    return Survey(tuple(shards), remarks)


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _require_unique(notes: Notes, digests: array[int]) -> None:
    """Refuse ids that occur twice. Eight bytes are kept per id, and ids only where these are equal."""
    ordered = np.sort(np.frombuffer(digests, np.uint64))
    doubtful = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    if not doubtful:
        return
    counts: Counter[str] = Counter()

    def seen(name: str, _: int) -> None:
        if _digest(name) in doubtful:
            counts[name] += 1

    notes.survey(seen)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        others = f" and {len(repeated) - 1:,} others" if len(repeated) > 1 else ""
        raise InputError(
            f"duplicate note id {repeated[0]}{others}, expected one note per id",
            remedy="Name every file once, and give every record an id of its own",
        )
