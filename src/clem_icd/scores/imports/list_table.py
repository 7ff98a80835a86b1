"""Tables with one row per note and all its codes in one cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from clem_icd.errors import CodeError, ScoresError, SourceError
from clem_icd.icd import CodeSystem
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.scores.imports.spelling import plain_code, system_named
from clem_icd.scores.imports.table_files import LONGEST_NAME
from clem_icd.tabular.code_cells import divide, exists_in_any_system, looks_like_code
from clem_icd.tabular.codes import with_system
from clem_icd.tabular.headers import has_column, is_named
from clem_icd.tabular.records import column_names, read_records
from clem_icd.tabular.refusals import is_unnamed
from clem_icd.tabular.values import is_missing, read_id

# What an object has besides its score; FHIR's Coding has a display.
_OF_CODE = {"code", "system", "display"}


def read_list_table(
    path: Path,
    note_column: str,
    code_column: str,
    system_column: str = "system",
    systems: Collection[CodeSystem] = (),
    *,
    encoding: str = "utf-8",
) -> ExternalScores:
    """Read a table with a cell of codes per note; every listed code scores 1.

    Parameters
    ----------
    path
        Any table that `clem_icd.tabular` reads.
    note_column, code_column
        The columns of the note ids and of the codes: lists, or text divided as in a table to prepare.
    system_column
        The column of the system of a note's codes; may be missing.
    systems
        Those of the corpus.
    encoding
        The encoding of a text file.

    Raises
    ------
    InputError
        If a column is missing, there are others, which may hold scores, a note has no id or is repeated, or
        a code is not text.

    """
    notes, codes = Numbering[str](), Numbering[ExternalCode]()
    entries: list[tuple[int, int, float, int]] = []
    names = column_names(path, [note_column, code_column], encoding=encoding)
    columns = [note_column, code_column, *([system_column] if has_column(names, system_column) else [])]
    if all(has_column(names, name) for name in columns):
        _refuse_others(path, names, columns)
    records = read_records(path, columns, optional=[system_column], encoding=encoding)
    for row, record in records:
        note = read_id(record[note_column], note_column)
        if note is None or note in notes:
            found = "has no note id" if note is None else "duplicate note id"
            raise ScoresError(found, path=path, row=row, remedy="Write one row per note, with its id")
        number = notes.number(note)
        try:
            listed = dict.fromkeys(_codes(record[code_column], record.get(system_column), systems))
        except (CodeError, SourceError, ScoresError) as problem:
            raise ScoresError(problem.found, path=path, row=row, remedy=problem.remedy) from None
        entries.extend((number, codes.number(code), 1.0, row) for code in listed)
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries))


def _refuse_others(path: Path, names: list[str], columns: list[str]) -> None:
    others = [
        name for name in names if not is_unnamed(name) and not any(is_named(name, one) for one in columns)
    ]
    if others:
        raise ScoresError(
            f"has the column {shown(others[0], LONGEST_NAME)} besides notes and codes; if it holds scores, "
            "they would be ignored, and every listed code would score 1",
            path=path,
            remedy='Leave it out; scores belong in a long table, or in JSON {"note": {"code": score}}',
        )


def _codes(value: object, named: object, systems: Collection[CodeSystem]) -> list[ExternalCode]:
    if is_missing(value):
        return []
    items = divide(value, looks_like_code, exists_in_any_system) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise SourceError(
            f"has codes as {type(items).__name__}, expected a list or text", remedy="Write a list of codes"
        )
    codes = [_code(item, named, systems) for item in items]
    return [code for code in codes if code.text]


def _code(item: object, named: object, systems: Collection[CodeSystem]) -> ExternalCode:
    """Return a listed code: text, perhaps with its system as in icd10cm:E11.9, or an object with both.

    Any other is of the named system, if there is one.
    """
    own = None
    text = item
    if isinstance(item, Mapping):
        text, own = item.get("code"), item.get("system")
        if item.keys() - _OF_CODE:
            raise SourceError(
                "has more in a code than its code and system; a score there would be ignored",
                remedy='Write a long table, or JSON {"note": {"code": score}}',
            )
    if not isinstance(text, str):
        raise SourceError(
            "has a code that is not text", remedy="Write codes as text: as a number, 0066 becomes 66"
        )
    system, text = with_system(text)
    name = (named if system is None else None) if own is None else own
    if not is_missing(name) and str(name).strip():
        system = system_named(str(name).strip(), systems)
    return ExternalCode(plain_code(text, systems), system)
