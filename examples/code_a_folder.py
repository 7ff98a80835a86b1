# ruff: noqa: T201
"""Codes for every .txt file of a folder, as a csv file: one row per assigned code, no note text.

python examples/code_a_folder.py runs/demo/model notes codes.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from clem_icd import Coder
from clem_icd.corpus import read_note
from clem_icd.files import new_file


def main(model: Path, notes: Path, out: Path) -> None:
    """Write the assigned codes of all notes; ``out`` is written completely or not at all."""
    coder = Coder.load(model)
    paths = sorted(notes.glob("*.txt"))
    codings = coder.code_all((read_note(path) for path in paths), top=0)
    with new_file(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["note", "code", "system", "title", "probability"])
        for path, coding in zip(paths, codings, strict=True):
            if coding.truncated:
                read = f"only {coding.tokens_read} of {coding.tokens} tokens were read"
                print(f"{path.name}: {read}", file=sys.stderr)
            for one in coding.suggestions:
                rows.writerow([path.stem, one.code, one.system, one.title, f"{one.probability:.4f}"])
    print(f"Wrote the codes of {len(paths)} notes to {out}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
