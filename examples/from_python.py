# ruff: noqa: T201
"""From raw files to codes for one note, all in Python.

python examples/from_python.py runs/from-python linear
python examples/from_python.py runs/from-python-neural demo training.epochs=6
"""

from __future__ import annotations

import sys
from pathlib import Path

from clem_icd import Coder
from clem_icd.evaluation import DEFINITIONS
from clem_icd.modeling import ModelInfo
from clem_icd.sources import prepare_mimic4
from clem_icd.synthetic import synthesize
from clem_icd.training import read_recipe, train

NOTE = Path(__file__).with_name("note.txt")


def main(place: Path, recipe: str, *settings: str) -> None:
    """Synthesize a hospital below ``place``, train on it, and code the example note."""
    raw = place / "raw"
    synthesize(raw, admissions=600, seed=1, words=100)
    corpus = prepare_mimic4(raw, place / "corpus", evidence=raw / "evidence.parquet", min_count=20)
    print({split: corpus.size(split) for split in corpus.splits}, len(corpus.labels), "labels")

    run = train(read_recipe(recipe, settings), corpus, place / "run")
    test = ModelInfo.read(run / "model").metrics["test"]
    for name in ("micro_f1", "macro_f1_all_labels", "macro_f1_split_labels", "macro_f1_caml", "map"):
        print(f"{DEFINITIONS[name].title:25} {test[name]:.3f}")

    coder = Coder.load(run / "model")
    for suggestion in coder.code(NOTE.read_text(encoding="utf-8"), top=5):
        mark = "*" if suggestion.decided else " "
        print(mark, suggestion.code, suggestion.title, f"{suggestion.probability:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
