"""The Corpus: notes, their codes and the evidence for them, in one folder that any tool can read.

A source writes it once through `corpus_writer`; everything else opens it as a `Corpus`. This room owns the
schema, defines what a note's text may be, checks every row when it is written and again when it is read,
fixes the label space and its order, splits notes by subject, and describes the contents of a corpus.
"""

from clem_icd.corpus.about import about_for_results, is_corpus
from clem_icd.corpus.description import TokenCounter, describe
from clem_icd.corpus.notes import Evidence, Note
from clem_icd.corpus.reader import Corpus, Label
from clem_icd.corpus.schema import FORMAT_VERSION, SPLITS
from clem_icd.corpus.splitting import split_by_subject
from clem_icd.corpus.text import MAX_CHARACTERS, check_text, decode_note, read_note
from clem_icd.corpus.writer import CorpusWriter, InputFile, corpus_writer

__all__ = [
    "FORMAT_VERSION",
    "MAX_CHARACTERS",
    "SPLITS",
    "Corpus",
    "CorpusWriter",
    "Evidence",
    "InputFile",
    "Label",
    "Note",
    "TokenCounter",
    "about_for_results",
    "check_text",
    "corpus_writer",
    "decode_note",
    "describe",
    "is_corpus",
    "read_note",
    "split_by_subject",
]
