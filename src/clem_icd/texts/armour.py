"""Bytes written as text: base64, hexadecimal, URL encoding, quoted-printable, and Python's own notation."""

from __future__ import annotations

import ast
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
_SOFT_LINE = re.compile(r"=\r?\n")
_QUOTED = re.compile(r"=(?:0D=0A|3D|C3=[89AB][0-9A-F]|E2=80=[89AB][0-9A-F])")
_PYTHON_BYTES = re.compile(r"b(['\"]).*\1\s*", re.DOTALL)
_HEADERS = re.compile(r"^(?:MIME-Version|Content-Transfer-Encoding|Message-ID|Received):", re.M | re.I)


def is_base64(text: str) -> bool:
    """Return whether a text is base64 of a text, or of a file with a known format."""
    body = _DATA_URI.sub("", text.strip(), count=1)
    if len(body) < _SHORTEST or " " in body or _BASE64.fullmatch(body) is None:
        return False
    return _is_content(_from_base64(body))


def base64_bytes(text: str) -> bytes:
    """Decode base64."""
    return _from_base64(_DATA_URI.sub("", text.strip(), count=1)) or b""


def is_hexadecimal(text: str) -> bool:
    """Return whether a text is the hexadecimal form of a text, as databases export binary columns."""
    return _HEXADECIMAL.fullmatch(text.strip()) is not None and _is_content(hexadecimal_bytes(text))


def hexadecimal_bytes(text: str) -> bytes:
    """Decode hexadecimal digits, with or without ``0x``."""
    return bytes.fromhex(re.sub(r"\A(?:0x|\\x)", "", text.strip()))


def is_percent(text: str) -> bool:
    """Return whether a text is URL-encoded: no blanks, but several ``%20``."""
    return len(text.split()) == 1 and len(_PERCENT.findall(text)) >= 2


def percent_text(text: str) -> bytes:
    """Decode URL encoding."""
    return unquote_to_bytes(text.strip())


def is_quoted_printable(text: str) -> bool:
    """Return whether a text is quoted-printable, as in the body of an e-mail."""
    if "=" not in text:
        return False
    return len(_QUOTED.findall(text)) >= (1 if _SOFT_LINE.search(text) else 2)


def quoted_printable_bytes(text: str) -> bytes:
    """Decode quoted-printable."""
    return quopri.decodestring(text.encode())


def is_email(text: str) -> bool:
    """Return whether a text is an e-mail message with its headers."""
    head = text.lstrip()[:2000].split("\n\n", 1)[0]
    return len(_HEADERS.findall(head)) >= 1 and re.match(r"[A-Za-z-]+:\s", head) is not None


def is_python_bytes(text: str) -> bool:
    """Return whether a text is how Python writes bytes: ``b'...'``."""
    return _PYTHON_BYTES.fullmatch(text.strip()) is not None and _literal(text.strip()) is not None


def python_bytes(text: str) -> bytes:
    """Return the bytes that Python wrote."""
    return _literal(text.strip()) or b""


def _literal(text: str) -> bytes | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, bytes) else None


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
    for encoding in ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # A long word that happens to be base64 decodes to bytes among which blanks are as rare as any other.
        return "".join(text.split()).isprintable() and text.count(" ") >= len(text) // 20
    return False
