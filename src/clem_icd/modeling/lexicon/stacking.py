"""Another system whose probabilities are features of a lexicon's trees (stacking)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clem_icd.icd import Code
from clem_icd.modeling.info import ModelInfo
from clem_icd.modeling.lexicon.arrays import Floats, Ints
from clem_icd.modeling.system import System

__all__ = ["FOLDER", "Stacked", "Stacking", "digest_of_labels", "places_of", "stacked_files"]

FOLDER = "stacked"
"""The model folder of the other system, within that of the lexicon."""

_MAY_CHANGE = {"clem.json", "README.md"}


@dataclass(frozen=True, eq=False)
class Stacked:
    """Another system, whose opinion on every code the trees see.

    Attributes
    ----------
    system, info
        The system, and how to interpret its scores.
    places
        Its labels, as places in the code space; -1 for one that is not in it [labels].
    codes
        The size of the code space.

    """

    system: System
    info: ModelInfo
    places: Ints
    codes: int

    @classmethod
    def of(cls, system: System, info: ModelInfo, codes: Sequence[Code]) -> Stacked:
        """Return a system beside a code space."""
        return cls(system, info, places_of(info.labels, codes), len(codes))

    def opinion_of(self, text: str) -> Floats:
        """Return the probability of each code for a note, NaN for one that the system does not score [codes].

        Notes are scored one by one: with others in the batch, probabilities differ in their last bits, which
        is enough to send a code to another leaf of a tree.
        """
        [scores] = self.system.score([text])
        return self.opinion(scores.probabilities)

    def opinion(self, probabilities: Floats) -> Floats:
        """Return the probability of each code, NaN for one that the system does not score [codes].

        Parameters
        ----------
        probabilities
            Those of its labels [labels].

        """
        inside = self.places >= 0
        found = np.full(self.codes, np.nan, dtype=np.float32)
        found[self.places[inside]] = probabilities[inside]
        return found

    def save(self, folder: Path) -> None:
        """Write the model folder of the system below that of the lexicon."""
        own = folder / FOLDER
        own.mkdir()
        self.system.save(own)
        self.info.write(own)


@dataclass(frozen=True, eq=False)
class Stacking:
    """What trees are fitted with: another system, and its scores of notes that it did not learn from.

    Attributes
    ----------
    stacked
        The system, trained on all notes.
    held_out
        Probabilities for the notes that the trees learn from, by systems that were trained without the note's
        group; NaN for codes that none of that system's training notes has [ranked notes, labels].

    """

    stacked: Stacked
    held_out: Floats

    def opinion(self, row: int) -> Floats:
        """Return the probability of each code for one of the notes that the trees learn from [codes]."""
        return self.stacked.opinion(self.held_out[row])


def places_of(labels: Sequence[Code], codes: Sequence[Code]) -> Ints:
    """Return the place of each label in a code space; -1 for one that is not in it [labels]."""
    place = {code: position for position, code in enumerate(codes)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int64)


def stacked_files(folder: Path) -> tuple[str, ...]:
    """Return the files of the other system below a lexicon's folder, relative to it; maybe none.

    Without `clem.json`, to which measurements may be added, and the model card.
    """
    found = [path for path in (folder / FOLDER).rglob("*") if path.is_file() and path.name not in _MAY_CHANGE]
    return tuple(sorted(path.relative_to(folder).as_posix() for path in found))


def digest_of_labels(labels: Sequence[Code]) -> str:
    """Return a digest of labels in their order."""
    listed = "\n".join(f"{label.system} {label.value}" for label in labels)
    return hashlib.sha256(listed.encode()).hexdigest()
