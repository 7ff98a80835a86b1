"""Joining parquet files of one schema, a group of rows at a time in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def join_parquet(
    parts: Iterable[Path], path: Path, schema: pa.Schema, *, group: int, checksums: bool
) -> None:
    """Write the rows of some files, in order, into one.

    Parameters
    ----------
    parts
        The files.
    path
        The file to write.
    schema
        The schema of all files, with the metadata of the one to write.
    group
        Rows per row group.
    checksums
        Verify the checksum of every page, and write it.

    """
    tables = (pq.read_table(part, page_checksum_verification=checksums).cast(schema) for part in parts)
    with pq.ParquetWriter(path, schema, write_page_checksum=checksums) as file:
        for table in _grouped(tables, group):
            file.write_table(table)


def _grouped(tables: Iterable[pa.Table], group: int) -> Iterator[pa.Table]:
    """Yield the rows of some tables in tables of ``group`` rows; the last may have fewer."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += len(table)
        if rows >= group:
            joined = pa.concat_tables(waiting)
            whole = rows - rows % group
            for begin in range(0, whole, group):
                yield joined.slice(begin, group).combine_chunks()
            # A copy: a slice would keep all the rest in memory.
            rest = joined.slice(whole)
            waiting, rows = [rest.take(pa.array(range(len(rest))))] if len(rest) else [], len(rest)
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()
