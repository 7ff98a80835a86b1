"""Tables with one row per note and all its codes in one cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clem_icd.errors import CodeError, ScoresError, SourceError
from clem_icd.icd import CodeSystem
from clem_icd.icd.text import cleaned
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.tabular.code_cells import divide, looks_like_code
from clem_icd.tabular.codes import with_system
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
        try:
            listed = dict.fromkeys(_codes(record[code_column]))
        except (CodeError, SourceError) as problem:
            raise ScoresError(problem.found, path=path, row=row, remedy=problem.remedy) from None
        entries.extend((number, codes.number(code), 1.0, row) for code in listed)
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries))


def _codes(value: object) -> list[ExternalCode]:
    if is_missing(value):
        return []
    items = divide(value, looks_like_code, lambda _: None) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise SourceError(
            f"has codes as {type(items).__name__}, expected a list or text", remedy="Write a list of codes"
        )
    codes = map(_code, items)
    return [code for code in codes if code.text]


def _code(item: object) -> ExternalCode:
    """Return a listed code: text, perhaps with its system as in icd10cm:E11.9, or an object with both."""
    if isinstance(item, Mapping):
        text, named = item.get("code"), item.get("system")
    else:
        text, named = item, None
    if not isinstance(text, str):
        raise SourceError(
            "has a code that is not text", remedy="Write codes as text: as a number, 0066 becomes 66"
        )
    system, text = with_system(text)
    return ExternalCode(cleaned(text), system if named is None else CodeSystem.parse(str(named)))
