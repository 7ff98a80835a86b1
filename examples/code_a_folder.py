# ruff: noqa: T201
"""Codes for every .txt file of a folder, as a csv file: one row per assigned code, no note text.

A file that is not a note is named with its reason, and the others are coded.

python examples/code_a_folder.py runs/demo/model notes codes.csv
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from clem_icd import Coder
from clem_icd.errors import ClemError, NoteError
from clem_icd.files import new_file
from clem_icd.texts import note_files, read_note


def main(model: Path, notes: Path, out: Path) -> int:
    """Write the assigned codes of all notes; ``out`` is written completely or not at all.

    Returns the exit code: 0, or 3 if some files are not notes.
    """
    coder = Coder.load(model)
    files = note_files(notes)
    coded: list[Path] = []

    def texts() -> Iterator[str]:
        for path in files:
            try:
                note = read_note(path)
            except NoteError as problem:
                print(problem, file=sys.stderr)
                continue
            if note.wrappings:
                print(f"{path}: converted from {', '.join(note.wrappings)}", file=sys.stderr)
            coded.append(path)
            yield note.text

    with new_file(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["note", "code", "system", "title", "probability"])
        for position, coding in enumerate(coder.code_all(texts(), top=0, wrapped="keep")):
            path = coded[position]
            if coding.truncated:
                read = f"only {coding.tokens_read} of {coding.tokens} tokens were read"
                print(f"{path}: {read}", file=sys.stderr)
            name = path.relative_to(notes).as_posix()
            for one in coding.suggestions:
                rows.writerow([name, one.code, one.system, one.title, f"{one.probability:.4f}"])
    print(f"Wrote the codes of {len(coded)} of {len(files)} notes to {out}")
    return 0 if len(coded) == len(files) else 3


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: code_a_folder.py MODEL FOLDER CODES.csv", file=sys.stderr)
        sys.exit(2)
    try:
        code = main(*map(Path, sys.argv[1:]))
    except ClemError as error:
        sys.exit(str(error))
    if code:
        sys.exit(code)
