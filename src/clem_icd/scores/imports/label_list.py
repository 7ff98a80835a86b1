"""Label lists: the codes that a system can assign, or the columns of an array."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.external import ExternalCode
from clem_icd.scores.imports.spelling import plain_code, systems_named
from clem_icd.scores.imports.table_files import (
    TABLES,
    Table,
    code_column,
    require_columns,
)
from clem_icd.tabular.records import suffix_of


def read_label_list(path: Path, systems: Collection[CodeSystem] = ()) -> tuple[ExternalCode, ...]:
    """Read a label list: a text file with one code per line, or a table with ``code``, optionally ``system``.

    Parameters
    ----------
    systems
        Those of the corpus.

    Raises
    ------
    ScoresError
        If the file is missing or empty, or a label is missing or duplicate.

    """
    # A text file has one code per line, and no header.
    is_table = suffix_of(path) in TABLES and suffix_of(path) != ".txt"
    listed = _labels_of_table(path, systems) if is_table else _labels_of_text(path)
    codes = [ExternalCode(plain_code(code.text, systems), code.system) for code in listed]
    if not codes:
        raise ScoresError("lists no labels", path=path, remedy="Write one code per line")
    seen: set[ExternalCode] = set()
    for row, code in enumerate(codes, start=1):
        if not code.text or code in seen:
            found = "duplicate label" if code.text else "has no label"
            raise ScoresError(found, path=path, row=row, remedy="List each label once, in column order")
        seen.add(code)
    return tuple(codes)


def _labels_of_text(path: Path) -> list[ExternalCode]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ScoresError("no such file", path=path, remedy="Name the file with the label list") from None
    except (OSError, UnicodeError):
        raise ScoresError("not a text file", path=path, remedy="Write one code per line, in UTF-8") from None
    return [ExternalCode(line.strip()) for line in lines]


def _labels_of_table(path: Path, systems: Collection[CodeSystem]) -> list[ExternalCode]:
    table = Table(path, ["code"])
    require_columns(table, ["code"])
    wanted = [name for name in ("code", "system") if name in table.schema]
    rows = table.select(wanted, [code_column(table, name) for name in wanted])
    texts = rows["code"].fill_null("").to_list()
    if "system" not in table.schema:
        return [ExternalCode(text) for text in texts]
    named = systems_named(rows["system"].unique().to_list(), systems)
    return [
        ExternalCode(text, named[name]) for text, name in zip(texts, rows["system"].to_list(), strict=True)
    ]
