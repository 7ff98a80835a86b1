"""What is odd about the characters of a note is said, and the note is kept."""

from __future__ import annotations

import pytest

from clem_icd.texts import plain_text, remarks_on

WORDS = "Übelkeit é \u2013 \u2019 ñ ä ö ß µ ° ½"

ODD = {
    "U+FFFD": ("K\ufffdnig", "replaced by \ufffd"),
    "UTF-8 as cp1252": ("Ödeme bds.".encode().decode("cp1252"), "decoded twice"),
    "UTF-8 as Latin-1": ("Übelkeit".encode().decode("latin-1"), "decoded twice"),
    "a quotation mark as cp1252": ("pt\u2019s".encode().decode("cp1252"), "decoded twice"),
    "UTF-8 as Mac Roman": ("König".encode().decode("mac-roman"), "Mac Roman"),
    "a dash as Mac Roman": ("3 \u2013 4".encode().decode("mac-roman"), "Mac Roman"),
    "ligatures": ("atrial \ufb01brillation, a\ufb00ected", "ligatures such as \ufb01"),
    "Cerner's end": ("Pneumonia, improved.ocf_blob", "ends in ocf_blob"),
    "Cerner's end and blanks": ("Pneumonia.ocf_blob\r\n", "ends in ocf_blob"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_characters_are_named_and_kept(name: str) -> None:
    text, words = ODD[name]

    [remark] = remarks_on(text)
    assert words in remark
    assert plain_text(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "Pneumonia, improved.",
        WORDS,
        "NÃO, SÃO, IRMÃ; Ângela, 5 Â",
        "√ no fever √ no pain, √2",
        "¬ smoker, ∂ and ∑",
        "the ocf_blob was exported",
        "fi fl ff",
    ],
)
def test_ordinary_characters_get_no_remark(text: str) -> None:
    assert remarks_on(text) == ()


def test_every_mojibake_of_common_letters_gets_a_remark() -> None:
    for letter in "äöüÄÖÜßéèêñçøå":
        for encoding in ("latin-1", "cp1252", "mac-roman"):
            spoiled = letter.encode().decode(encoding, "replace")
            assert remarks_on(f"a{spoiled}b"), (letter, encoding)


def test_every_remark_of_a_text_is_given() -> None:
    assert len(remarks_on(" ".join(text for text, _ in reversed(ODD.values())) + " ocf_blob")) == 5
