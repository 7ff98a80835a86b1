from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import CorpusError, OutputError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources import prepare_mimic3, prepare_mimic4

NOTE_COLUMNS = [
    *("ROW_ID", "SUBJECT_ID", "HADM_ID", "CHARTDATE", "CHARTTIME", "STORETIME"),
    *("CATEGORY", "DESCRIPTION", "CGID", "ISERROR", "TEXT"),
]
CODE_COLUMNS = ["ROW_ID", "SUBJECT_ID", "HADM_ID", "SEQ_NUM", "ICD9_CODE"]
DISCHARGE = "Discharge summary"

# ROW_ID, SUBJECT_ID, HADM_ID, CHARTDATE, CHARTTIME, CATEGORY, DESCRIPTION, TEXT
NOTES = [
    (5, 1, 101, "2150-01-03", "", DISCHARGE, "Addendum", "ADDENDUM. SECRETPATIENT"),
    (9, 1, 101, "2150-01-02", "", DISCHARGE, "Report", 'HTN,\r\n"naïve" 37 °C SECRETPATIENT'),
    (3, 2, 102, "2150-01-02", "", "Nursing", "Report", "not a summary SECRETPATIENT"),
    (4, 2, 102, "2150-01-02", "", DISCHARGE, "Report", "66 yo SECRETPATIENT"),
    (6, 3, 103, "2150-01-02", "", DISCHARGE, "Report", "one more SECRETPATIENT"),
    (7, 3, "", "2150-01-02", "", DISCHARGE, "Report", "no admission SECRETPATIENT"),
]
DIAGNOSES = [
    (1, 1, 101, 1, "4019"),
    (2, 1, 101, 2, "E8788"),
    (3, 1, 101, 3, ""),
    (4, 2, 102, 1, "V053"),
    (5, 2, 102, 2, "4019"),
    (6, 3, 103, 1, "4019"),
]
PROCEDURES = [(1, 1, 101, 1, "0066"), (2, 3, 103, 1, "3893")]
SPLIT = [(101, "train"), (102, "val"), (103, "test")]

HTN = Code("401.9", CodeSystem.ICD9CM)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "raw/physionet.org/files/mimiciii/1.4"


@pytest.fixture
def raw(tmp_path: Path, tree: Path, write_csv: Callable[..., Path]) -> Path:
    rows = [(*row[:5], "", *row[5:7], "", "", row[7]) for row in NOTES]
    write_csv(tree / "NOTEEVENTS.csv.gz", NOTE_COLUMNS, rows)
    write_csv(tree / "DIAGNOSES_ICD.csv.gz", CODE_COLUMNS, DIAGNOSES)
    write_csv(tree / "PROCEDURES_ICD.csv", CODE_COLUMNS, PROCEDURES)
    return tmp_path / "raw"


@pytest.fixture
def splits(tmp_path: Path, write_csv: Callable[..., Path]) -> Path:
    return write_csv(tmp_path / "split.csv", ["_id", "split"], SPLIT)


def one(corpus: Corpus, split: str) -> Note:
    [note] = corpus.notes(split)
    return note


def test_report_and_addendum_become_one_document(tmp_path: Path, raw: Path, splits: Path) -> None:
    corpus = prepare_mimic3(raw, tmp_path / "out", splits=splits)

    note = one(corpus, "train")
    assert (note.note_id, note.subject_id, note.admission_id) == ("9+5", "1", "101")
    assert note.text == 'HTN,\r\n"naïve" 37 °C SECRETPATIENT ADDENDUM. SECRETPATIENT'
    assert [(code.value, code.system) for code in note.codes] == [
        ("401.9", CodeSystem.ICD9CM),
        ("E878.8", CodeSystem.ICD9CM),
        ("00.66", CodeSystem.ICD9PCS),
    ]
    assert [code.value for code in corpus.codes] == ["00.66", "38.93", "401.9", "E878.8", "V05.3"]
    assert (corpus.name, corpus.population) == ("mimic3-full", "mimic3")
    assert "1 note has no hadm_id and was left out" in corpus.about["notices"]
    assert Corpus.open(corpus.path).fingerprint == corpus.fingerprint


def test_evidence_moves_with_its_note(tmp_path: Path, raw: Path, splits: Path) -> None:
    spans = pl.DataFrame(
        {"note_id": ["5", "9"], "code": "401.9", "system": "icd9cm", "begin": [0, 0], "end": [8, 3]}
    )
    spans.write_parquet(tmp_path / "evidence.parquet")

    corpus = prepare_mimic3(raw, tmp_path / "out", splits=splits, evidence=tmp_path / "evidence.parquet")

    note = one(corpus, "train")
    assert [note.text[span.begin : span.end] for span in note.evidence] == ["HTN", "ADDENDUM"]
    assert note.evidence[0] == Evidence(HTN, 0, 3)


