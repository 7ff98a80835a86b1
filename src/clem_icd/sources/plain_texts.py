"""Uncoded texts: a file of records with a text column, or a folder of text files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.records import read_records

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
    files = sorted(path.rglob("*.txt"))
    if not files:
        raise SourceError(
            "contains no *.txt, and is not a corpus",
            path=path,
            remedy="Name a folder of text files, a corpus, or a file of records",
        )
    return files


def read_texts(path: Path) -> Iterator[str]:
    """Yield texts: the column ``text`` of a file of records, or each text file in a folder.

    Blank texts are left out. Unlike notes, texts may be of any length.

    Parameters
    ----------
    path
        A folder with UTF-8 files ``*.txt`` at any depth, or a file named ``.jsonl``, ``.csv`` or ``.tsv``,
        optionally with ``.gz``, or ``.parquet``.

    Raises
    ------
    SourceError
        If ``path`` does not exist, a file is malformed or has no such column, or a value is not text.

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
            raise SourceError(
                f"column {_COLUMN!r} contains {type(text).__name__}, expected text",
                path=path,
                row=row,
                remedy="Write texts as text, or leave the record out",
            )
        check_field(text, path, row)
        if text.strip():
            yield text


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SourceError(
            "is not UTF-8 text", path=file, remedy="Convert it, or remove it from the folder"
        ) from None
    except OSError as problem:
        raise SourceError(f"cannot be read ({type(problem).__name__})", path=file) from None
    check_field(text, file)
    return text
