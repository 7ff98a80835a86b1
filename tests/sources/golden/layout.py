"""How the official files write a table: text quoted, numbers and missing fields bare."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

Field = str | int | None


class Bare(str):
    """A text that the official file leaves unquoted, such as a date."""

    __slots__ = ()


def write_table(path: Path, header: str, rows: Iterable[Sequence[Field]]) -> None:
    """Write a gzipped csv file, in the bytes that every run writes."""
    lines = [header, *(",".join(map(_written, row)) for row in rows)]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0))


def _written(field: Field) -> str:
    if field is None:
        return ""
    if isinstance(field, int | Bare):
        return str(field)
    quoted = field.replace('"', '""')
    return f'"{quoted}"'
