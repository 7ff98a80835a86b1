"""Code systems and what is known of their codes.

A code arrives as text, with its dot or without, and leaves as a :class:`Code`: one normal form in one code
system. Here it gets its title, its place in the hierarchy, and its counterpart in the other revision. The
tables behind that are large; each is read when it is first asked for, so that importing this room is cheap.
A code in no table stays a code.
"""

from __future__ import annotations

from clem_icd.icd.code import Code, dot, is_well_formed, undot
from clem_icd.icd.codebook import Codebook, default_codebook
from clem_icd.icd.forms import clinical_forms
from clem_icd.icd.hierarchy import ancestors, category, chapter, parent
from clem_icd.icd.mapping import icd9_to_icd10, icd10_to_icd9
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.terms import inclusion_terms, leaf_codes
from clem_icd.icd.title_files import read_titles

__all__ = [
    "Code",
    "CodeSystem",
    "Codebook",
    "ancestors",
    "category",
    "chapter",
    "clinical_forms",
    "default_codebook",
    "dot",
    "icd9_to_icd10",
    "icd10_to_icd9",
    "inclusion_terms",
    "is_well_formed",
    "leaf_codes",
    "parent",
    "read_titles",
    "undot",
]
