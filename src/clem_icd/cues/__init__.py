"""Cues beside a mention in a note, and the sections of a note, in English and Spanish.

A cue says that what a note mentions is denied, belongs to a relative or to the past, was ruled out, or is
uncertain. Cues are facts about the text for a ranker and for a person: none of them hides a code. They follow
the idea of NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009): a phrase that triggers a cue, and
the stretch of the sentence that it governs. A text in another language has no cues and no sections.
"""

from clem_icd.cues.finding import cues_in
from clem_icd.cues.found import Cue, Cues
from clem_icd.cues.guessing import guess_language
from clem_icd.cues.kinds import CUE_KINDS, LANGUAGES, CueKind, Language, bit_of, kinds_of
from clem_icd.cues.sections import SECTION_KINDS, Section, SectionKind, sections_in

__all__ = [
    "CUE_KINDS",
    "LANGUAGES",
    "SECTION_KINDS",
    "Cue",
    "CueKind",
    "Cues",
    "Language",
    "Section",
    "SectionKind",
    "bit_of",
    "cues_in",
    "guess_language",
    "kinds_of",
    "sections_in",
]
