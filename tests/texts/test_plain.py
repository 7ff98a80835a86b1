"""From the text of a file or a cell to the plain text of a note."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.plain import unwrapped

CANARY = "SECRETPATIENT"


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_layers_are_undone_and_named_from_the_outside_in() -> None:
    text = in_base64("<p>BP &amp;lt; 90 today</p>")

    assert plain_text(text) == PlainText("BP < 90 today", ("base64", "HTML", "XML escapes"))


def test_hl7_may_contain_html_with_escapes() -> None:
    text = "MSH|^~\\&|A|H\rOBX|1|TX|||<p>BP \\T\\lt; 90</p>\rOBX|2|TX|||<p>Home.</p>\r"

    assert plain_text(text) == PlainText("BP < 90\nHome.", ("HL7", "HTML"))


def test_a_fifth_layer_is_refused_with_the_names_of_all() -> None:
    text = f"No fever and no pain {CANARY}"
    for _ in range(4):
        text = in_base64(text)
    assert plain_text(text).wrappings == ("base64",) * 4
    with pytest.raises(NoteError, match="wrapped more than 4 times: in base64, base64") as caught:
        plain_text(in_base64(text))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["<p>No fever.</p>", "MSH|^~\\&|A|H\rOBX|1|NM|||1", "id,text\n1,x\n", "{\\rtf1 x}"]
)
def test_a_wrapped_text_can_be_kept_as_it_is(text: str) -> None:
    kept = plain_text(text, wrapped="keep")

    assert kept.text == text
    assert len(kept.wrappings) == 1


def test_a_wrapped_text_can_be_refused() -> None:
    with pytest.raises(NoteError, match="is HTML, expected the text of a note") as caught:
        plain_text(f"<p>{CANARY}</p>", wrapped="refuse")
    assert caught.value.remedy == "Convert it to plain text"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("wrapped", ["convert", "keep", "refuse"])
def test_what_cannot_be_a_note_is_refused_whatever_the_choice(wrapped: str) -> None:
    for text in ("", " \n", f"{CANARY}\0", f"{CANARY}\ud83d", "x" * 1_000_001):
        with pytest.raises(NoteError) as caught:
            plain_text(text, wrapped=wrapped)  # type: ignore[arg-type]
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p> </p>", "the note is empty without HTML"),
        (f"b'{CANARY}\\x00'", "the note contains NUL characters, expected plain text without Python bytes"),
        (f'"{CANARY} \\ud83d"', "the note contains half of a surrogate pair without a JSON string"),
    ],
)
def test_an_unusable_text_inside_a_wrapping_is_refused(text: str, words: str) -> None:
    with pytest.raises(NoteError) as caught:
        plain_text(text)
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


def test_texts_of_any_length_and_empty_ones_can_be_unwrapped() -> None:
    assert unwrapped("") == PlainText("")
    assert unwrapped("a b " * 500_000).wrappings == ()
    assert unwrapped("<p>" + "a b " * 500_000 + "</p>").wrappings == ("HTML",)


PIECES = [
    "<p>",
    "</p>",
    "<br>",
    "\\.br\\",
    "&lt;",
    "&amp;",
    "=3D",
    "=\n",
    "{",
    "}",
    '"',
    "\\",
    "\\n",
    "MSH|^~\\&|",
    "OBX|1|TX|||",
    "OBX|1|ED|||^^^Base64^",
    "id,text\n",
    "b'",
    "'",
    "0x",
    "41" * 12,
    "<TEXT><![CDATA[",
    "<ClinicalDocument><section>",
    "]]></TEXT>",
    "%20",
    "_x000D_",
    "\r",
    "\ud83d",
    "é",
    "\0",
    "x y",
]


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=10).map("".join))
def test_any_text_is_a_note_or_a_named_error(text: str) -> None:
    with suppress(NoteError):
        plain = plain_text(text)
        assert plain.text.strip()
        assert plain.wrappings or plain.text == text


WORDS = st.text(st.sampled_from("abcdefgABC äé,.:;/()<>&'\"\\|^~=%_0123456789\n-"), min_size=1, max_size=8)


@settings(max_examples=100)
@given(st.lists(WORDS, min_size=4, max_size=30).map(" ".join))
def test_plain_text_is_unchanged_by_a_second_reading(text: str) -> None:
    with suppress(NoteError):
        once = plain_text(text)
        assert plain_text(once.text) == PlainText(once.text)
        assert once.wrappings or once.text == text


def message_of(text: str) -> str:
    try:
        plain_text(text, wrapped="refuse")
    except NoteError as error:
        return f"{error} {error.__cause__}"
    return ""


@settings(max_examples=50)
@given(st.lists(WORDS, min_size=4, max_size=30).map(" ".join))
def test_errors_never_contain_note_text(text: str) -> None:
    text += CANARY
    wrapped = [f"<note>{text}</note>", f"id,text\n1,{CANARY}", in_base64(text), json.dumps([text])]
    messages = [message_of(one) for one in wrapped]

    assert [one for one in messages if CANARY in one] == []
    assert messages[1]
    assert messages[3]
