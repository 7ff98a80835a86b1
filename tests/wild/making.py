"""How inputs are made: each becomes files in a folder, and a command of ``clem`` that reads them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from clem_icd.synthetic import synthesize

NOTE = "Admitted with pneumonia. Known hypertension."

# The table that inputs vary: a note per record, all of them for training.
ROWS = (
    {"note_id": "n1", "patient": "p1", "text": NOTE, "codes": "J18.9;I10", "part": "train"},
    {"note_id": "n2", "patient": "p2", "text": "Type 2 diabetes, stable.", "codes": "E11.9", "part": "train"},
)


@dataclass(frozen=True)
class Place:
    """Where inputs are made, and what they are read with.

    Attributes
    ----------
    folder
        A new folder.
    model, corpus
        A little model, and its corpus: labels I10, E11.9, N17.9, J18.9, I48.91 and E87.6.

    """

    folder: Path
    model: Path
    corpus: Path


Make = Callable[[Place], list[object]]


@dataclass(frozen=True)
class Input:
    """Something that a user had.

    Attributes
    ----------
    name
        A unique name.
    had
        What it was, in a few words.
    source
        A public report of it, or "known" for those that started this list.
    make
        Makes it, and returns the command that reads it.

    """

    name: str
    had: str
    source: str
    make: Make


def note(content: str | bytes, *options: object, name: str = "note.txt") -> Make:
    """Return how to code one file."""

    def make(place: Place) -> list[object]:
        path = place.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return ["code", place.model, path, "--top", 1, *options]

    return make


def folder(files: dict[str, str | bytes]) -> Make:
    """Return how to code a folder of files."""

    def make(place: Place) -> list[object]:
        for name, content in files.items():
            path = place.folder / "notes" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return ["code", place.model, place.folder / "notes", "--top", 1]

    return make


def codes(*cells: str, system: str = "icd10cm", options: Sequence[object] = ()) -> Make:
    """Return how to prepare a table with some cells of codes."""
    rows = [{**ROWS[0], "note_id": f"c{number}", "codes": cell} for number, cell in enumerate(cells, start=1)]
    return table(as_csv([*rows, ROWS[1]]), "--system", system, *options)


def texts(*cells: str, options: Sequence[object] = ()) -> Make:
    """Return how to prepare a table with some texts of notes."""
    rows = [{**ROWS[0], "note_id": f"t{number}", "text": cell} for number, cell in enumerate(cells, start=1)]
    return table(as_csv([*rows, ROWS[1]]), "--system", "icd10cm", *options)


def table(content: str | bytes, *options: object, name: str = "notes.csv") -> Make:
    """Return how to prepare a table from the bytes of a file."""

    def make(place: Place) -> list[object]:
        path = place.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        columns = () if "--split" in options else ("--split", "part")
        return ["prepare", "table", "--raw", path, "--out", place.folder / "out", *columns, *options]

    return make


def json_lines(*changes: dict[str, Any], options: Sequence[object] = ("--system", "icd10cm")) -> Make:
    """Return how to prepare a table in JSON lines, with changes to its first records."""
    records = [{**ROWS[0], "note_id": f"j{number}", **change} for number, change in enumerate(changes)]
    return table("".join(json.dumps(one) + "\n" for one in [*records, ROWS[1]]), *options, name="notes.jsonl")


def parquet(frame: pl.DataFrame, *options: object, name: str = "notes.parquet") -> Make:
    """Return how to prepare a table in parquet."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return table(stream.getvalue(), "--system", "icd10cm", *options, name=name)


def scores(content: str | bytes, *options: object, name: str = "theirs.csv") -> Make:
    """Return how to import scores for the corpus of the little model."""

    def make(place: Place) -> list[object]:
        path = place.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        out = place.folder / "scores.parquet"
        return [
            "scores",
            "import",
            path,
            "--corpus",
            place.corpus,
            "--out",
            out,
            "--missing",
            "zero",
            *options,
        ]

    return make


def mimic(rearrange: Callable[[Path, Path], None], source: str = "mimic3-full") -> Make:
    """Return how to prepare a tree of PhysioNet's in another arrangement.

    Parameters
    ----------
    rearrange
        Moves the files of the first folder, as ``wget`` arranges them, to the second.
    source
        The corpus to prepare.

    """

    def make(place: Place) -> list[object]:
        layout = "mimic3" if "mimic3" in source else "mimic4"
        tree, raw = place.folder / "tree", place.folder / "raw"
        synthesize(tree, admissions=60, seed=1, words=60, layout=layout)
        (tree / "evidence.parquet").unlink()
        raw.mkdir()
        shutil.copy(tree / "SYNTHETIC.json", raw)
        rearrange(tree / "physionet.org" / "files", raw)
        shutil.rmtree(tree)
        options = ["--min-count", 2] if "mimic4" in source else []
        return ["prepare", source, "--raw", raw, "--out", place.folder / "out", *options]

    return make


def as_csv(rows: Sequence[dict[str, str]], delimiter: str = ",") -> str:
    """Return rows as a csv file with a header."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def gzipped(content: str) -> bytes:
    """Return a text gzipped."""
    return gzip.compress(content.encode(), mtime=0)
