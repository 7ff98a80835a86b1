"""Finding the files of MIMIC in a download from PhysioNet: a tree of wget, unpacked ZIP files, or a part.

`modules` lists what PhysioNet offers and the folders that it may be in, `finding` finds a file there,
`missing` says why there is none, and `trees` finds the root of the tree that a folder belongs to.
"""

from clem_icd.sources.physionet.finding import find_file, require_file
from clem_icd.sources.physionet.missing import UNPACK, no_note_text
from clem_icd.sources.physionet.modules import MIMIC3, MIMIC4_CODES, MIMIC4_NOTES, Module
from clem_icd.sources.physionet.trees import tree_roots

__all__ = [
    "MIMIC3",
    "MIMIC4_CODES",
    "MIMIC4_NOTES",
    "UNPACK",
    "Module",
    "find_file",
    "no_note_text",
    "require_file",
    "tree_roots",
]
