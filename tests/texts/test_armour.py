"""Bytes that were written as text."""

from __future__ import annotations

import base64
import gzip
import quopri
from urllib.parse import quote

import pytest

from clem_icd.texts import PlainText, armour, plain_text
from refusals import CANARY, assert_refused

NOTE = "Admitted with pneumonia.\nKnown Übelkeit \u2013 stable, EF=45%.\n"
BYTES = NOTE.encode()
HEX = BYTES.hex()
CHINESE = "患者因肺炎入院\uff0c既往高血压病史。"


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


CONVERTED = {
    "base64": (in_base64(BYTES), ("base64",)),
    "base64 in lines": (base64.encodebytes(BYTES * 3).decode(), ("base64",)),
    "base64 for addresses": (base64.urlsafe_b64encode(BYTES).decode().rstrip("="), ("base64",)),
    "base64 in a data URI": (f"data:text/plain;charset=utf-8;base64,{in_base64(BYTES)}", ("base64",)),
    "base64 of UTF-16": (in_base64(NOTE.encode("utf-16")), ("base64", "UTF-16")),
    "base64 of gzip": (in_base64(gzip.compress(BYTES)), ("base64", "gzip")),
    "base64 of base64": (in_base64(in_base64(BYTES).encode()), ("base64", "base64")),
    "hexadecimal": (HEX, ("hexadecimal",)),
    "hexadecimal in upper case": (f"0x{HEX.upper()}\r\n", ("hexadecimal",)),
    "hexadecimal of PostgreSQL": (f"\\x{HEX}", ("hexadecimal",)),
    "hexadecimal of UTF-16": (f"0x{NOTE.encode('utf-16-le').hex()}", ("hexadecimal", "UTF-16")),
    "URL encoding": (quote(NOTE), ("URL encoding",)),
    "URL encoding with a colon": (quote(NOTE, safe=":"), ("URL encoding",)),
    "Python bytes": (repr(BYTES), ("Python bytes",)),
    "quoted-printable": (quopri.encodestring(BYTES).decode(), ("quoted-printable",)),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_the_text_in_the_bytes_is_the_note(name: str) -> None:
    text, wrappings = CONVERTED[name]
    expected = NOTE * 3 if "lines" in name else NOTE
    assert plain_text(text) == PlainText(expected, wrappings)


def test_base64_of_a_text_without_blanks_is_recognised_beyond_ascii() -> None:
    assert plain_text(in_base64(CHINESE.encode())) == PlainText(CHINESE, ("base64",))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        (b'it\'s "so" \\ fine\r\n\t\x7f \xc3\xa9', 'it\'s "so" \\ fine\r\n\t\x7f é'),
        (b"it's fine", "it's fine"),
    ],
)
def test_python_bytes_are_read_as_python_writes_them(content: bytes, expected: str) -> None:
    assert armour.is_python_bytes(repr(content))
    assert armour.python_bytes(repr(content)).decode() == expected


def test_soft_line_ends_of_quoted_printable_are_removed() -> None:
    text = "Patient mit =C3=9Cbelkeit =E2=80=93 stabil, bei Herzin=\r\nsuffizienz.=20\r\n"
    assert plain_text(text).text == "Patient mit Übelkeit \u2013 stabil, bei Herzinsuffizienz. \r\n"


MIME = 'Content-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n'

REFUSED = {
    "base64 of a PDF": (
        in_base64(b"%PDF-1.7\n" + CANARY.encode()),
        "base64, and is a PDF document",
        "pdftotext",
    ),
    "base64 of Latin-1": (
        in_base64(f"{CANARY} has café au lait spots".encode("cp1252")),
        "base64, and is not UTF-8 text: byte 21",
        "save its text as UTF-8",
    ),
    "base64 of cut gzip": (
        in_base64(gzip.compress(BYTES)[:-9]),
        "base64, and is not an intact gzip",
        "Compress",
    ),
    "a MIME part": (f"{MIME}<p>{CANARY} =C3=9Cbelkeit</p>", "an e-mail message", "Extract"),
    "an e-mail": (f"From: a@b.org\r\nMessage-ID: <1@b.org>\r\n\r\n{CANARY}", "an e-mail message", "Extract"),
    "a mailbox": (
        f"From a@b.org Mon\nMIME-Version: 1.0\nSubject: x\n\n{CANARY}",
        "an e-mail message",
        "Extract",
    ),
    "blank Python bytes": ("b' \\n'", "is empty without Python bytes", "Leave it out"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bytes_that_are_not_one_note_are_refused(name: str) -> None:
    assert_refused(*REFUSED[name])


@pytest.mark.parametrize(
    "text",
    [
        "Pseudopseudohypoparathyroidism",
        "Hypertension\nDiabetes\nPneumonia\nAtelectasis",
        "Asthma\nSepsis\nStroke\nAngina\nAnemia",
        "_" * 48,
        "A" * 48,
        "1" * 48,
        "d41d8cd98f00b204e9800998ecf8427e",
        "UGFpbg==",
        "/home/records/2101/october/1",
    ],
)
def test_long_words_and_lists_of_words_are_not_base64(text: str) -> None:
    assert not armour.is_base64(text)


@pytest.mark.parametrize(
    "text", ["454647484950515253545556", "0x41", "d41d8cd98f00b204e9800998ecf8427e", "0x"]
)
def test_numbers_and_checksums_are_not_hexadecimal_text(text: str) -> None:
    assert not armour.is_hexadecimal(text)


@pytest.mark.parametrize(
    "text", ["https://a.org/x%20y%20z", "www.a.org/x%20y%20z", "/a%20b%20c", "98%20", "50%20 mg 40%20 mg"]
)
def test_addresses_and_percentages_are_not_url_encoding(text: str) -> None:
    assert not armour.is_percent(text)


@pytest.mark.parametrize(
    "text",
    [
        "EF=45%",
        "pH=7.35",
        "BUN=20\nGlu=20",
        "=====\nPlan\n=====\n",
        "ECHO=3D US=3D CT=3D",
        "K=3D\nx=\ny=5",
        "a=C3=9C b=C3=9C c=d",
        "HbA1c=6.5 =E2=80=93 =E2=80=93",
    ],
)
def test_equals_signs_are_not_quoted_printable(text: str) -> None:
    assert not armour.is_quoted_printable(text)


@pytest.mark.parametrize(
    "text", ["b'day", "b'", "b'a'b'", "b'é'", "b'\\d'", "b'a\nb'", "'a'", "b\"a'", "B'a'"]
)
def test_quotation_marks_are_not_python_bytes(text: str) -> None:
    assert not armour.is_python_bytes(text)


@pytest.mark.parametrize(
    "text",
    [
        "Specimen: skin\nReceived: from OR in formalin\n",
        "From: ED\nTo: ICU\nSubject: transfer\n\nMIME-Version: 1.0",
        "Message-ID is missing",
        "Note: content-type: soft diet",
    ],
)
def test_headings_are_not_those_of_an_e_mail(text: str) -> None:
    assert not armour.is_email(text)
