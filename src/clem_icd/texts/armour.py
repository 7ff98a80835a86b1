"""Bytes written as text: base64, hexadecimal, URL encoding, quoted-printable, and Python's own notation."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from urllib.parse import unquote_to_bytes

from clem_icd.texts.decoding import unicode_encoding
from clem_icd.texts.formats import format_of

_SHORTEST = 24  # characters; a shorter text may be a word

_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.-]+)*;base64,", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]+\r?\n)*[A-Za-z0-9+/_-]+={0,2}\s*", re.ASCII)
_HEXADECIMAL = re.compile(r"(?:0x|\\x)?([0-9A-Fa-f]{2}){12,}\s*", re.ASCII)
_PERCENT = re.compile(r"%(?:20|0A|0D)", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|mailto:|www\.|/", re.IGNORECASE)
_SOFT_LINE = re.compile(r"=\r?\n")
# Quoted-printable escapes every "="; a clinician types EF=45% and pH=7.35.
_ESCAPED = re.compile(r"=(?:[0-9A-F]{2}|[ \t]*\r?\n|\s*\Z)")
_QUOTED = re.compile(r"=(?:0D=0A|3D(?=[0-9\"<])|C3=[89AB][0-9A-F]|E2=80=[89AB][0-9A-F])")
_PYTHON_BYTES = re.compile(
    r"b'(?:[ -&(-\[\]-~]|\\(?:[\\'nrt]|x[0-9a-f]{2}))*+'"
    r'|b"(?:[ !#-\[\]-~]|\\(?:[\\nrt]|x[0-9a-f]{2}))*+"'
)
_PYTHON_ESCAPE = re.compile(rb"\\(?:x(..)|(.))")
_PYTHON_CHARACTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}

# A pathologist writes "Received: in formalin" in front of a report.
_MAILBOX = re.compile(r"\s*(?:From \S{1,200}@\S{1,200} [^\n]*\n)?[A-Za-z-]+:[ \t]")
_HEADERS = re.compile(
    r"^(?:MIME-Version:\s*[0-9]|Message-ID:\s*<|Content-Type:\s*(?:text|multipart|message|application)/"
    r"|Content-Transfer-Encoding:\s*(?:[78]bit|binary|base64|quoted-printable)\b)",
    re.MULTILINE | re.IGNORECASE,
)
_HEADER_CHARACTERS = 10_000
_ASCII_SHARE = 0.8


def is_base64(text: str) -> bool:
    """Return whether a text is base64 of a text, or of a file with a known format."""
    body = _DATA_URI.sub("", text.strip(), count=1)
    if len(body) < _SHORTEST or " " in body or _BASE64.fullmatch(body) is None:
        return False
    *lines, last = body.split()
    # A list of words, one per line, consists of the same characters.
    if lines and (len({*map(len, lines)}) > 1 or len(last) > len(lines[0])):
        return False
    return _is_content(_from_base64(body))


def base64_bytes(text: str) -> bytes:
    """Decode base64."""
    return _from_base64(_DATA_URI.sub("", text.strip(), count=1)) or b""


def is_hexadecimal(text: str) -> bool:
    """Return whether a text is the hexadecimal form of a text, as databases export binary columns."""
    if _HEXADECIMAL.fullmatch(text.strip()) is None:
        return False
    # A long number is no text: hardly any text is written without the digits A to F.
    return not text.strip().isdecimal() and _is_content(hexadecimal_bytes(text))


def hexadecimal_bytes(text: str) -> bytes:
    """Decode hexadecimal digits, with or without ``0x``."""
    return bytes.fromhex(re.sub(r"\A(?:0x|\\x)", "", text.strip()))


def is_percent(text: str) -> bool:
    """Return whether a text is URL-encoded: no blanks, but several ``%20``; and not an address itself."""
    return (
        "%" in text
        and len(text.split(maxsplit=1)) == 1
        and _ADDRESS.match(text.strip()) is None
        and len(_PERCENT.findall(text)) >= 2
    )


def percent_bytes(text: str) -> bytes:
    """Decode URL encoding."""
    return unquote_to_bytes(text.strip())


def is_quoted_printable(text: str) -> bool:
    """Return whether a text is quoted-printable, as in the body of an e-mail."""
    count = text.count("=")
    if not count or len(_ESCAPED.findall(text)) < count:
        return False
    return len(_QUOTED.findall(text)) >= (1 if _SOFT_LINE.search(text) else 2)


def quoted_printable_bytes(text: str) -> bytes:
    """Decode quoted-printable."""
    return quopri.decodestring(text.encode())


def is_email(text: str) -> bool:
    """Return whether a text is an e-mail message with its headers, or another MIME message."""
    if _MAILBOX.match(text) is None:
        return False
    head = re.split(r"\r?\n\r?\n", text.lstrip()[:_HEADER_CHARACTERS], maxsplit=1)[0]
    return _HEADERS.search(head) is not None


def is_python_bytes(text: str) -> bool:
    """Return whether a text is how Python writes bytes: ``b'...'``."""
    return _PYTHON_BYTES.fullmatch(text.strip()) is not None


def python_bytes(text: str) -> bytes:
    """Return the bytes that Python wrote."""
    return _PYTHON_ESCAPE.sub(_python_byte, text.strip()[2:-1].encode())


def _python_byte(match: re.Match[bytes]) -> bytes:
    digits, character = match.groups()
    return bytes.fromhex(digits.decode()) if digits else _PYTHON_CHARACTERS.get(character, character)


def _from_base64(body: str) -> bytes | None:
    digits = "".join(body.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        return None


def _is_content(content: bytes | None) -> bool:
    """Return whether bytes are text, or a file whose format is known."""
    if not content:
        return False
    found = format_of(content)
    if found is not None or unicode_encoding(content) is not None:
        return found is not None or len(content) >= _SHORTEST
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
        # A long word that happens to be base64 decodes to any bytes, of which few are ASCII.
        if "\ufffd" in text or sum(map(str.isascii, text)) < _ASCII_SHARE * len(text):
            return False
    # Characters beyond ASCII are hardly ever UTF-8 by chance, and Chinese has no blanks.
    has_words = len(text.split()) > len(text) // 20 or (not text.isascii() and len(text) < len(content))
    return "".join(text.split()).isprintable() and (has_words or is_base64(text))
