"""What is written in another format and read again is the text that was written."""

from __future__ import annotations

import base64
import gzip
import html
import json
import quopri
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clem_icd.texts import plain_text
from clem_icd.texts.wrappings import wrapping_of

_HL7 = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\n": "\\.br\\"}


def as_hl7(text: str) -> str:
    return "".join(_HL7.get(character, character) for character in text)


def as_quoted_printable(text: str) -> str:
    return quopri.encodestring(text.encode()).decode()


ENCODED: dict[str, tuple[str, Callable[[str], str]]] = {
    "base64": ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    "base64 in lines": ("base64", lambda text: base64.encodebytes(text.encode()).decode()),
    "base64 of UTF-16": ("base64", lambda text: base64.b64encode(text.encode("utf-16")).decode()),
    "base64 of gzip": ("base64", lambda text: base64.b64encode(gzip.compress(text.encode())).decode()),
    "hexadecimal": ("hexadecimal", lambda text: "0x" + text.encode().hex()),
    "Python bytes": ("Python bytes", lambda text: repr(text.encode())),
    "a JSON string": ("a JSON string", json.dumps),
    "quoted-printable": ("quoted-printable", as_quoted_printable),
    "URL encoding": ("URL encoding", lambda text: quote(text, safe="")),
    "HL7 escapes": ("HL7 escapes", as_hl7),
    "an HL7 message": ("HL7", lambda text: f"MSH|^~\\&|A|H|||1\rOBX|1|TX|n||{as_hl7(text)}\r"),
    "entities": ("XML escapes", html.escape),
    "HTML": ("HTML", lambda text: "<div>" + "<br/>".join(map(html.escape, text.split("\n"))) + "</div>"),
}

WORDS = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789äéüßÜ\u2013,.:;/()+-\\<>&|^~=%#'\""),
    min_size=1,
    max_size=9,
)
LINES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
NOTES = st.lists(LINES, min_size=2, max_size=6).map("\n".join)

# Every note has all that its format escapes, so that it is recognised.
END = '\nBP < 90 & K=2 \u2013 "\\\nÜbelkeit, no fever at home.'


@pytest.mark.parametrize("name", ENCODED)
@settings(max_examples=30)
@given(NOTES)
def test_text_returns_from_every_format(name: str, text: str) -> None:
    note = text + END
    assume(wrapping_of(note) is None)
    wrapping, encode = ENCODED[name]

    found = plain_text(encode(note))

    assert found.wrappings[0] == wrapping
    assert found.text == note
