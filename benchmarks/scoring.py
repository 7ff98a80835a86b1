"""The time that models take per note on one core, by the length of the note, interleaved.

    python benchmarks/scoring.py CORPUS MODEL [MODEL …]

The notes are those of the validation split, joined and cut to the given numbers of words. Ratios are to the
first model. Medians over the repeats.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import load_model
from clem_icd.modeling.machine import describe_environment

NOTES = 20


def joined(texts: list[str], words: int) -> list[str]:
    """Return notes of about the given number of words, made of consecutive texts."""
    notes: list[str] = []
    current: list[str] = []
    for text in texts:
        current.append(text)
        if sum(len(part.split()) for part in current) >= words:
            notes.append("\n\n".join(current))
            current = []
    return [" ".join(note.split(" ")[:words]) for note in notes]


def main() -> None:
    """Time the models, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--words", type=int, nargs="+", default=[320, 5000])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    texts = list(Corpus.open(arguments.corpus).texts("validation"))
    systems = {path: load_model(path)[0] for path in arguments.models}
    print(describe_environment())
    for words in arguments.words:
        notes = joined(texts, words)[:NOTES]
        for system in systems.values():
            list(system.score(notes[:2]))
        seconds: dict[Path, list[float]] = {path: [] for path in systems}
        for _ in range(arguments.repeats):
            for path, system in systems.items():
                began = time.perf_counter()
                list(system.score(notes))
                seconds[path].append((time.perf_counter() - began) / len(notes))
        base = statistics.median(seconds[arguments.models[0]])
        for path, found in seconds.items():
            median = statistics.median(found)
            print(f"{words:>6} words  {1000 * median:8.1f} ms  {median / base:5.2f} x  {path}")


if __name__ == "__main__":
    main()
