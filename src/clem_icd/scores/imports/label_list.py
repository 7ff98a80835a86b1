"""Lists of labels: which codes a system can give, or which columns an array has."""

from __future__ import annotations

from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.scores.imports.foreign import ForeignCode, systems_of
from clem_icd.scores.imports.tables import (
    TABLES,
    code_column,
    collect,
    kind_of,
    require_columns,
    scan_table,
    schema_of,
)


def read_label_list(path: Path) -> tuple[ForeignCode, ...]:
    """Read a list of labels: a text file with a code a line, or a table with ``code``, perhaps ``system``.

    Raises
    ------
    ScoresError
        If there is no such file, it is empty, or a label is missing or listed twice.

    """
    codes = _labels_of_table(path) if kind_of(path) in TABLES else _labels_of_text(path)
    if not codes:
        raise ScoresError("lists no labels", path=path, remedy="Write a code a line")
    seen: set[ForeignCode] = set()
    for row, code in enumerate(codes, start=1):
        if not code.text or code in seen:
            found = "lists a label twice" if code.text else "lacks a label"
            raise ScoresError(found, path=path, row=row, remedy="List each label once, in column order")
        seen.add(code)
    return tuple(codes)


def _labels_of_text(path: Path) -> list[ForeignCode]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ScoresError("there is no such file", path=path, remedy="Name the list of labels") from None
    except (OSError, UnicodeError):
        raise ScoresError("is no text file", path=path, remedy="Write a code a line, in UTF-8") from None
    return [ForeignCode(line.strip()) for line in lines]


def _labels_of_table(path: Path) -> list[ForeignCode]:
    frame = scan_table(path)
    schema = schema_of(path, frame)
    require_columns(path, schema, ["code"])
    wanted = [name for name in ("code", "system") if name in schema]
    rows = collect(path, frame.select(code_column(path, schema, name) for name in wanted), wanted)
    texts = rows["code"].fill_null("").to_list()
    if "system" not in schema:
        return [ForeignCode(text) for text in texts]
    systems = systems_of(rows["system"].unique().to_list())
    return [
        ForeignCode(text, systems[name]) for text, name in zip(texts, rows["system"].to_list(), strict=True)
    ]
