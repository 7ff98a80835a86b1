"""A note as the lexicon sees it: its content words, the cues beside them, and their sections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clem_icd.cues import LANGUAGES, SECTION_KINDS, Cues, cues_in, sections_in
from clem_icd.modeling.lexicon.arrays import Ints
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.words import Words, read_words

__all__ = ["ReadNote", "read_note"]


@dataclass(frozen=True, eq=False)
class ReadNote:
    """A note that was read.

    Attributes
    ----------
    words
        Its content words.
    cues
        Its cues; none in a language without any.
    sections
        The section of each word, as a place in ``SECTION_KINDS``; -1 outside of sections [words].

    """

    words: Words
    cues: Cues
    sections: Ints

    def cues_at(self, begins: Ints, ends: Ints) -> npt.NDArray[np.uint8]:
        """Return the kinds of cues, as bits, that govern spans of words; none for an empty span [spans]."""
        masks = np.zeros(len(begins), dtype=np.uint8)
        filled = np.flatnonzero(ends > begins)
        first, last = self.words.begins[begins[filled]], self.words.ends[ends[filled] - 1]
        masks[filled] = self.cues.at_all(first, last)
        return masks


def read_note(text: str, language: Language) -> ReadNote:
    """Read a note."""
    words = read_words(text, language)
    sections = np.full(len(words), -1, dtype=np.int64)
    if language not in LANGUAGES:
        return ReadNote(words, Cues(), sections)
    for section in sections_in(text, language):
        first, after = np.searchsorted(words.begins, [section.begin, section.end])
        sections[first:after] = SECTION_KINDS.index(section.kind)
    return ReadNote(words, cues_in(text, language), sections)
