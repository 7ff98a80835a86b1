"""Measure the minimum work of reading a raw tree: decompress its note file and parse every column as text.

`benchmarks/prepare.py` runs each of these readers in a separate process.

    python benchmarks/parse_floor.py arrow NOTEEVENTS.csv.gz
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BLOCK = 4 << 20  # bytes
_LONGEST_FIELD = 1 << 30  # characters


def read_with_arrow(path: Path) -> int:
    """Return the number of rows, with pyarrow's streaming reader on top of isal's decompression."""
    import pyarrow as pa
    from isal import igzip
    from pyarrow import csv as arrow

    texts = dict.fromkeys(_header(path), pa.string())
    with (
        igzip.open(path, "rb") as file,
        arrow.open_csv(
            file,
            read_options=arrow.ReadOptions(block_size=_BLOCK),
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=arrow.ConvertOptions(column_types=texts),
        ) as reader,
    ):
        return sum(batch.num_rows for batch in reader)


def read_with_polars(path: Path) -> int:
    """Return the number of rows, with polars in streaming mode."""
    import polars as pl

    columns = _header(path)
    frame = pl.scan_csv(path, schema=dict.fromkeys(columns, pl.String)).select(
        pl.all().str.len_bytes().sum(), rows=pl.len()
    )
    return int(frame.collect(engine="streaming")["rows"].item())


def read_with_python(path: Path) -> int:
    """Return the number of rows, with the standard library."""
    csv.field_size_limit(_LONGEST_FIELD)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


READERS: dict[str, Callable[[Path], int]] = {
    "arrow": read_with_arrow,
    "polars": read_with_polars,
    "python": read_with_python,
}


def _header(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def main() -> None:
    """Read one file with one reader."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("reader", choices=READERS)
    arguments.add_argument("path", type=Path)
    given: Any = arguments.parse_args()
    print(READERS[given.reader](given.path), flush=True)
    # A pyarrow thread may still be releasing the Python file; it aborts if the interpreter exits meanwhile.
    os._exit(0)


if __name__ == "__main__":
    main()
