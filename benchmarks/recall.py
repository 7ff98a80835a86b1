"""How many of the codes that coders assigned are among the first suggestions of a ranking system.

    python benchmarks/recall.py --corpus CORPUS --scores scores.parquet --split validation

``clem evaluate`` averages recall over notes and stops at 15 suggestions; here every code of every note counts
once, also for the codes that no training note has.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.scores import RankedScores

DEPTHS = (10, 50)


def main() -> None:
    """Print recall for all codes, and for those that the training split lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--split", default="validation")
    arguments = parser.parse_args()
    corpus, scores = Corpus.open(arguments.corpus), RankedScores.read(arguments.scores)
    train = {code for note in corpus.notes("train") for code in note.codes}
    gold = [set(note.codes) for note in corpus.notes(arguments.split)]
    for name, wanted in (("all codes", gold), ("codes that train lacks", [codes - train for codes in gold])):
        total = sum(map(len, wanted))
        for depth in DEPTHS:
            hits = sum(len(codes & _first(scores, row, depth)) for row, codes in enumerate(wanted))
            share = f"{hits / total:.3f}" if total else "none"
            print(f"{name}: recall at {depth} {share} ({hits:,} of {total:,})")


def _first(scores: RankedScores, row: int, depth: int) -> set[object]:
    begin, end = scores.begins[row : row + 2]
    return {scores.labels[column] for column in scores.columns[begin:end][:depth]}


if __name__ == "__main__":
    main()
