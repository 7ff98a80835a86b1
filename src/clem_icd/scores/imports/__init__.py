"""The scores of any system become a scores file here, to be judged as our own are.

A reader a format turns a file into notes, codes and scores as the file names them. The codes are then found
among the labels of a corpus, the notes among those of a split, and what does not fit is refused, or dropped
and counted, never passed over. Where a file repeats the gold codes, they are compared with the corpus's:
labels that were mixed up on the way show there.
"""

from clem_icd.scores.imports.findings import Findings
from clem_icd.scores.imports.formats import FORMATS, Reading
from clem_icd.scores.imports.importing import ImportOptions, import_scores
from clem_icd.scores.imports.long import LongColumns
from clem_icd.scores.imports.note_ids import NOTE_KEYS, NoteKey

__all__ = [
    "FORMATS",
    "NOTE_KEYS",
    "Findings",
    "ImportOptions",
    "LongColumns",
    "NoteKey",
    "Reading",
    "import_scores",
]
