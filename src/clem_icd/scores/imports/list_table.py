"""Tables with one row per note and all its codes in one cell."""

from __future__ import annotations

from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem, is_well_formed
from clem_icd.icd.text import cleaned
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.tabular.code_cells import divide
from clem_icd.tabular.records import read_records
from clem_icd.tabular.values import is_missing, read_id


def read_list_table(path: Path, note_column: str, code_column: str) -> ExternalScores:
    """Read a table with a cell of codes per note; every listed code scores 1.

    Parameters
    ----------
    path
        Any table that `clem_icd.tabular` reads.
    note_column, code_column
        The columns of the note ids and of the codes: lists, or text divided as in a table to prepare.

    Raises
    ------
    InputError
        If a column is missing, a note has no id or is repeated, or a code is not text.

    """
    notes, codes = Numbering[str](), Numbering[ExternalCode]()
    entries: list[tuple[int, int, float, int]] = []
    for row, record in read_records(path, [note_column, code_column]):
        note = read_id(record[note_column], note_column)
        if note is None or note in notes:
            found = "has no note id" if note is None else "duplicate note id"
            raise ScoresError(found, path=path, row=row, remedy="Write one row per note, with its id")
        number = notes.number(note)
        texts = dict.fromkeys(_texts(record[code_column], path, row))
        entries.extend((number, codes.number(ExternalCode(text)), 1.0, row) for text in texts)
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries))


def looks_like_code(text: str) -> bool:
    """Return whether a text has the shape of a code of any system."""
    return any(is_well_formed(text, system) for system in CodeSystem)


def _texts(value: object, path: Path, row: int) -> list[str]:
    if is_missing(value):
        return []
    items = divide(value, looks_like_code, lambda _: None) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ScoresError(
            "has codes that are not a list of text",
            path=path,
            row=row,
            remedy="Write codes as text: as a number, 0066 becomes 66",
        )
    return [cleaned(item) for item in items]
