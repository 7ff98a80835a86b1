"""Reading large csv files by columns: fast, in bounded memory, and as strict as reading them row by row."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from isal import igzip

from clem_icd.corpus.prefetch import prefetched
from clem_icd.tabular.delimited import names_delimiter, read_header, read_rows
from clem_icd.tabular.headers import column_positions
from clem_icd.tabular.opening import is_gzip, is_plain_utf8
from clem_icd.tabular.refusals import READ_ERRORS
from clem_icd.texts import MAX_CHARACTERS

_BLOCK = 1 << 22  # bytes
_ROOM = 1 << 18  # bytes before a block for the rest of the one before it: a part of a row
_LONGEST_ROW = 1 << 23  # bytes; the longest note is 4 million
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
        # The next batch is parsed in a thread while the caller works on the current one.
        with closing(prefetched(_parsed(path, positions, len(header)))) as parsed:
            for batch in parsed:
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
        check_utf8=True,
    )
    spare: deque[bytearray] = deque()
    # Two more threads: one decompresses, and one checks. Closing waits for both.
    with (
        igzip.open(path, "rb") if is_gzip(path) else path.open("rb") as binary,
        closing(prefetched(_pieces(cast("IO[bytes]", binary), spare))) as pieces,
        closing(prefetched(_blocks(pieces, spare))) as blocks,
    ):
        for number, block in enumerate(blocks):
            read = pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=len(block) + 1,
                column_names=list(map(str, range(width))),
                skip_rows=1 if number == 0 else 0,
            )
            table = pyarrow.csv.read_csv(pa.BufferReader(block), read, parse, convert)
            # The table has copies of its values.
            _give_back(cast("bytearray", block.obj), spare)
            for batch in table.to_batches():
                if any(_longest(column) > MAX_CHARACTERS for column in batch.columns):
                    raise _NotStrictError
                yield batch


def _longest(column: pa.StringArray) -> int:
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    return int(np.diff(offsets).max(initial=0))


def _strict(path: Path, columns: Sequence[str], done: int, delimiter: str, encoding: str) -> Iterator[Batch]:
    rows = itertools.islice(read_rows(path, columns, delimiter=delimiter, encoding=encoding), done, None)
    while group := list(itertools.islice(rows, _STRICT_ROWS)):
        values = zip(*(row for _, row in group), strict=True)
        arrays = [pa.array(column, pa.string()) for column in values]
        yield group[0][0], pa.RecordBatch.from_arrays(arrays, names=list(columns))


class _NotStrictError(Exception):
    """The fast parser would read the file differently from the strict one, or accept what it refuses."""


def _pieces(file: IO[bytes], spare: deque[bytearray]) -> Iterator[tuple[bytearray, int]]:
    """Yield a file in pieces of `_BLOCK` bytes, the last one shorter: after `_ROOM`, and to the given end."""
    while True:
        memory = spare.popleft() if spare else bytearray(_ROOM + _BLOCK)
        end = _ROOM
        with memoryview(memory) as view:
            while end < len(memory) and (count := file.readinto(view[end:])):  # type: ignore[attr-defined]
                end += count
        yield memory, end
        if end < len(memory):
            return


def _blocks(pieces: Iterable[tuple[bytearray, int]], spare: deque[bytearray]) -> Iterator[memoryview]:
    """Yield a csv file in blocks of whole rows that the strict reader would read in the same way."""
    rest = b""
    for piece, piece_end in pieces:
        is_last = piece_end < len(piece)
        memory, begin, end = _joined(rest, piece, piece_end)
        if memory.find(b"\0", begin, end) >= 0 or end - begin > _LONGEST_ROW + _BLOCK:
            raise _NotStrictError
        row_end = _end_of_rows(memory, begin, end, is_last=is_last)
        rest = bytes(memoryview(memory)[row_end:end])
        if memory is not piece:
            _give_back(piece, spare)
        if row_end > begin:
            yield memoryview(memory)[begin:row_end]
        else:
            _give_back(memory, spare)


def _joined(rest: bytes, piece: bytearray, end: int) -> tuple[bytearray, int, int]:
    """Put the rest of a block before the next piece; return the memory, and where both begin and end."""
    begin = _ROOM - len(rest)
    if begin < 0:
        return bytearray(rest + memoryview(piece)[_ROOM:end]), 0, len(rest) + end - _ROOM
    piece[begin:_ROOM] = rest
    return piece, begin, end


def _give_back(memory: bytearray, spare: deque[bytearray]) -> None:
    """Keep memory for another piece: new memory costs time. Longer memory was made for a long row."""
    if len(memory) == _ROOM + _BLOCK:
        spare.append(memory)


def _end_of_rows(memory: bytearray, start: int, stop: int, *, is_last: bool) -> int:
    """Return where the last whole row of a block ends, or its start; a row begins there."""
    marks = start + _quotation_marks(np.frombuffer(memory, np.uint8, stop - start, start))
    if is_last:
        if len(marks) % 2:
            raise _NotStrictError
        return stop
    # A stretch outside quotation marks begins after a closing mark and ends at an opening one.
    begins = np.append(start - 1, marks[1::2])
    ends = np.append(marks[::2], stop)[: len(begins)]
    for begin, end in zip(begins[::-1], ends[::-1], strict=True):
        line_end = memory.rfind(b"\n", begin + 1, end)
        if line_end >= 0:
            return line_end + 1
    return start


def _quotation_marks(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the positions of the quotation marks in a block, if all are where they may be.

    The first, third, fifth, … opens a field and the others close one; a doubled mark inside a field counts
    as closing and reopening it. An opening mark follows a delimiter, a line end or another mark; a closing
    mark is followed by one of these.
    """
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
