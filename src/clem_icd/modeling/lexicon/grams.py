"""Runs of content words within a sentence, each as one 64-bit number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clem_icd.modeling.lexicon.arrays import Ints, Numbers
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Runs", "run_number", "runs_in"]

# Odd constants with well-spread bits, those of SplitMix64 (Steele, Lea and Flood 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)


class Runs(NamedTuple):
    """Runs of words of a note.

    Attributes
    ----------
    numbers
        The number of each run; equal runs of stems have equal numbers [runs].
    begins, ends
        Its first word, and the one after its last [runs].

    """

    numbers: Numbers
    begins: Ints
    ends: Ints


def runs_in(words: Words, longest: int) -> Runs:
    """Return the runs of up to ``longest`` words, shorter ones first."""
    count = len(words)
    current = words.stems
    begins = np.arange(count, dtype=np.int64)
    numbers, firsts, ends = [current], [begins], [begins + 1]
    for length in range(2, min(longest, count) + 1):
        current = _followed(current[:-1], words.stems[length - 1 :])
        together = words.sentences[: count - length + 1] == words.sentences[length - 1 :]
        first = begins[: count - length + 1][together]
        numbers.append(current[together])
        firsts.append(first)
        ends.append(first + length)
    return Runs(np.concatenate(numbers), np.concatenate(firsts), np.concatenate(ends))


def run_number(stems: Numbers) -> np.uint64:
    """Return the number of a run of stems [words]."""
    number = stems[:1]
    for position in range(1, len(stems)):
        number = _followed(number, stems[position : position + 1])
    return np.uint64(number[0])


def _followed(numbers: Numbers, stems: Numbers) -> Numbers:
    """Return the numbers of runs that a stem is added to; arithmetic wraps around."""
    mixed = numbers * _STEP
    mixed ^= mixed >> np.uint64(31)
    mixed *= _SPREAD
    mixed ^= mixed >> np.uint64(29)
    return mixed + stems
