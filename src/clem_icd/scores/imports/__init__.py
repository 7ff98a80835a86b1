"""Imports the scores of any system as a scores file, to be evaluated like our own.

A reader per format turns a file into notes, codes and scores, named as in the file. The codes are then
matched to the labels of a corpus and the notes to those of a split. Whatever does not match is refused, or
dropped and counted, never silently ignored. If a file repeats the gold codes, they are compared with those of
the corpus, which reveals labels or notes that were mixed up.
"""

from clem_icd.scores.imports.findings import Findings
from clem_icd.scores.imports.formats import FORMATS, FileOptions
from clem_icd.scores.imports.importing import ImportOptions, import_scores
from clem_icd.scores.imports.long_table import LongColumns
from clem_icd.scores.imports.note_matching import NOTE_KEYS, NoteKey

__all__ = [
    "FORMATS",
    "NOTE_KEYS",
    "FileOptions",
    "Findings",
    "ImportOptions",
    "LongColumns",
    "NoteKey",
    "import_scores",
]
