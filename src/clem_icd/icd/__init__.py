"""Code systems, and codes with their titles, hierarchy and mappings.

A code arrives as text, with or without its dot, and becomes a :class:`Code`: a normal form in a code system.
This room looks up its title, its place in the hierarchy, and its equivalents in the other revision. The
tables are large, so each one is read on first use, and importing this room is cheap. A code that no table
lists is still a code; :func:`hint_for_unknown` says which listed code it may stand for.
"""

from __future__ import annotations

from clem_icd.icd.code import Code, dot, is_well_formed, undot
from clem_icd.icd.codebook import Codebook, default_codebook
from clem_icd.icd.finder import SEARCHED_SYSTEMS, Found, find_codes, relatives_of
from clem_icd.icd.forms import clinical_forms
from clem_icd.icd.hierarchy import ancestors, block, category, chapter, parent
from clem_icd.icd.instructions import Instruction, Instructions, instructions_for
from clem_icd.icd.likely import hint_for_unknown
from clem_icd.icd.mapping import icd9_to_icd10, icd10_to_icd9
from clem_icd.icd.marks import without_mark
from clem_icd.icd.packaged import PACKAGED
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.terms import inclusion_terms, is_billable, leaf_codes
from clem_icd.icd.text import cleaned
from clem_icd.icd.title_files import read_titles

__all__ = [
    "PACKAGED",
    "SEARCHED_SYSTEMS",
    "Code",
    "CodeSystem",
    "Codebook",
    "Found",
    "Instruction",
    "Instructions",
    "ancestors",
    "block",
    "category",
    "chapter",
    "cleaned",
    "clinical_forms",
    "default_codebook",
    "dot",
    "find_codes",
    "hint_for_unknown",
    "icd9_to_icd10",
    "icd10_to_icd9",
    "inclusion_terms",
    "instructions_for",
    "is_billable",
    "is_well_formed",
    "leaf_codes",
    "parent",
    "read_titles",
    "relatives_of",
    "undot",
    "without_mark",
]
