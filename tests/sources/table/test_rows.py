"""Records become notes: rows of one note are merged, systems are read per row, unknown codes are handled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import CorpusError, SourceError
from clem_icd.icd import Code, CodeSystem

Prepare = Callable[..., Corpus]
Records = list[dict[str, Any]]

CM, NINE = CodeSystem.ICD10CM, CodeSystem.ICD9CM
I10, E119, J189 = (Code(value, CM) for value in ("I10", "E11.9", "J18.9"))


def notes_of(corpus: Corpus) -> dict[str, Note]:
    return {note.note_id: note for note in corpus.notes("train")}


def span(code: str, begin: int, end: int) -> dict[str, Any]:
    return {"code": code, "begin": begin, "end": end}


LONG: Records = [
    {"note_id": "a", "text": "HTN, T2DM", "codes": "I10", "patient": "p", "spans": [span("I10", 0, 3)]},
    {"note_id": "b", "text": "CAP", "codes": "J18.9", "patient": "q", "spans": []},
    {
        "note_id": "a",
        "text": "HTN, T2DM",
        "codes": "E11.9;I10",
        "patient": "p",
        "spans": [span("E11.9", 5, 9)],
    },
    {"note_id": "a", "text": "HTN, T2DM", "codes": None, "patient": "p", "spans": [span("E11.9", 5, 9)][:0]},
]


def test_rows_of_a_note_are_merged_wherever_they_are(prepare: Prepare) -> None:
    corpus = prepare(LONG, merge_rows=True, evidence="spans", subject_id="patient")

    assert list(notes_of(corpus).values()) == [
        Note("a", "HTN, T2DM", (I10, E119), (Evidence(I10, 0, 3), Evidence(E119, 5, 9)), "p"),
        Note("b", "CAP", (J189,), (), "q"),
    ]
    assert {label.code.value: label.counts["train"] for label in corpus.labels} == {
        "E11.9": 1,
        "I10": 1,
        "J18.9": 1,
    }
    assert corpus.size("train") == 2


def test_rows_of_a_note_are_refused_unless_they_are_to_be_merged(prepare: Prepare, refused: Any) -> None:
    with refused(SourceError, "row 3", "note id of an earlier record", "--merge-rows"):
        prepare(LONG)


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"text": "HTN, T2DM SECRETPATIENT"}, {}),
        ({"patient": "r"}, {"subject_id": "patient"}),
        ({"stay": "2"}, {"admission_id": "stay"}),
        ({"part": "test"}, {"split": "part"}),
    ],
)
def test_merged_rows_that_differ_in_more_than_codes_are_refused(
    prepare: Prepare, refused: Any, changes: dict[str, Any], options: dict[str, Any]
) -> None:
    rows = [{"part": "train", "stay": "1"} | row for row in LONG]
    rows[2] |= changes
    with refused(SourceError, "row 3", "differs from an earlier record of its note"):
        prepare(rows, merge_rows=True, **options)


def test_oddities_of_merged_rows_are_counted_once_per_note(prepare: Prepare) -> None:
    rows = [
        {"note_id": "a", "text": "<html><body>HTN</body></html>", "codes": code} for code in ("I10", "E11.9")
    ]

    corpus = prepare(rows, merge_rows=True)

    assert notes_of(corpus)["a"].text.strip() == "HTN"
    assert corpus.about["conversions"] == {"HTML": 1}
    assert [line for line in corpus.about["notices"] if "converted" in line] == [
        "1 note was converted from HTML; offsets refer to the converted text"
    ]


def test_column_of_revisions_needs_the_kind_of_codes(prepare: Prepare, refused: Any) -> None:
    rows = [{"codes": "486", "v": 9}, {"codes": "I10", "v": "10"}, {"codes": "25000", "v": "ICD-9"}]

    corpus = prepare(rows, system_column="v")

    assert [note.codes for note in corpus.notes("train")] == [
        (Code("486", NINE),),
        (I10,),
        (Code("250.00", NINE),),
    ]
    with refused(SourceError, "row 1", "revision 9 of ICD", "--system icd10cm"):
        prepare(rows, system_column="v", system=None)


def test_note_without_codes_needs_no_system(prepare: Prepare, refused: Any) -> None:
    rows = [{"codes": "I10", "v": "10"}, {"codes": "", "v": None}, {"codes": [], "v": ""}]
    assert [len(note.codes) for note in prepare(rows, system_column="v").notes("train")] == [1, 0, 0]
    rows[1] = {"codes": "I10", "v": None}
    with refused(SourceError, "row 2", "names no code system"):
        prepare(rows, system_column="v")


UNKNOWN: Records = [
    {"note_id": "a", "text": "HTN fall", "codes": "I10;W21.89A", "spans": [span("W21.89A", 4, 8)]},
    {"note_id": "b", "text": "fall", "codes": "w2189a", "spans": []},
]


def test_unknown_codes_are_kept_and_counted_by_default(prepare: Prepare) -> None:
    corpus = prepare(UNKNOWN, evidence="spans")

    assert len(notes_of(corpus)["a"].codes) == 2
    assert corpus.warnings == (
        "1 label does not exist in ICD-10-CM: W21.89A (may be W21.89XA (placeholder X missing))",
    )
    assert corpus.about["unknown_codes"][0]["occurrences"] == 2


def test_dropped_codes_go_with_their_evidence_and_are_counted(prepare: Prepare) -> None:
    corpus = prepare(UNKNOWN, evidence="spans", unknown_codes="drop")

    assert notes_of(corpus)["a"] == Note("a", "HTN fall", (I10,))
    assert notes_of(corpus)["b"].codes == ()
    assert corpus.warnings == ()
    assert (
        "2 codes do not exist in their systems and were dropped, such as W21.89A" in corpus.about["notices"]
    )


def test_unknown_codes_can_be_refused(prepare: Prepare, refused: Any) -> None:
    with refused(SourceError, "row 1", "W21.89A", "W21.89XA", "--unknown-codes keep or drop"):
        prepare(UNKNOWN, unknown_codes="refuse")
    with refused(SourceError, "'maybe'", "keep, drop, refuse"):
        prepare(UNKNOWN, unknown_codes="maybe")
    with refused(CorpusError, "no note has a code"):
        prepare(UNKNOWN[1:], unknown_codes="drop")


HTML = "<html><body>SECRETPATIENT: HTN</body></html>"


def test_wrapped_notes_are_converted_kept_or_refused(prepare: Prepare, refused: Any) -> None:
    rows = [{"text": HTML, "codes": "I10"}, {"text": "plain", "codes": "I10"}]

    converted = prepare(rows)
    assert notes_of(converted)["n0"].text.strip() == "SECRETPATIENT: HTN"
    assert converted.about["conversions"] == {"HTML": 1}

    kept = prepare(rows, wrapped="keep")
    assert notes_of(kept)["n0"].text == HTML
    assert kept.about["conversions"] == {}
    assert "1 note looks like HTML and was kept" in kept.about["notices"]

    with refused(SourceError, "row 1", "HTML", "--wrapped keep"):
        prepare(rows, wrapped="refuse")


def test_evidence_in_a_wrapped_note_is_refused_unless_it_is_kept(prepare: Prepare, refused: Any) -> None:
    begin = HTML.index("HTN")
    rows = [{"text": HTML, "codes": "I10", "spans": [span("I10", begin, begin + 3)]}]
    with refused(SourceError, "row 1", "evidence, whose offsets may refer to either text", "--wrapped keep"):
        prepare(rows, evidence="spans")
    kept = prepare(rows, evidence="spans", wrapped="keep")
    assert notes_of(kept)["n0"].evidence == (Evidence(I10, begin, begin + 3),)
    bare = [{**rows[0], "spans": "[]"}]
    assert notes_of(prepare(bare, evidence="spans"))["n0"].evidence == ()


@pytest.mark.parametrize(
    ("name", "value", "fragments"),
    [
        ("note_id", {"0": "1"}, ["contains dict, expected an id", "one record per note"]),
        ("note_id", 9.007199254740994e16, ["contains float", "123 and 123.0"]),
        ("note_id", "9.00719925474099E+16", ["scientific notation", "as text"]),
        ("patient", True, ["'patient' contains bool"]),
        ("text", float("nan"), ["the note is empty"]),
        ("text", ["a"], ["contains list, expected text"]),
    ],
)
def test_value_of_the_wrong_kind_is_refused(
    prepare: Prepare, refused: Any, name: str, value: Any, fragments: list[str]
) -> None:
    row = {"codes": "I10", "patient": "p", name: value}
    with refused(SourceError, "row 1", *fragments):
        prepare([row], subject_id="patient")


def test_ids_are_text_and_stay_as_they_are(prepare: Prepare) -> None:
    rows = [{"note_id": one, "codes": "I10"} for one in ("007", 7, "7.0", " x ", '="0042"', "10-May")]
    assert list(notes_of(prepare(rows))) == ["007", "7", "7.0", "x", "0042", "10-May"]


@pytest.mark.parametrize("delimiter", ["-------,----,-----\n", "--,--,--\n"])
def test_line_of_dashes_below_the_header_is_refused(prepare: Prepare, refused: Any, delimiter: str) -> None:
    with refused(SourceError, "t.csv, row 1", "line of dashes", "Delete it"):
        prepare(f"note_id,text,codes\n{delimiter}1,a,I10\n")


def test_footer_and_rows_with_a_delimiter_too_many_are_refused(prepare: Prepare, refused: Any) -> None:
    with refused(SourceError, "row 2", "expected 3", "footer"):
        prepare("note_id,text,codes\n1,a,I10\n(1 row)\n")
    with refused(SourceError, "row 1", "4 fields, expected 3", "end the header with it too"):
        prepare("note_id;text;codes\n1;a;I10;\n")
    assert list(notes_of(prepare("note_id;text;codes;\n1;a;I10;\n"))) == ["1"]
