"""Opening text files as what they are: gzipped or not, in the encoding that they show."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from clem_icd.errors import NoteError, SourceError
from clem_icd.tabular.refusals import READ_ERRORS, unreadable
from clem_icd.texts.decoding import codec_of, unicode_encoding
from clem_icd.texts.formats import GZIP, HEAD, Format, format_of

_SAMPLE = 1 << 16  # bytes

# Reports are often saved so under the name of a table.
_MARKUP = re.compile(
    r"[\s\ufeff]*<(?:!doctype|!--|\?xml|html|head|meta|style|body|div|table|tr)\b", re.IGNORECASE
)
_HTML = Format("HTML or XML", "Open it in a spreadsheet program, and save it as csv (UTF-8)")


@contextmanager
def open_text(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """Open a text file, gzipped or not, with its line ends as they are.

    The content decides what is gzipped, and what is UTF-16 or UTF-32 where no encoding is named. Bytes that
    do not fit the encoding become lone surrogates, which `check_field` refuses: a stream decoder could not
    tell which row they are in.

    Raises
    ------
    SourceError
        If there is no such file, it is in another format, or the encoding is unknown or not that of the
        file.

    """
    try:
        binary = open_bytes(path)
    except OSError as problem:
        raise unreadable(path, problem) from None
    with binary:
        sample = _sample(binary)
        if found := format_of(sample):
            raise other_format(path, found)
        try:
            codec = codec_of(sample, encoding)
        except NoteError as problem:
            raise SourceError(problem.found, path=path, remedy=problem.remedy) from None
        stream = TextIOWrapper(binary, codec, "surrogateescape", newline="")
        if _MARKUP.match(sample[:HEAD].decode(codec, "replace")):
            raise other_format(path, _HTML, "a table")
        with stream:
            yield stream


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, decompressed if it is gzipped, whatever its name.

    Raises
    ------
    OSError
        If it cannot be opened.

    """
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzipped, whatever its name.

    Raises
    ------
    OSError
        If it cannot be opened.

    """
    return format_of(_first_bytes(path)) is GZIP


def format_of_file(path: Path) -> Format | None:
    """Return the format that a file has instead of text; None for text, and for a file that is gzipped.

    Raises
    ------
    SourceError
        If it cannot be read.

    """
    try:
        found = format_of(_first_bytes(path))
    except OSError as problem:
        raise unreadable(path, problem) from None
    return None if found is GZIP else found


def is_plain_utf8(path: Path) -> bool:
    """Return whether a file seems to be UTF-8, gzipped or not, judged by its first bytes.

    Raises
    ------
    SourceError
        If it cannot be read, or is in another format.

    """
    try:
        with open_bytes(path) as binary:
            sample = _sample(binary)
    except OSError as problem:
        raise unreadable(path, problem) from None
    if found := format_of(sample):
        raise other_format(path, found)
    return unicode_encoding(sample) is None


def other_format(path: Path, found: Format, expected: str = "a text file") -> SourceError:
    """Return the error for a file in another format."""
    return SourceError(f"is {found.name}, expected {expected}", path=path, remedy=found.remedy)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _sample(binary: IO[bytes]) -> bytes:
    try:
        sample = binary.read(_SAMPLE)
    except READ_ERRORS:
        # Reading on will fail as well, and can name the row.
        sample = b""
    binary.seek(0)
    return sample
