"""Texts without codes: a file of records with a column of text, or a folder of text files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.tabular.delimited import check_text
from clem_icd.tabular.records import read_records

_COLUMN = "text"


def text_files(path: Path) -> list[Path]:
    """Return the files that `read_texts` reads, in order: the one, or every ``*.txt`` of a folder.

    Raises
    ------
    SourceError
        If there is nothing at ``path``, or a folder has no ``*.txt`` in it or below.

    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SourceError("there is no such file or folder", path=path, remedy="Check the path")
    files = sorted(path.rglob("*.txt"))
    if not files:
        raise SourceError(
            "has no *.txt in it, and is no corpus",
            path=path,
            remedy="Name a folder of text files, a corpus, or a file of records",
        )
    return files


def read_texts(path: Path) -> Iterator[str]:
    """Yield texts: those of the column ``text`` of a file of records, or of a folder one a file.

    Blank ones are left out.

    Parameters
    ----------
    path
        A folder, whose files ``*.txt`` at any depth are UTF-8, or a file that ends in ``.jsonl``,
        ``.csv`` or ``.tsv``, each perhaps with ``.gz``, or in ``.parquet``.

    Raises
    ------
    SourceError
        If nothing is there, a file is malformed, has no such column, or holds something else than text.

    """
    if not path.is_file():
        for file in text_files(path):
            yield from filter(str.strip, [_read(file)])
        return
    for row, record in read_records(path, [_COLUMN]):
        text = record[_COLUMN]
        if text is None:
            continue
        if not isinstance(text, str):
            raise SourceError(f"its {_COLUMN!r} is {type(text).__name__}, expected text", path=path, row=row)
        check_text(text, path, row)
        if text.strip():
            yield text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SourceError(
            "is not UTF-8", path=file, remedy="Convert it, or take it out of the folder"
        ) from None
    except OSError as problem:
        raise SourceError(f"cannot be read ({type(problem).__name__})", path=file) from None
