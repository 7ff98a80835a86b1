"""From bytes to text: compression, byte order marks, and encodings."""

from __future__ import annotations

import codecs
import gzip
import zlib
from io import BytesIO

from clem_icd.errors import NoteError
from clem_icd.texts.flaws import MAX_CHARACTERS
from clem_icd.texts.formats import GZIP, format_of, format_of_note

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_UTF8 = "utf-8-sig"

# Encodings of names and of source code, in which no file is written.
_OF_PROGRAMS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}

_WITHOUT_MARK = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))

# The most frequent character of any text, the blank, in EBCDIC and in ASCII.
_EBCDIC_BLANK, _BLANK = 0x40, 0x20


def decode(
    content: bytes, encoding: str | None = None, *, most: int | None = MAX_CHARACTERS
) -> tuple[str, tuple[str, ...]]:
    """Decode the bytes of a note.

    Parameters
    ----------
    content
        The bytes, gzipped or not.
    encoding
        Their encoding. By default UTF-8, or UTF-16 or UTF-32 where a mark or the NUL bytes show it.
    most
        The most characters that gzipped bytes may hold; None for any number.

    Returns
    -------
    tuple
        The text, and what was undone to get it: names such as "gzip" and "UTF-16".

    Raises
    ------
    NoteError
        If the bytes are another format, or not in the encoding.

    """
    undone: tuple[str, ...] = ()
    if format_of(content) is GZIP:
        content, undone = _decompressed(content, most), ("gzip",)
    if found := format_of_note(content):
        raise NoteError(f"is {found.name}, expected the text of a note", remedy=found.remedy)
    encoding = "utf-8" if encoding is None else encoding
    codec = codec_of(content, encoding)
    is_utf8 = _is_utf8(encoding)
    try:
        text = content.decode(codec)
    except UnicodeError as problem:
        if is_utf8 and codec != _UTF8:
            raise NoteError(f"is not intact {codec[:6].upper()} text", remedy="Export it again") from None
        place = f": byte {problem.start} is invalid" if isinstance(problem, UnicodeDecodeError) else ""
        shown = "UTF-8" if is_utf8 else encoding
        raise NoteError(f"is not {shown} text{place}", remedy=encoding_remedy(content)) from None
    return text, (*undone, codec[:6].upper()) if is_utf8 and codec != _UTF8 else undone


def codec_of(sample: bytes, encoding: str) -> str:
    """Return the codec that decodes bytes.

    Parameters
    ----------
    sample
        Their beginning.
    encoding
        A name of their encoding. For UTF-8, by any of its names, they may also be UTF-16 or UTF-32; a byte
        order mark is no part of the text.

    Raises
    ------
    NoteError
        If there is no such encoding of text, or the bytes are UTF-8 and not that.

    """
    if not _is_known(encoding):
        raise NoteError(
            f"cannot be read as {encoding!r}, which is not a known encoding",
            remedy="Name an encoding such as utf-8 or cp1252",
        )
    if _is_utf8(encoding):
        return unicode_encoding(sample) or _UTF8
    if is_utf8_beyond_ascii(sample):
        raise NoteError(f"is UTF-8 text, not {encoding}", remedy="Leave out the encoding")
    return encoding


def unicode_encoding(content: bytes) -> str | None:
    """Return the encoding of UTF-16 or UTF-32 text, by its mark or its NUL bytes; None for any other."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    for name, width, place in _WITHOUT_MARK:
        # Of every character, the places of the high bytes are nearly all NUL, and that of the low byte never.
        places = [content[start::width][:4096] for start in range(width)]
        low = places[place]
        high = b"".join(one for other, one in enumerate(places) if other != place)
        if low and b"\0" not in low and len(high) >= 3 and high.count(0) > 0.8 * len(high):
            return name
    return None


def is_utf8_beyond_ascii(content: bytes) -> bool:
    """Return whether bytes are UTF-8 and not ASCII; the last character may be cut off."""
    try:
        # A last character alone is no sign of UTF-8: it may be one of another encoding.
        return not codecs.getincrementaldecoder("utf-8")().decode(content).isascii()
    except UnicodeDecodeError:
        return False


def encoding_remedy(content: bytes) -> str:
    """Return what to do about bytes that are not UTF-8."""
    # EBCDIC text has many of its blanks, and hardly any ASCII ones.
    blanks = content.count(_EBCDIC_BLANK)
    if blanks > len(content) // 20 and content.count(_BLANK) <= blanks // 10:
        return "It looks like EBCDIC: convert it to UTF-8, or name its encoding: cp037"
    return "Convert it to UTF-8, or name its encoding, for example cp1252"


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", _UTF8)


def _is_known(encoding: str) -> bool:
    """Return whether an encoding is known, and one of text."""
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(encoding)
    except UnicodeDecodeError:
        pass
    except (LookupError, ValueError):
        return False
    return name not in _OF_PROGRAMS


def _decompressed(content: bytes, most: int | None) -> bytes:
    # A character has at most four bytes.
    limit = -1 if most is None else 4 * most + 1
    try:
        with gzip.open(BytesIO(content)) as file:
            data = file.read(limit)
    except (OSError, EOFError, zlib.error):
        raise NoteError("is not an intact gzip file", remedy="Compress it again") from None
    if most is not None and len(data) == limit:
        raise NoteError(
            f"decompresses to more than {most:,} characters, expected one note",
            remedy="Split it into its notes",
        )
    return data
