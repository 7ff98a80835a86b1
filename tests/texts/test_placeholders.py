"""What programs write in place of a text is refused by name."""

from __future__ import annotations

import pytest

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.placeholders import is_placeholder

PLACEHOLDERS = [
    "[B@27308eb0",
    "[C@1b",
    "oracle.sql.CLOB@1a2b3c",
    "com.example.jdbc.Driver$Blob@5f",
    "System.Byte[]",
    "System.__ComObject",
    "[object Blob]",
    "<memory at 0x7f1c2a3b4c40>",
    "<oracledb.LOB object at 0x7F1C2A>",
    "<Binary data>",
    "<Long binary data>",
    "(BLOB)",
    "<CLOB>",
    "(HUGECLOB)",
    "[NCLOB]",
    "(Memo)",
    "#NAME?",
    " [B@27308eb0\r\n",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_placeholder_is_refused_by_name(text: str) -> None:
    with pytest.raises(NoteError, match="is a placeholder") as caught:
        plain_text(text)
    assert "CAST" in str(caught.value.remedy)
    assert plain_text(text, wrapped="keep") == PlainText(text, ("a placeholder",))


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe@example.org",
        "see.Notes@home",
        "[B] normal",
        "(L) knee",
        "blob",
        "<CLOB> of the note is missing",
        "[B@27308eb0 is what the export shows",
        "# of falls: 3",
        "#2",
        "memo",
        "[**Hospital 1**]",
        "",
    ],
)
def test_text_that_resembles_a_placeholder_is_not_one(text: str) -> None:
    assert not is_placeholder(text)
