"""The Corpus: notes, their codes and the evidence for them, in one folder that any tool can read.

A source writes it once through `corpus_writer`; everything else opens it as a `Corpus`. This room owns the
schema, checks every row when it is written and again when it is read, fixes the label space and its order,
splits notes by subject, and describes the contents of a corpus.
"""

from clem_icd.corpus.about import about_for_results, is_corpus
from clem_icd.corpus.description import TokenCounter, describe
from clem_icd.corpus.notes import Evidence, Note
from clem_icd.corpus.reader import Corpus, Label
from clem_icd.corpus.schema import FORMAT_VERSION, SPLITS
from clem_icd.corpus.splitting import split_by_subject
from clem_icd.corpus.writer import CorpusWriter, InputFile, corpus_writer

__all__ = [
    "FORMAT_VERSION",
    "SPLITS",
    "Corpus",
    "CorpusWriter",
    "Evidence",
    "InputFile",
    "Label",
    "Note",
    "TokenCounter",
    "about_for_results",
    "corpus_writer",
    "describe",
    "is_corpus",
    "split_by_subject",
]
