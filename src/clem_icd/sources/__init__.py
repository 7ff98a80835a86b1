"""Raw files become a Corpus here, one module a step and one function an origin.

A source finds its files, reads them as a stream, checks every row on the way, and writes a Corpus
whole or not at all. What it leaves out it counts, and says so in the corpus; what it cannot read
it refuses, naming the file, the row and the remedy. MIMIC-III, MIMIC-IV, MDACE, CodiEsp and a table
of one's own are origins; `peers` are the published ways to prepare the first two; `synthetic` makes
raw files of its own, so that everything runs where there is no data. Texts without codes, which an encoder
is pretrained on, are read here as well.
"""

from __future__ import annotations

from clem_icd.sources.codiesp import prepare_codiesp
from clem_icd.sources.mdace import prepare_mdace
from clem_icd.sources.mimic3 import prepare_mimic3
from clem_icd.sources.mimic4 import prepare_mimic4
from clem_icd.sources.plain_texts import read_texts, text_files
from clem_icd.sources.published_counts import PublishedComparison, compare_with_published
from clem_icd.sources.synthetic import LAYOUTS, SynthesisSummary, synthesize
from clem_icd.sources.table import prepare_table

__all__ = [
    "LAYOUTS",
    "PublishedComparison",
    "SynthesisSummary",
    "compare_with_published",
    "prepare_codiesp",
    "prepare_mdace",
    "prepare_mimic3",
    "prepare_mimic4",
    "prepare_table",
    "read_texts",
    "synthesize",
    "text_files",
]
