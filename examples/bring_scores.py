# ruff: noqa: T201
"""Scores of any system, as a csv file with the columns note_id, code and score, become a scores file.

    python examples/bring_scores.py runs/demo-corpus test their-scores.csv runs/theirs.parquet
    clem evaluate --corpus runs/demo-corpus --scores runs/theirs.parquet --threshold 0.5 --out theirs.json

A code that a note has no score for gets 0. A note or a code that the corpus does not have is an error.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from clem_icd import Corpus
from clem_icd.prediction import write_scores


def main(corpus_folder: str, split: str, scores: str, out: str) -> None:
    """Read long rows, and write one row a note."""
    corpus = Corpus.open(corpus_folder)
    note_ids = corpus.note_ids(split)
    row_of = {note_id: row for row, note_id in enumerate(note_ids)}
    column_of = {code.value: column for column, code in enumerate(corpus.codes)}
    values = np.zeros((len(note_ids), len(corpus.codes)), dtype=np.float32)
    with Path(scores).open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            if row["note_id"] not in row_of or row["code"] not in column_of:
                sys.exit(f"{scores}, row {number}: its note or its code is not in {corpus_folder}, {split}")
            values[row_of[row["note_id"]], column_of[row["code"]]] = float(row["score"])
    about = {"system": Path(scores).stem, "corpus": corpus.name, "split": split}
    write_scores(Path(out), corpus.codes, zip(note_ids, values, strict=True), about)
    print(f"Wrote the scores of {len(note_ids)} notes for {len(corpus.codes)} labels to {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
