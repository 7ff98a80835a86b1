"""Uncoded texts: a file of records with a text column, or a folder of text files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clem_icd.errors import NoteError, SourceError
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.records import read_records
from clem_icd.tabular.values import is_missing
from clem_icd.texts import PlainText, note_files
from clem_icd.texts.decoding import decode
from clem_icd.texts.plain import unwrapped

_COLUMN = "text"


def text_files(path: Path) -> list[Path]:
    """Return the files that `read_texts` reads, in order: the file itself, or every ``*.txt`` in a folder.

    Raises
    ------
    SourceError
        If ``path`` does not exist, or is a folder without ``*.txt`` at any depth.

    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SourceError("there is no such file or folder", path=path, remedy="Check the path")
    try:
        return note_files(path)
    except NoteError as problem:
        raise SourceError(
            f"{problem.found}, and is not a corpus",
            path=path,
            remedy="Name a folder of text files, a corpus, or a file of records",
        ) from None


def read_texts(path: Path) -> Iterator[PlainText]:
    """Yield texts: the column ``text`` of a file of records, or each text file in a folder.

    Blank texts are left out. Unlike notes, texts may be of any length. A text that is wrapped in another
    format, such as HTML, is converted.

    Parameters
    ----------
    path
        A folder with text files ``*.txt`` at any depth, or a table: csv, tsv or jsonl, each gzipped or not,
        or parquet.

    Raises
    ------
    SourceError
        If ``path`` does not exist, a file is malformed or has no such column, or a value is not text.

    """
    if not path.is_file():
        for file in text_files(path):
            yield from _filled(_read(file), file)
        return
    for row, record in read_records(path, [_COLUMN]):
        text = record[_COLUMN]
        if is_missing(text):
            continue
        if not isinstance(text, str):
            raise SourceError(
                f"column {_COLUMN!r} contains {type(text).__name__}, expected text",
                path=path,
                row=row,
                remedy="Write texts as text, or leave the record out",
            )
        check_field(text, path, row)
        yield from _filled(PlainText(text), path, row)


def _read(file: Path) -> PlainText:
    try:
        text, undone = decode(file.read_bytes(), most=None)
    except NoteError as problem:
        raise SourceError(
            problem.found, path=file, remedy=f"{problem.remedy}, or remove it from the folder"
        ) from None
    except OSError as problem:
        raise SourceError(f"cannot be read ({type(problem).__name__})", path=file) from None
    check_field(text, file)
    return PlainText(text, undone)


def _filled(read: PlainText, path: Path, row: int | None = None) -> list[PlainText]:
    """Return a text unwrapped, or nothing if it is blank."""
    if not read.text.strip():
        return []
    try:
        plain = unwrapped(read.text)
    except NoteError as problem:
        raise SourceError(
            problem.found.replace("the text of a note", "text"), path=path, row=row, remedy=problem.remedy
        ) from None
    return [PlainText(plain.text, (*read.wrappings, *plain.wrappings))] if plain.text.strip() else []
