"""Strict reading of csv, jsonl and parquet: encodings, quoting, row numbers, refusals.

A reader here knows columns and values, not what a data set means by them. What it cannot read it refuses,
naming the file, the row and the remedy.
"""

from clem_icd.tabular.delimited import open_text, read_rows
from clem_icd.tabular.records import read_records
from clem_icd.tabular.sentences import counted, tell
from clem_icd.tabular.split_files import SplitFiles, read_split

__all__ = ["SplitFiles", "counted", "open_text", "read_records", "read_rows", "read_split", "tell"]
