"""A user's file of synonyms: other names of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clem_icd.errors import SourceError
from clem_icd.files import sha256_of
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.tabular import read_records
from clem_icd.tabular.codes import CodeReader
from clem_icd.tabular.headers import has_column
from clem_icd.tabular.records import column_names
from clem_icd.tabular.refusals import unreadable
from clem_icd.texts.flaws import flaw_in

_COLUMNS = ("code", "system", "synonym")
_WITH_SYSTEM = "Write a code as text, with its system in a column system or before it, as in icd10cm:E11.9"


@dataclass(frozen=True)
class Synonyms:
    """The synonyms in a file.

    Attributes
    ----------
    of_codes
        The synonyms of each code, in the order of the file, each once; only codes of the label space.
    others
        Number of codes in the file that are not in the label space.

    """

    of_codes: Mapping[Code, tuple[str, ...]]
    others: int


def read_synonyms(path: Path, codes: Sequence[Code]) -> Synonyms:
    """Read the synonyms of codes from a table.

    Parameters
    ----------
    path
        A csv, tsv, jsonl or parquet file with columns ``code`` and ``synonym``, one synonym per row. A column
        ``system`` is needed only if the label space has codes of several systems.
    codes
        The label space.

    Raises
    ------
    SourceError
        If the file is missing or malformed, or has no synonym for any code of the label space.

    """
    names = column_names(path, _COLUMNS)
    columns = [name for name in _COLUMNS if name != "system" or has_column(names, name)]
    systems = {code.system for code in codes}
    reader = CodeReader(systems.pop() if len(systems) == 1 else None, default_codebook())
    found: dict[Code, dict[str, None]] = {}
    for row, record in read_records(path, columns, optional=["system"]):
        try:
            code, synonym = _code(record, reader), _synonym(record["synonym"])
        except SourceError as problem:
            raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None
        found.setdefault(code, {})[synonym] = None
    known = {code: tuple(found[code]) for code in codes if code in found}
    if not known:
        raise SourceError(
            f"has synonyms for {len(found):,} codes, none of which is in the corpus",
            path=path,
            remedy="Check that this is the right file, and the system of its codes",
        )
    return Synonyms(known, len(found) - len(known))


def fingerprint_of(path: Path) -> str:
    """Return the SHA-256 of a file of synonyms.

    Raises
    ------
    SourceError
        If it is missing.

    """
    try:
        return sha256_of(path)
    except OSError as problem:
        raise unreadable(path, problem) from None


def _code(record: Mapping[str, Any], reader: CodeReader) -> Code:
    try:
        named = record.get("system")
        system: CodeSystem | None = reader.system_of(named) if named else None
        return reader.code(record["code"], system)
    except SourceError as problem:
        raise SourceError(problem.found, remedy=_WITH_SYSTEM) from None


def _synonym(value: Any) -> str:
    if not isinstance(value, str):
        raise SourceError(
            f"has a synonym as {type(value).__name__}, expected text", remedy="Write one synonym per row"
        )
    if flaw := flaw_in(value):
        raise SourceError(f"has a synonym that {flaw.found}", remedy="Correct or delete the row")
    return " ".join(value.split())
