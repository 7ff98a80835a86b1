"""Files with code titles: MIMIC's D_ICD_* tables and the lists published by CMS."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.icd.code import Code, is_well_formed
from clem_icd.icd.marks import without_mark
from clem_icd.icd.systems import CodeSystem

__all__ = ["read_titles"]

_CODE_COLUMNS = {"icd9_code": "9", "icd10_code": "10", "icd_code": None, "code": None}
_TITLE_COLUMNS = ("long_title", "title", "short_title")
_PROCEDURES = (CodeSystem.ICD9PCS, CodeSystem.ICD10PCS)

# Fixed columns of CMS order files: number 1-5, code 7-13, billable 15, short title 17-76, title from 78.
_ORDER_LINE = re.compile(r"[0-9]{5} (?=.{7} [01] )(?P<code>\S+) +[01] .{60} (?P<title>.+)")
_LIST_LINE = re.compile(r"(?P<code>\S+)\s+(?P<title>.+)")

_Row = tuple[int, str, CodeSystem, str]  # row, code as written, system, title


def read_titles(path: Path, system: CodeSystem | None = None) -> dict[Code, str]:
    """Read code titles from a file.

    Parameters
    ----------
    path
        A csv file with a header (``.csv`` or ``.csv.gz``): MIMIC-III ``D_ICD_DIAGNOSES`` and
        ``D_ICD_PROCEDURES``, MIMIC-IV ``d_icd_diagnoses`` and ``d_icd_procedures``, or any file with columns
        ``code`` and ``title``. Any other file is read as a CMS list: a code, whitespace and a title per line
        (``icd10cm-codes-2024.txt``, ``CMS32_DESC_LONG_DX.txt``), or the fixed columns of an order file
        (``icd10cm-order-2024.txt``). The encoding is UTF-8, or else ISO 8859-1.
    system
        The code system. Required for CMS lists, which never state it. MIMIC's tables state the version in a
        column, which always applies, and diagnoses or procedures in the file name, which applies if
        ``system`` is None. Version 10 is ICD-10-CM or ICD-10-PCS unless ``system`` is ICD-10.

    Returns
    -------
    dict[Code, str]
        Titles by code. Malformed codes are kept, as long as they are at most half. A mark after an ICD-10
        code, such as a dagger, is dropped: the title belongs to the code.

    Raises
    ------
    SourceError
        If the file is missing or unreadable, its code system is unknown or a different one, or a row has no
        code or no title.

    """
    text = _text(path)
    is_csv = path.name.lower().removesuffix(".gz").endswith(".csv")
    read = _csv_rows(text, path, system) if is_csv else _list_rows(text, path, system)
    rows = [(row, without_mark(code, found)[0], found, title) for row, code, found, title in read]
    _check_shapes(rows, path)
    return {Code.normalized(code, found): title for _, code, found, title in rows}


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise SourceError("there is no such file", path=path, remedy="Check the path") from None
    except (OSError, EOFError, zlib.error) as problem:
        raise SourceError(
            f"cannot be read ({type(problem).__name__})", path=path, remedy="Download the file again"
        ) from problem
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def _list_rows(text: str, path: Path, system: CodeSystem | None) -> Iterator[_Row]:
    system = _given(system, path)
    for row, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        match = _ORDER_LINE.fullmatch(line.rstrip()) or _LIST_LINE.fullmatch(line.strip())
        if match is None:
            raise _incomplete(path, row)
        yield row, match["code"], system, " ".join(match["title"].split())


def _csv_rows(text: str, path: Path, system: CodeSystem | None) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        code_column = _column(header, tuple(_CODE_COLUMNS), path)
        title_column = _column(header, _TITLE_COLUMNS, path)
        for row, fields in enumerate(reader, start=1):
            if len(fields) != len(header):
                raise _uneven(path, row, len(fields), len(header))
            record = dict(zip(header, (field.strip() for field in fields), strict=True))
            code, title = record[code_column], record[title_column]
            if not code or not title:
                raise _incomplete(path, row)
            version = record.get("icd_version", _CODE_COLUMNS[code_column])
            yield row, code, _system_of(version, system, path, row), " ".join(title.split())
    except csv.Error as problem:
        raise SourceError(
            "is not well-formed csv", path=path, row=reader.line_num, remedy="Download the file again"
        ) from problem


def _column(header: list[str], accepted: tuple[str, ...], path: Path) -> str:
    for name in accepted:
        if name in header:
            return name
    raise SourceError(
        f"has no column {' or '.join(accepted)}",
        path=path,
        remedy="Add a header with one of these names",
    )


def _system_of(version: str | None, system: CodeSystem | None, path: Path, row: int) -> CodeSystem:
    if version is None:
        return _given(system, path)
    if version not in ("9", "10"):
        raise SourceError("has no ICD version 9 or 10", path=path, row=row, remedy="Correct the row")
    if system is CodeSystem.ICD10 and version == "10":
        return system
    if _holds_procedures(path, system):
        return CodeSystem.ICD9PCS if version == "9" else CodeSystem.ICD10PCS
    return CodeSystem.ICD9CM if version == "9" else CodeSystem.ICD10CM


def _given(system: CodeSystem | None, path: Path) -> CodeSystem:
    if system is None:
        raise SourceError("does not state its code system", path=path, remedy="Name the code system")
    return system


def _holds_procedures(path: Path, system: CodeSystem | None) -> bool:
    if system is not None:
        return system in _PROCEDURES
    name = path.name.lower()
    if ("diagnos" in name) == ("procedure" in name):
        raise SourceError(
            "does not state whether it holds diagnoses or procedures",
            path=path,
            remedy="Name the code system",
        )
    return "procedure" in name


def _check_shapes(rows: list[_Row], path: Path) -> None:
    misfits = [(row, system) for row, code, system, _ in rows if not is_well_formed(code, system)]
    if 2 * len(misfits) > len(rows):
        row, system = misfits[0]
        raise SourceError(
            f"{len(misfits)} of {len(rows)} codes do not have the shape of {system.title} codes",
            path=path,
            row=row,
            remedy="Name the code system of the file",
        )


def _incomplete(path: Path, row: int) -> SourceError:
    return SourceError("has no code or no title", path=path, row=row, remedy="Complete or delete the row")


def _uneven(path: Path, row: int, found: int, expected: int) -> SourceError:
    return SourceError(
        f"has {found} fields, expected {expected}",
        path=path,
        row=row,
        remedy="Put quotes around titles that contain a comma",
    )
