from __future__ import annotations

from collections import Counter
from typing import cast

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.corpus.notes_table import note_tables
from clem_icd.corpus.validation import check_batch
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.clinical_notes import ClinicalNote
from clem_icd.sources.mdace.code_map import CodeMap
from clem_icd.sources.mdace.documents import Document, annotated, by_admission, joined, pieces

A, B, C = (Code(value, CodeSystem.ICD10CM) for value in ("A01.0", "B01.1", "C01"))


def note(
    note_id: str, text: str, admission: str = "1", category: str = "Radiology", time: str = ""
) -> ClinicalNote:
    return ClinicalNote(note_id, "s", admission, category, "2101-01-01", time, text)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12).filter(
            str.strip
        )
    )
    place = st.integers(0, len(text) - 1).flatmap(
        lambda begin: st.tuples(st.just(begin), st.integers(begin + 1, len(text)))
    )
    codes = draw(st.dictionaries(st.sampled_from([A, B, C]), st.lists(place, unique=True, max_size=3)))
    return Document(str(draw(st.integers(1, 999))), "s", "1", text, codes)


def surfaces(document: Document) -> Counter[tuple[Code, str]]:
    return Counter(
        (code, document.text[begin:end]) for code, spans in document.codes.items() for begin, end in spans
    )


@given(st.lists(documents(), min_size=1, max_size=4))
@settings(max_examples=50)
def test_joined_spans_mark_the_same_text(own: list[Document]) -> None:
    whole = joined(own)

    assert whole.text == " ".join(document.text for document in own)
    assert surfaces(whole) == sum(map(surfaces, own), Counter[tuple[Code, str]]())
    assert set(whole.codes) == {code for document in own for code in document.codes}


@given(documents())
@settings(max_examples=50)
def test_piece_consists_of_the_evidence_of_one_code(document: Document) -> None:
    own = list(pieces(document))

    for piece in own:
        ((code, spans),) = piece.codes.items()
        assert piece.text == " ".join(document.text[begin:end] for begin, end in document.codes[code])
        assert [piece.text[b:e] for b, e in spans] == [document.text[b:e] for b, e in document.codes[code]]
    assert [piece.note_id for piece in own] == [f"{document.note_id}-{n + 1}" for n in range(len(own))]
    assert sum(map(surfaces, own), Counter[tuple[Code, str]]()) <= surfaces(document)


def test_a_code_without_a_text_has_no_piece() -> None:
    document = Document("7", "s", "1", "a  b", {A: [], B: [(1, 2)], C: [(0, 1), (3, 4)]})

    assert [(piece.note_id, piece.text) for piece in pieces(document)] == [("7-1", "a b")]


@given(documents(), st.lists(st.sampled_from([A, B, C]), min_size=3, max_size=3))
@settings(max_examples=50)
def test_codes_that_become_equal_share_their_spans(document: Document, images: list[Code]) -> None:
    codes = CodeMap(dict(zip([A, B, C], images, strict=True)), ())
    merged: Counter[str] = Counter()

    result = document.as_note(codes, merged)

    check_batch(cast("pl.DataFrame", pl.from_arrow(next(note_tables([result])))), remedy="")
    assert set(result.codes) == {codes[code] for code in document.codes}
    assert set(result.evidence) == {
        Evidence(codes[code], *span) for code, spans in document.codes.items() for span in spans
    }
    assert len(result.evidence) == len(set(result.evidence))
    assert merged["merged"] == len(document.codes) - len(result.codes)


def test_two_pairs_of_codes_lose_neither_a_code_nor_a_span() -> None:
    D, E = Code("A01", CodeSystem.ICD10CM), Code("B01", CodeSystem.ICD10CM)  # noqa: N806
    a2, b2 = Code("A01.2", CodeSystem.ICD10CM), Code("B01.2", CodeSystem.ICD10CM)
    document = Document("7", "s", "1", "abcd", {A: [(0, 1)], B: [(1, 2)], a2: [(2, 3), (0, 1)], b2: [(3, 4)]})

    result = document.as_note(CodeMap({A: D, a2: D, B: E, b2: E}, ()), Counter())

    assert result.codes == (D, E)
    assert result.evidence == tuple(
        Evidence(code, begin, begin + 1) for code, begin in ((D, 0), (D, 2), (E, 1), (E, 3))
    )


def test_spans_outside_the_text_are_left_out_but_their_code_stays() -> None:
    oddities: Counter[str] = Counter()
    text = "0\N{DEGREE SIGN}C \U0001f642"  # 5 characters, 10 bytes

    document = annotated(
        note("7", text), {A: [(4, 5), (4, 6)], B: [(5, 6), (2, 2), (3, 1), (-1, 2)], C: [(0, 5)]}, oddities
    )

    assert document.codes == {A: [(4, 5)], B: [], C: [(0, 5)]}
    assert oddities == {"past the end": 2, "empty": 3, "without spans": 1}


def test_an_admission_begins_with_its_discharge_summaries() -> None:
    notes = [
        note("12", "late", time="2101-01-01 10:00:00"),
        note("5", "elsewhere", admission="2"),
        note("11", "no time"),
        note("9", "early too", time="2101-01-01 10:00:00"),
        note("30", "summary", category="Discharge summary", time="2101-01-09"),
    ]

    whole = list(by_admission((one, annotated(one, {A: [(0, 1)]}, Counter())) for one in notes))

    assert [(one.admission_id, one.note_id) for one in whole] == [("1", "30+11+9+12"), ("2", "5")]
    assert whole[0].text == "summary no time early too late"
    assert whole[0].codes == {A: [(0, 1), (8, 9), (16, 17), (26, 27)]}