def test_evidence_is_refused_where_the_pipeline_changes_the_text(
    tmp_path: Path, raw: Path, splits: Path, refused: Any
) -> None:
    with refused(SourceError, "edin2023 changes the text", "Leave out --evidence"):
        prepare_mimic3(
            raw, tmp_path / "out", splits=splits, compat="edin2023", evidence=tmp_path / "evidence.parquet"
        )


def test_text_is_cleaned_as_the_pipeline_does(tmp_path: Path, raw: Path, splits: Path) -> None:
    texts = {
        compat: one(prepare_mimic3(raw, tmp_path / compat, splits=splits, compat=compat), "train").text
        for compat in ("edin2023", "caml")
    }

    assert texts == {
        "edin2023": "addendum secretpatient htn na ve c secretpatient",
        "caml": "addendum secretpatient htn naïve c secretpatient",
    }


def test_caml_parses_procedures_as_numbers(tmp_path: Path, raw: Path, splits: Path) -> None:
    corpus = prepare_mimic3(raw, tmp_path / "out", splits=splits, compat="caml")

    assert [code.value for code in corpus.codes] == ["38.93", "401.9", "66.", "E878.8", "V05.3"]


def test_codes_of_another_subject_count_only_in_edin2024(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, write_csv: Callable[..., Path]
) -> None:
    write_csv(tree / "PROCEDURES_ICD.csv", CODE_COLUMNS, [*PROCEDURES, (3, 77, 102, 1, "9904")])

    by_compat = {
        compat: one(prepare_mimic3(raw, tmp_path / compat, splits=splits, compat=compat), "validation").codes
        for compat in ("edin2024", "edin2023")
    }

    assert {code.value for code in by_compat["edin2024"]} == {"V05.3", "401.9", "99.04"}
    assert {code.value for code in by_compat["edin2023"]} == {"V05.3", "401.9"}


def test_admission_with_two_subjects_is_refused(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, refused: Any
) -> None:
    path = tree / "NOTEEVENTS.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"\n9,1,101,", b"\n9,2,101,")))

    with refused(
        SourceError,
        "NOTEEVENTS.csv.gz, row 2",
        "gives HADM_ID 101 the SUBJECT_ID 2, an earlier row gives it 1",
    ):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)


def test_tree_of_the_other_data_set_is_named(tmp_path: Path, raw: Path, refused: Any) -> None:
    with refused(SourceError, "raw: contains MIMIC-III, expected MIMIC-IV"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)
    (tmp_path / "four/mimiciv/2.2/hosp").mkdir(parents=True)
    with refused(SourceError, "four: contains MIMIC-IV, expected MIMIC-III"):
        prepare_mimic3(tmp_path / "four", tmp_path / "out", draw_split=True)


def test_code_table_with_another_delimiter_is_refused(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, write_csv: Callable[..., Path], refused: Any
) -> None:
    write_csv(tree / "PROCEDURES_ICD.csv", CODE_COLUMNS, PROCEDURES, ";")

    with refused(SourceError, "PROCEDURES_ICD.csv", "columns are separated by ';', expected ','"):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)


@pytest.mark.parametrize(
    ("cut", "fragments"),
    [
        (lambda data: data[: len(data) // 2], ["truncated"]),
        (
            lambda data: gzip.compress(gzip.decompress(data)[: gzip.decompress(data).index(b"more SECRET")]),
            ["row 5", "ends inside a quoted field"],
        ),
    ],
)
def test_truncated_notes_are_refused_and_leave_nothing(
    tmp_path: Path,
    raw: Path,
    tree: Path,
    splits: Path,
    refused: Any,
    cut: Callable[[bytes], bytes],
    fragments: list[str],
) -> None:
    path = tree / "NOTEEVENTS.csv.gz"
    lines = gzip.decompress(path.read_bytes()).replace(
        b",one more SECRETPATIENT", b',"one\nmore SECRETPATIENT"'
    )
    path.write_bytes(cut(gzip.compress(lines)))

    with refused(SourceError, "NOTEEVENTS.csv.gz", *fragments):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["raw", "split.csv"]


def test_split_of_other_admissions_is_refused(
    tmp_path: Path, raw: Path, write_csv: Callable[..., Path], refused: Any
) -> None:
    path = write_csv(tmp_path / "other.csv", ["_id", "split"], [(22595853, "train"), (22595854, "test")])

    with refused(SourceError, "other.csv: lists 2 admissions", "same data set"):
        prepare_mimic3(raw, tmp_path / "out", splits=path)


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"compat": "edin2022"}, ["mimic3-full has no pipeline 'edin2022'", "caml, edin2023, edin2024"]),
        ({"compat": "caml", "subset": "clean"}, ["caml has no mimic3-clean"]),
        ({"draw_split": True}, ["both a split file and a drawn split were requested"]),
    ],
)
def test_impossible_options_are_refused(
    tmp_path: Path, raw: Path, splits: Path, refused: Any, options: dict[str, Any], fragments: list[str]
) -> None:
    with refused(SourceError, *fragments):
        prepare_mimic3(raw, tmp_path / "out", splits=splits, **options)


