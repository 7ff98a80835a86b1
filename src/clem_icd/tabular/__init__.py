"""Strict reading of csv, jsonl and parquet: encodings, quoting, row numbers, refusals.

A reader here knows columns and values, not what a data set means by them. It refuses whatever it cannot read
exactly, with an error that names the file, the row and the remedy, and never shows a value that might be note
text. Large files are read in batches, so memory stays bounded.
"""

from clem_icd.tabular.delimited import read_rows
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.records import read_records
from clem_icd.tabular.sentences import count_sentences, counted
from clem_icd.tabular.spans import read_spans
from clem_icd.tabular.split_files import SplitFiles, read_split

__all__ = [
    "SplitFiles",
    "count_sentences",
    "counted",
    "open_text",
    "read_records",
    "read_rows",
    "read_spans",
    "read_split",
]
