"""Reading large csv files in columns: fast, in bounded memory, and as strict as reading them row by row."""

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

from clem_icd.corpus import MAX_CHARACTERS
from clem_icd.corpus.ahead import one_ahead
from clem_icd.tabular.delimited import read_header, read_rows
from clem_icd.tabular.refusals import READ_ERRORS, missing_column

_BLOCK = 1 << 22  # bytes
_LONGEST_ROW = 1 << 23  # bytes; the longest note is 4 million
_GLANCE = 1 << 14  # bytes
_STRICT_ROWS = 1000

Batch = tuple[int, pa.RecordBatch]


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[Batch]:
    """Yield the number of a batch's first row, and the batch: some columns of a csv file, as text.

    Rows count from 1, after the header. Every column is of type ``string`` and without nulls: a field that
    is missing is empty, quoted or not.

    A fast parser reads the file. Where it stumbles, or would read something that is no proper csv, the
    strict reader of `read_rows` takes over, and names the row or reads on.

    Raises
    ------
    SourceError
        As `read_rows` does.

    """
    header = read_header(path)
    for column in columns:
        if column not in header:
            raise missing_column(path, column, header)
    done = 0
    try:
        for batch in _parsed(path, columns, header):
            yield done + 1, batch
            done += batch.num_rows
    except (pa.ArrowException, _NotStrictError, *READ_ERRORS):
        # Their messages quote the file. Left behind here, none goes along with what the strict reader says.
        stumbled = True
    else:
        stumbled = False
    if stumbled:
        yield from _strict(path, columns, done)


def _parsed(path: Path, columns: Sequence[str], header: list[str]) -> Iterator[pa.RecordBatch]:
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    convert = pyarrow.csv.ConvertOptions(
        include_columns=list(columns),
        column_types=dict.fromkeys(columns, pa.string()),
        strings_can_be_null=False,
        check_utf8=False,  # `_check_text` has
    )
    with igzip_threaded.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as binary:
        for number, block in enumerate(one_ahead(_blocks(cast("IO[bytes]", binary)))):
            read = pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=len(block) + 1,
                column_names=header,
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


def _strict(path: Path, columns: Sequence[str], done: int) -> Iterator[Batch]:
    rows = islice(read_rows(path, columns), done, None)
    while group := list(islice(rows, _STRICT_ROWS)):
        values = zip(*(row for _, row in group), strict=True)
        arrays = [pa.array(column, pa.string()) for column in values]
        yield group[0][0], pa.RecordBatch.from_arrays(arrays, names=list(columns))


class _NotStrictError(Exception):
    """The file holds what the fast parser would read in another way than the strict one, or not refuse."""


def _blocks(file: IO[bytes]) -> Iterator[memoryview]:
    """Yield a csv file in pieces of whole rows, none of which the strict reader could read otherwise."""
    rest = b""
    while True:
        data = _filled(file, rest)
        if b"\0" in data or len(data) > _LONGEST_ROW + _BLOCK:
            raise _NotStrictError
        is_last = len(data) < len(rest) + _BLOCK
        end = _end_of_rows(data, is_last=is_last)
        if end:
            _check_text(data, end)
            yield memoryview(data)[:end]
        if is_last:
            return
        rest = bytes(memoryview(data)[end:])


def _filled(file: IO[bytes], rest: bytes) -> bytearray:
    """Return what is left of the last block with more of the file behind it, in one piece of memory."""
    data = bytearray(len(rest) + _BLOCK)
    data[: len(rest)] = rest
    place = len(rest)
    with memoryview(data) as view:
        while place < len(data) and (count := file.readinto(view[place:])):  # type: ignore[attr-defined]
            place += count
    del data[place:]
    return data


def _check_text(data: bytearray, end: int) -> None:
    """Refuse bytes before ``end`` that are no UTF-8. What is ASCII, nearly all, is only glanced at."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_within = False  # of a character that began before
    for start in range(0, end, _GLANCE):
        piece = data[start : min(start + _GLANCE, end)]
        if is_within or not piece.isascii():
            decoder.decode(piece)
            is_within = bool(decoder.getstate()[0])
    decoder.decode(b"", final=True)


def _end_of_rows(data: bytearray, *, is_last: bool) -> int:
    """Return where the last whole row of a block ends; the block begins with a row."""
    marks = _quotation_marks(data)
    if is_last:
        if len(marks) % 2:
            raise _NotStrictError
        return len(data)
    # What is outside of quotation marks begins after one that closes, and ends at one that opens.
    begins = np.append(-1, marks[1::2])
    ends = np.append(marks[::2], len(data))[: len(begins)]
    for begin, end in zip(begins[::-1], ends[::-1], strict=True):
        line_end = data.rfind(b"\n", begin + 1, end)
        if line_end >= 0:
            return line_end + 1
    return 0


def _quotation_marks(block: bytearray) -> npt.NDArray[np.int64]:
    """Return where the quotation marks of a block stand, if all stand where they may.

    The first, third, fifth ... opens a field and the others close one, where a doubled mark inside a field
    counts as closing and opening it again. One that opens follows a delimiter, a line end or a mark; one
    that closes is followed by one of these.
    """
    data = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero(data == ord('"'))
    opening, closing = marks[::2], marks[1::2]
    # The byte before the first is a line end, the byte after the last is not read yet.
    before = data[opening[opening > 0] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    if not (_BESIDE[before].all() and _BESIDE[after].all()):
        raise _NotStrictError
    return marks


_BESIDE = np.zeros(256, dtype=np.bool_)
_BESIDE[list(b',\r\n"')] = True
