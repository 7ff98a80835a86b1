"""Which stem of a title a stem of a note stands for, learned from phrases and the titles of their codes.

IBM model 1 (Brown et al. 1993): the probability of a title's word given a word of the phrase, by expectation
maximization, with an empty word that explains what no word of the phrase does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clem_icd.modeling.lexicon.arrays import Ints, Numbers, ranges

__all__ = ["Pair", "Translation", "learn_translation"]

Pair = tuple[Numbers, Numbers, float]
"""The stems of a phrase, those of a title, and the weight of the pair."""

_ROUNDS = 6
_LEAST = 0.05
_FULL = 0.5
"""From this probability on, a word fully stands for another."""

_NO_WORD = np.uint64(0)


@dataclass(frozen=True, eq=False)
class Translation:
    """Probabilities of stems of titles, given a stem of a note.

    Attributes
    ----------
    stems
        The stems of notes, ascending, once per target [links].
    targets
        The stems of titles [links].
    probabilities
        Of the target, given the stem [links].

    """

    stems: Numbers
    targets: Numbers
    probabilities: npt.NDArray[np.float32]

    def of(self, stems: Numbers) -> tuple[Ints, Numbers, Any]:
        """Return the targets of stems: the place of the stem, the target, a value up to 1 [links]."""
        low = np.searchsorted(self.stems, stems, "left")
        counts = np.searchsorted(self.stems, stems, "right") - low
        links = ranges(low, counts)
        values = np.minimum(1, self.probabilities[links] / _FULL)
        return np.repeat(np.arange(len(stems)), counts), self.targets[links], values


def learn_translation(pairs: list[Pair]) -> Translation | None:
    """Return what the pairs teach, or None without any word of a title."""
    if not any(len(title) for _, title, _ in pairs):
        return None
    stems, targets, owners = [], [], []
    for number, (phrase, title, _) in enumerate(pairs):
        phrase = np.append(np.unique(phrase), _NO_WORD)
        stems.append(np.repeat(phrase, len(title)))
        targets.append(np.tile(title, len(phrase)))
        owners.append(np.full(len(phrase) * len(title), number))
    weights = np.array([weight for _, _, weight in pairs])
    return _maximized(np.concatenate(stems), np.concatenate(targets), np.concatenate(owners), weights)


def _maximized(stems: Numbers, targets: Numbers, owners: Ints, weights: Any) -> Translation:
    """Return the translation after some rounds; one row per pair and combination of their words."""
    stem_names, of_stem = np.unique(stems, return_inverse=True)
    target_names, of_target = np.unique(targets, return_inverse=True)
    width = len(target_names)
    links, of_link = np.unique(of_stem * width + of_target, return_inverse=True)
    stem_of_link = links // width
    _, of_explained = np.unique(owners * width + of_target, return_inverse=True)
    probabilities = np.full(len(links), 1 / width)
    for _ in range(_ROUNDS):
        shares = probabilities[of_link]
        shares /= np.bincount(of_explained, weights=shares)[of_explained]
        counts = np.bincount(of_link, weights=weights[owners] * shares)
        probabilities = counts / np.bincount(stem_of_link, weights=counts)[stem_of_link]
    kept = (probabilities >= _LEAST) & (stem_names[stem_of_link] != _NO_WORD)
    return Translation(
        stem_names[stem_of_link[kept]],
        target_names[links[kept] % width],
        probabilities[kept].astype(np.float32),
    )
