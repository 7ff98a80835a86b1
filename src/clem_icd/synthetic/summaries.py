"""Discharge summaries of the synthetic hospital as texts, and their lengths, without any files."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from clem_icd.synthetic.hospital import admissions, draw_words
from clem_icd.synthetic.note import write_note

__all__ = ["USUAL_WORDS", "summary_lengths", "summary_texts"]

USUAL_WORDS = 1400
"""The median length of a discharge summary, in words, where none is asked for."""


def summary_texts(count: int, seed: int, words: int = USUAL_WORDS) -> Iterator[str]:
    """Yield the discharge summaries of the first admissions of the hospital with this seed."""
    for admission in admissions(count, seed, words):
        yield write_note(admission).text


def summary_lengths(count: int, seed: int, words: int = USUAL_WORDS) -> list[int]:
    """Return lengths in words, distributed as those of the hospital's discharge summaries [count]."""
    rng = Random(seed)
    return [draw_words(rng, words) for _ in range(count)]
