from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clem_icd.serving.screen.documents import shown_documents
from clem_icd.serving.store.encounters import Document


def code(value: str, *marks: tuple[int, int, int], cues: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "code": f"icd10cm:{value}",
        "value": value,
        "system": "icd10cm",
        "title": None,
        "marks": [
            {"document": place, "begin": begin, "end": end, "cues": list(cues)} for place, begin, end in marks
        ],
    }


def test_overlapping_spans_share_a_piece() -> None:
    [shown] = shown_documents([Document("n", "abcdef")], [code("I10", (0, 0, 4)), code("I11", (0, 2, 6))])
    assert [(one.text, one.begin, one.codes, one.spans) for one in shown.pieces] == [
        ("ab", 0, "icd10cm:I10", "icd10cm:I10#0"),
        ("cd", 2, "icd10cm:I10 icd10cm:I11", "icd10cm:I10#0 icd10cm:I11#0"),
        ("ef", 4, "icd10cm:I11", "icd10cm:I11#0"),
    ]


def test_spans_keep_their_number_among_the_marks_of_a_code() -> None:
    documents = [Document("a", "one two"), Document("b", "three")]
    shown = shown_documents(documents, [code("I10", (0, 0, 3), (1, 0, 5), (0, 4, 7))])
    spans = [[one.spans for one in document.pieces if one.spans] for document in shown]
    assert spans == [["icd10cm:I10#0", "icd10cm:I10#2"], ["icd10cm:I10#1"]]
    assert [document.spans for document in shown] == [2, 1]


def test_headings_open_and_close_around_their_words() -> None:
    text = "The patient was seen and the plan was made with her.\nHospital Course: Stable at home.\n"
    [shown] = shown_documents([Document("n", text)], [code("I10", (0, 62, 75))])
    opened = [one.text for one in shown.pieces if one.opens]
    closed = [one.text for one in shown.pieces if one.closes]
    assert (opened, closed) == (["Hospital "], ["Course"])


def test_a_hint_names_codes_and_cues() -> None:
    [shown] = shown_documents([Document("n", "no PNA")], [code("J18.9", (0, 3, 6), cues=("ruled_out",))])
    assert [(one.hint, one.doubtful) for one in shown.pieces] == [("", False), ("J18.9 (ruled out)", True)]


def test_characters_that_would_reorder_the_text_are_replaced_one_by_one() -> None:
    [shown] = shown_documents([Document("n", "a\u202eb\r\nc\0")], [])
    assert [len(one.text) for one in shown.pieces] == [7]
    assert "\u202e" not in shown.pieces[0].text


@given(text=st.text(max_size=60), data=st.data())
def test_pieces_cover_the_text_and_know_where_they_begin(text: str, data: st.DataObject) -> None:
    marks = []
    if text:
        for _ in range(data.draw(st.integers(0, 4))):
            begin = data.draw(st.integers(0, len(text) - 1))
            marks.append((0, begin, data.draw(st.integers(begin + 1, len(text)))))
    [shown] = shown_documents([Document("n", text)], [code("I10", *marks)])
    at = 0
    for piece in shown.pieces:
        assert piece.begin == at
        at += len(piece.text)
    assert at == len(text)
