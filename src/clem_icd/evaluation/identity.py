"""Three checksums of what was evaluated: results are comparable if all three are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from clem_icd.decisions.arrays import BoolArray
from clem_icd.icd import Code

__all__ = ["identity_of"]


def identity_of(note_ids: Sequence[str], labels: Sequence[Code], targets: BoolArray) -> dict[str, str]:
    """Return the SHA-256 of the note ids, of the label space, and of the codes of the notes.

    The order of the notes does not matter.

    Parameters
    ----------
    note_ids
        The notes [notes].
    labels
        The label space in label order [labels].
    targets
        Which notes carry which labels [notes, labels].

    """
    names = [f"{label.system.value} {label.value}" for label in labels]
    order = sorted(range(len(note_ids)), key=note_ids.__getitem__)

    def coded() -> Iterable[str]:
        for row in order:
            yield "\t".join([note_ids[row], *(names[label] for label in np.flatnonzero(targets[row]))])

    return {
        "notes": _checksum(note_ids[row] for row in order),
        "labels": _checksum(names),
        "codes": _checksum(coded()),
    }


def _checksum(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
