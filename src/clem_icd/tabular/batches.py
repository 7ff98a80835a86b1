"""Reading large csv files by columns: fast, in bounded memory, and as strict as reading them row by row."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from isal import igzip_threaded

from clem_icd.corpus.prefetch import prefetched
from clem_icd.tabular.delimited import names_delimiter, read_header, read_rows
from clem_icd.tabular.headers import column_positions
from clem_icd.tabular.opening import is_gzip, is_plain_utf8
from clem_icd.tabular.refusals import READ_ERRORS
from clem_icd.texts import MAX_CHARACTERS

_BLOCK = 1 << 22  # bytes
_LONGEST_ROW = 1 << 23  # bytes; the longest note is 4 million
_PIECE = 1 << 14  # bytes
_STRICT_ROWS = 1000

Batch = tuple[int, pa.RecordBatch]


def read_batches(
    path: Path, columns: Sequence[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[Batch]:
    """Yield some columns of a csv file as text, batch by batch, each with the number of its first row.

    Rows are counted from 1, after the header. A batch has the columns in the order and by the names
    requested, whatever the case of the header's (`column_positions`). Every column has type ``string`` and no
    nulls: a missing field is empty, quoted or not.

    A fast parser reads files in UTF-8 with commas. Where it fails, or would accept malformed csv, the strict
    reader (`read_rows`) takes over, and either names the row or reads on.

    Raises
    ------
    SourceError
        As `read_rows` does.

    """
    header = read_header(path, delimiter=delimiter, encoding=encoding)
    positions = column_positions(path, header, columns)
    if delimiter != "," or encoding != "utf-8" or not is_plain_utf8(path) or names_delimiter(path):
        yield from _strict(path, columns, 0, delimiter, encoding)
        return
    done = 0
    try:
        for batch in _parsed(path, positions, len(header)):
            yield done + 1, batch.rename_columns(list(columns))
            done += batch.num_rows
    except (pa.ArrowException, _NotStrictError, *READ_ERRORS):
        # Their messages quote the file, so none may become the context of what the strict reader raises.
        failed = True
    else:
        failed = False
    if failed:
        yield from _strict(path, columns, done, delimiter, encoding)


def _parsed(path: Path, positions: Sequence[int], width: int) -> Iterator[pa.RecordBatch]:
    # By number, since names that are not requested may occur twice.
    columns = list(map(str, positions))
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    convert = pyarrow.csv.ConvertOptions(
        include_columns=columns,
        column_types=dict.fromkeys(columns, pa.string()),
        strings_can_be_null=False,
        check_utf8=False,  # `_check_utf8` did
    )
    with igzip_threaded.open(path, "rb") if is_gzip(path) else path.open("rb") as binary:
        for number, block in enumerate(prefetched(_blocks(cast("IO[bytes]", binary)))):
            read = pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=len(block) + 1,
                column_names=list(map(str, range(width))),
                skip_rows=1 if number == 0 else 0,
            )
            table = pyarrow.csv.read_csv(pa.BufferReader(block), read, parse, convert)
            for batch in table.to_batches():
                if any(_longest(column) > MAX_CHARACTERS for column in batch.columns):
                    raise _NotStrictError
                yield batch


def _longest(column: pa.StringArray) -> int:
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    return int(np.diff(offsets).max(initial=0))


def _strict(path: Path, columns: Sequence[str], done: int, delimiter: str, encoding: str) -> Iterator[Batch]:
    rows = islice(read_rows(path, columns, delimiter=delimiter, encoding=encoding), done, None)
    while group := list(islice(rows, _STRICT_ROWS)):
        values = zip(*(row for _, row in group), strict=True)
        arrays = [pa.array(column, pa.string()) for column in values]
        yield group[0][0], pa.RecordBatch.from_arrays(arrays, names=list(columns))


class _NotStrictError(Exception):
    """The fast parser would read the file differently from the strict one, or accept what it refuses."""


def _blocks(file: IO[bytes]) -> Iterator[memoryview]:
    """Yield a csv file in blocks of whole rows that the strict reader would read in the same way."""
    rest = b""
    while True:
        data = _filled(file, rest)
        if b"\0" in data or len(data) > _LONGEST_ROW + _BLOCK:
            raise _NotStrictError
        is_last = len(data) < len(rest) + _BLOCK
        end = _end_of_rows(data, is_last=is_last)
        if end:
            _check_utf8(data, end)
            yield memoryview(data)[:end]
        if is_last:
            return
        rest = bytes(memoryview(data)[end:])


def _filled(file: IO[bytes], rest: bytes) -> bytearray:
    """Return the rest of the previous block followed by more of the file, in one piece of memory."""
    data = bytearray(len(rest) + _BLOCK)
    data[: len(rest)] = rest
    place = len(rest)
    with memoryview(data) as view:
        while place < len(data) and (count := file.readinto(view[place:])):  # type: ignore[attr-defined]
            place += count
    del data[place:]
    return data


def _check_utf8(data: bytearray, end: int) -> None:
    """Refuse bytes before ``end`` that are not UTF-8. Pieces of ASCII, nearly all, need no decoding."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    inside_character = False  # that an earlier piece began
    for start in range(0, end, _PIECE):
        piece = data[start : min(start + _PIECE, end)]
        if inside_character or not piece.isascii():
            decoder.decode(piece)
            inside_character = bool(decoder.getstate()[0])
    decoder.decode(b"", final=True)


def _end_of_rows(data: bytearray, *, is_last: bool) -> int:
    """Return where the last whole row of a block ends; the block begins at the start of a row."""
    marks = _quotation_marks(data)
    if is_last:
        if len(marks) % 2:
            raise _NotStrictError
        return len(data)
    # A stretch outside quotation marks begins after a closing mark and ends at an opening one.
    begins = np.append(-1, marks[1::2])
    ends = np.append(marks[::2], len(data))[: len(begins)]
    for begin, end in zip(begins[::-1], ends[::-1], strict=True):
        line_end = data.rfind(b"\n", begin + 1, end)
        if line_end >= 0:
            return line_end + 1
    return 0


def _quotation_marks(block: bytearray) -> npt.NDArray[np.int64]:
    """Return the positions of the quotation marks in a block, if all are where they may be.

    The first, third, fifth, … opens a field and the others close one; a doubled mark inside a field counts
    as closing and reopening it. An opening mark follows a delimiter, a line end or another mark; a closing
    mark is followed by one of these.
    """
    data = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero(data == ord('"'))
    opening, closing = marks[::2], marks[1::2]
    # The byte before the first one is a line end; the byte after the last one has not been read yet.
    before = data[opening[opening > 0] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    if not (_BESIDE[before].all() and _BESIDE[after].all()):
        raise _NotStrictError
    return marks


_BESIDE = np.zeros(256, dtype=np.bool_)
_BESIDE[list(b',\r\n"')] = True