def test_document_with_a_blank_text_is_left_out(tmp_path: Path, raw: Path, tree: Path, splits: Path) -> None:
    path = tree / "NOTEEVENTS.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"66 yo SECRETPATIENT", b" ")))

    with pytest.raises(CorpusError, match="the split validation has no notes"):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)


@pytest.mark.parametrize(("number", "name"), [(b"\n9,1,101,", "ROW_ID"), (b"\n9,1,101,", "SUBJECT_ID")])
def test_numbers_with_a_decimal_point_are_refused(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, refused: Any, number: bytes, name: str
) -> None:
    path = tree / "NOTEEVENTS.csv.gz"
    by = b"\n9.0,1,101," if name == "ROW_ID" else b"\n9,1.0,101,"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(number, by)))

    with refused(SourceError, "NOTEEVENTS.csv.gz, row 2", f"has a {name} that is not a whole number"):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)


def test_inputs_are_never_replaced(tmp_path: Path, raw: Path, splits: Path, refused: Any) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    splits.rename(folder / "split.csv")

    with refused(OutputError, "contains the input split.csv"):
        prepare_mimic3(raw, folder, splits=folder / "split.csv", force=True)
    assert (folder / "split.csv").exists()


def test_admission_with_only_empty_codes_is_counted(
    tmp_path: Path, raw: Path, tree: Path, write_csv: Callable[..., Path], splits: Path
) -> None:
    write_csv(tree / "DIAGNOSES_ICD.csv.gz", CODE_COLUMNS, [*DIAGNOSES[:5], (6, 3, 103, 1, "")])
    write_csv(tree / "PROCEDURES_ICD.csv", CODE_COLUMNS, PROCEDURES[:1])
    two = write_csv(tmp_path / "two.csv", ["_id", "split"], SPLIT[:2])

    corpus = prepare_mimic3(raw, tmp_path / "edin", splits=two)
    assert "1 note has no codes and was left out" in corpus.about["notices"]
    caml = prepare_mimic3(raw, tmp_path / "caml", splits=splits, compat="caml")
    assert one(caml, "test").codes == ()


def test_rows_of_another_subject_are_counted(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, write_csv: Callable[..., Path]
) -> None:
    write_csv(tree / "PROCEDURES_ICD.csv", CODE_COLUMNS, [*PROCEDURES, (3, 77, 102, 1, "9904")])

    for compat in ("edin2023", "caml"):
        corpus = prepare_mimic3(raw, tmp_path / compat, splits=splits, compat=compat)
        assert any("names a different subject" in notice for notice in corpus.about["notices"])


def test_admissions_with_blank_texts_are_absent(
    tmp_path: Path, raw: Path, tree: Path, write_csv: Callable[..., Path]
) -> None:
    path = tree / "NOTEEVENTS.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"66 yo SECRETPATIENT", b" ")))
    split = write_csv(tmp_path / "one.csv", ["_id", "split"], [(101, "train"), (102, "train"), (103, "test")])

    corpus = prepare_mimic3(raw, tmp_path / "out", splits=split)

    assert corpus.about["absent"] == {"train": {"count": 1, "admissions": ["102"]}}
    assert "1 document had a blank text and was left out" in corpus.about["notices"]


def test_quoted_header_with_another_delimiter_is_refused(
    tmp_path: Path, raw: Path, tree: Path, splits: Path, refused: Any
) -> None:
    text = (tree / "PROCEDURES_ICD.csv").read_text(encoding="utf-8").replace(",", ";")
    header, _, rest = text.partition("\n")
    quoted = ";".join(f'"{name}"' for name in header.split(";"))
    (tree / "PROCEDURES_ICD.csv").write_text(f"{quoted}\n{rest}", encoding="utf-8")

    with refused(SourceError, "PROCEDURES_ICD.csv", "columns are separated by ';', expected ','"):
        prepare_mimic3(raw, tmp_path / "out", splits=splits)
