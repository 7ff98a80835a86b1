from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import OutputError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources import prepare_mimic4

NOTE_COLUMNS = ["note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text"]
DIAGNOSIS_COLUMNS = ["subject_id", "hadm_id", "seq_num", "icd_code", "icd_version"]
PROCEDURE_COLUMNS = ["subject_id", "hadm_id", "seq_num", "chartdate", "icd_code", "icd_version"]

FIRST = 'Chief complaint: "chest pain",\nSECRETPATIENT, seen 3x'
SECOND = "Re\u0301sume\u0301 \U0001f642:\r\n38 \N{DEGREE SIGN}C, HTN, SECRETPATIENT"

NOTES = [
    ("1-DS-1", 1, 100, FIRST),
    ("1-DS-2", 1, 100, "Addendum, SECRETPATIENT"),  # second of its admission: counts for codes
    ("2-DS-1", 2, 200, SECOND),
    ("2-DS-2", 2, 200, SECOND),  # repeated: does not count
    ("3-DS-1", 3, "", "no admission, SECRETPATIENT"),
    ("4-DS-1", 4, 400, ""),  # empty: does not count
    ("5-DS-1", 5, 500, "only ICD-9, SECRETPATIENT"),
    ("6-DS-1", 6, 600, "only a rare code, SECRETPATIENT"),
    ("7-DS-1", 7, 700, "both versions, SECRETPATIENT"),
    ("8-DS-1", 8, 800, "no codes, SECRETPATIENT"),
]
DIAGNOSES = [
    (1, 100, 1, "I10", 10),
    (1, 100, 2, "E119", 10),
    (1, 100, 3, "E119", 10),
    (2, 200, 1, "I10", 10),
    (2, 200, 2, "", 10),
    (4, 400, 1, "I10", 10),
    (5, 500, 1, "25000", 9),
    (6, 600, 1, "R69", 10),
    (7, 700, 1, "I10", 10),
    (7, 700, 2, "4019", 9),
    (7, 700, 3, "Z23", 10),
    (9, "", 1, "I10", 10),
]
PROCEDURES = [
    (1, 100, 1, "2180-01-01", "0BH17EZ", 10),
    (2, 200, 1, "2180-01-01", "0016070", 10),
    (7, 700, 1, "2180-01-01", "0016070", 10),
    (7, 700, 2, "2180-01-01", "0066", 9),
]
# The split files of these tests are not the published ones, and a notice says so.
NOT_PUBLISHED = "The split file mimiciv_icd10_split.feather differs from the published split of this source"

SPLIT = {100: "train", 200: "val", 700: "test", 600: "train", 400: "train", 999: "train"}

I10 = Code("I10", CodeSystem.ICD10CM)
E119 = Code("E11.9", CodeSystem.ICD10CM)
VACCINE = Code("Z23", CodeSystem.ICD10CM)
INTUBATION = Code("0BH17EZ", CodeSystem.ICD10PCS)
BYPASS = Code("0016070", CodeSystem.ICD10PCS)


@pytest.fixture
def hosp(tmp_path: Path) -> Path:
    return tmp_path / "raw/physionet.org/files/mimiciv/3.1/hosp"


@pytest.fixture
def discharge(tmp_path: Path) -> Path:
    return tmp_path / "raw/physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz"


@pytest.fixture
def raw(tmp_path: Path, hosp: Path, discharge: Path, write_csv: Callable[..., Path]) -> Path:
    rows = [(note, subject, admission, "DS", 1, "", "", text) for note, subject, admission, text in NOTES]
    write_csv(discharge, NOTE_COLUMNS, rows)
    write_csv(hosp / "diagnoses_icd.csv.gz", DIAGNOSIS_COLUMNS, DIAGNOSES)
    write_csv(hosp / "procedures_icd.csv", PROCEDURE_COLUMNS, PROCEDURES)
    titles = [("I10", 10, "The hospital's own title"), ("25000", 9, "Diabetes")]
    write_csv(hosp / "d_icd_diagnoses.csv.gz", ["icd_code", "icd_version", "long_title"], titles)
    return tmp_path / "raw"


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    frame = pl.DataFrame({"_id": list(SPLIT), "split": list(SPLIT.values())})
    frame.write_ipc(folder / "mimiciv_icd10_split.feather", compression="zstd")
    return folder


def all_notes(corpus: Corpus) -> dict[str, list[Note]]:
    return {split: list(corpus.notes(split)) for split in corpus.splits}


def test_golden_tree_becomes_the_expected_corpus(tmp_path: Path, raw: Path, splits: Path) -> None:
    corpus = prepare_mimic4(raw, tmp_path / "out", splits=splits, min_count=2)

    assert all_notes(corpus) == {
        "train": [Note("1-DS-1", FIRST, (I10, E119, INTUBATION), (), "1", "100")],
        "validation": [Note("2-DS-1", SECOND, (I10, BYPASS), (), "2", "200")],
        "test": [Note("7-DS-1", "both versions, SECRETPATIENT", (I10, VACCINE, BYPASS), (), "7", "700")],
    }
    assert corpus.codes == (BYPASS, INTUBATION, E119, I10, VACCINE)
    assert corpus.labels[3].title == "The hospital's own title"
    assert corpus.about["notices"] == [
        "1 row of codes has no code and was left out",
        "1 row of codes has no hadm_id and was left out",
        "1 note has no hadm_id and was left out",
        "1 note has no text and was left out",
        "2 notes have no codes and were left out",
        "1 note repeats an earlier note of its admission and was left out",
        "1 admission has codes of both ICD-9 and ICD-10; its labels include both, as published",
        "1 note is not the first of its admission and was left out",
        "3 codes are too rare and were left out",
        "1 document then had no code left and was left out",
        NOT_PUBLISHED,
    ]
    assert corpus.about["absent"] == {"train": {"count": 3, "admissions": ["400", "600", "999"]}}
    assert corpus.about["population"] == "mimic4"
    assert corpus.about["options"] == {
        "compat": "edin2024",
        "min_count": 2,
        "splits": ["mimiciv_icd10_split.feather"],
        "evidence": None,
    }
    assert [file["path"] for file in corpus.about["inputs"]] == [
        "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz",
        "physionet.org/files/mimiciv/3.1/hosp/diagnoses_icd.csv.gz",
        "physionet.org/files/mimiciv/3.1/hosp/procedures_icd.csv",
        "physionet.org/files/mimiciv/3.1/hosp/d_icd_diagnoses.csv.gz",
        "mimiciv_icd10_split.feather",
    ]
    assert not corpus.synthetic
    assert str(tmp_path) not in (corpus.path / "corpus.json").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "published", "raw"]


def test_codes_are_counted_in_distinct_notes_before_one_is_kept(
    tmp_path: Path, raw: Path, splits: Path
) -> None:
    # I10 counts twice for the two notes of admission 100, once for 200, and twice for 700, where the ICD-10
    # diagnoses are combined with two lists of procedures.
    assert prepare_mimic4(raw, tmp_path / "at", splits=splits, min_count=5).codes == (I10,)
    with pytest.raises(SourceError, match=r"no document is left for train .*: 8 codes are too rare"):
        prepare_mimic4(raw, tmp_path / "above", splits=splits, min_count=6)
    assert not (tmp_path / "above").exists()


def test_min_count_of_one_keeps_every_code(tmp_path: Path, raw: Path, splits: Path) -> None:
    corpus = prepare_mimic4(raw, tmp_path / "out", splits=splits, min_count=1)

    assert {code.value for code in corpus.codes} == {
        *("0016070", "0BH17EZ", "E11.9", "I10", "R69", "Z23"),
        # Admission 700 has codes of both revisions.
        *("401.9", "00.66"),
    }
    assert [note.note_id for note in corpus.notes("train")] == ["1-DS-1", "6-DS-1"]


def test_split_is_drawn_by_subject_and_noted(tmp_path: Path, raw: Path) -> None:
    options: dict[str, Any] = {"draw_split": True, "min_count": 2, "validation": 0.3, "test": 0.3}
    corpora = [
        prepare_mimic4(raw, tmp_path / str(trial), **options, seed=seed)
        for trial, seed in enumerate((1, 1, 2, 3, 4))
    ]

    assert all_notes(corpora[0]) == all_notes(corpora[1])
    assert any(all_notes(corpora[0]) != all_notes(other) for other in corpora[2:])
    assert any("cannot be compared" in notice for notice in corpora[0].about["notices"])


def test_csv_split_file_is_used(tmp_path: Path, raw: Path, write_csv: Callable[..., Path]) -> None:
    path = write_csv(tmp_path / "mine.csv", ["_id", "split"], [(100, "train"), (200, "test")])

    corpus = prepare_mimic4(raw, tmp_path / "out", splits=path, min_count=1)

    assert corpus.splits == ("train", "test")
    assert "2 notes were left out: their admissions are not in the split file" in corpus.about["notices"]


def test_evidence_is_kept_with_its_codes(tmp_path: Path, raw: Path, splits: Path) -> None:
    begin = SECOND.index("HTN")
    spans = [
        ("2-DS-1", "I10", "icd10cm", begin, begin + 3),
        ("2-DS-1", "401.9", "icd9cm", begin, begin + 3),
        ("nowhere", "I10", "icd10cm", 0, 1),
    ]
    pl.DataFrame(spans, ["note_id", "code", "system", "begin", "end"], orient="row").write_parquet(
        tmp_path / "evidence.parquet"
    )

    corpus = prepare_mimic4(
        raw, tmp_path / "out", splits=splits, evidence=tmp_path / "evidence.parquet", min_count=2
    )

    [note] = corpus.notes("validation")
    assert note.evidence == (Evidence(I10, begin, begin + 3),)
    assert note.text[note.evidence[0].begin : note.evidence[0].end] == "HTN"
    expected = "2 spans of evidence were left out: their notes or their codes are not in this corpus"
    assert expected in corpus.about["notices"]


def test_evidence_beyond_its_note_is_refused(tmp_path: Path, raw: Path, splits: Path, refused: Any) -> None:
    path = tmp_path / "evidence.parquet"
    rows = {"note_id": ["x", "2-DS-1"], "code": "I10", "system": "icd10cm", "begin": 1, "end": [2, 9999]}
    pl.DataFrame(rows).write_parquet(path)

    with refused(SourceError, "evidence.parquet, row 2", "1:9999"):
        prepare_mimic4(raw, tmp_path / "out", splits=splits, evidence=path, min_count=2)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("columns", "fragment"),
    [
        ({"begin": [1.5]}, "'begin' as Float64"),
        ({"note_id": [7]}, "'note_id' as Int64"),
        ({"code": pl.Series([None], dtype=pl.String)}, "row 1: has an empty value"),
    ],
)
def test_malformed_evidence_is_refused(
    tmp_path: Path, raw: Path, refused: Any, columns: dict[str, Any], fragment: str
) -> None:
    good = {"note_id": ["x"], "code": ["I10"], "system": ["icd10cm"], "begin": [1], "end": [2]}
    path = tmp_path / "evidence.parquet"
    pl.DataFrame({**good, **columns}).write_parquet(path)

    with refused(SourceError, "evidence.parquet", fragment):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True, evidence=path)


@pytest.mark.parametrize("base", ["physionet.org/files", "files", "."])
def test_any_folder_of_the_download_is_accepted(tmp_path: Path, raw: Path, splits: Path, base: str) -> None:
    other = tmp_path / "other" / base
    other.parent.mkdir(parents=True, exist_ok=True)
    (raw / "physionet.org/files").rename(other)

    assert prepare_mimic4(tmp_path / "other", tmp_path / "out", splits=splits, min_count=2).size("train") == 1


def test_missing_file_is_named_with_the_searched_places(
    tmp_path: Path, raw: Path, hosp: Path, discharge: Path, refused: Any
) -> None:
    (hosp / "procedures_icd.csv").unlink()
    with refused(SourceError, "procedures_icd.csv.gz", "3.1/hosp"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)
    discharge.parent.rename(discharge.parent.parent / "notes")
    with refused(SourceError, "discharge.csv.gz", "files/mimic-iv-note"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)
    with refused(SourceError, "absent", "no such folder"):
        prepare_mimic4(tmp_path / "absent", tmp_path / "out")


def test_two_releases_are_refused(tmp_path: Path, raw: Path, hosp: Path, refused: Any) -> None:
    other = hosp.parent.parent / "2.2" / "hosp"
    other.mkdir(parents=True)
    (other / "diagnoses_icd.csv").touch()

    with refused(SourceError, "releases of mimiciv: physionet.org/files/mimiciv/2.2/hosp, ", "3.1/hosp"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)


@pytest.mark.parametrize(
    ("replaced", "by", "fragments"),
    [
        ("note_id,", "note,", ["no column 'note_id'", "Did you mean 'note'?"]),
        ("1-DS-2", "1-DS-1", ["row 2", "of an earlier row"]),
        ("1-DS-2", "", ["row 2", "no note_id"]),
        ("7-DS-1,7,", "7-DS-1,,", ["row 9", "no subject_id"]),
        (",700,", ",700.0,", ["row 9", "not a whole number"]),
        ('seen 3x"', "seen 3x", ["row 1", "text after a closing quotation mark"]),
        ("only ICD-9", "\udcff", ["row 7", "not utf-8"]),
    ],
)
def test_malformed_notes_are_refused(
    tmp_path: Path, raw: Path, discharge: Path, refused: Any, replaced: str, by: str, fragments: list[str]
) -> None:
    text = gzip.decompress(discharge.read_bytes()).decode()
    broken = text.replace(replaced, by, 1)
    assert broken != text
    discharge.write_bytes(gzip.compress(broken.encode(errors="surrogateescape")))

    with refused(SourceError, "discharge.csv.gz", *fragments):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_unknown_icd_version_is_refused(tmp_path: Path, raw: Path, hosp: Path, refused: Any) -> None:
    path = hosp / "procedures_icd.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0066,9", "0066,11"), encoding="utf-8")

    with refused(SourceError, "procedures_icd.csv, row 4", "icd_version"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)


@pytest.mark.parametrize(
    ("name", "row"), [("diagnoses_icd.csv.gz", "row 9"), ("procedures_icd.csv", "row 3")]
)
def test_admission_with_a_decimal_point_is_refused(
    tmp_path: Path, raw: Path, hosp: Path, refused: Any, name: str, row: str
) -> None:
    opened: Any = gzip.open if name.endswith(".gz") else open
    with opened(hosp / name, "rt", encoding="utf-8") as file:
        rows = [line.split(",") for line in file]
    first = next(fields for fields in rows if fields[1] == "700")
    first[1] = "700.0"
    with opened(hosp / name, "wt", encoding="utf-8") as file:
        file.writelines(",".join(fields) for fields in rows)

    with refused(SourceError, name, row, "hadm_id that is not a whole number"):
        prepare_mimic4(raw, tmp_path / "out", draw_split=True)


def test_admissions_without_a_note_are_counted(
    tmp_path: Path, raw: Path, hosp: Path, splits: Path, write_csv: Callable[..., Path]
) -> None:
    rows = [*DIAGNOSES, (9, 901, 1, "I10", 10), (9, 902, 1, "I10", 10), (9, 903, 1, "4019", 9)]
    write_csv(hosp / "diagnoses_icd.csv.gz", DIAGNOSIS_COLUMNS, rows)

    corpus = prepare_mimic4(raw, tmp_path / "out", splits=splits, min_count=2)

    expected = "2 admissions with codes have no discharge summary"
    assert expected in corpus.about["notices"]


def test_malformed_code_is_kept_with_its_evidence(
    tmp_path: Path, raw: Path, hosp: Path, splits: Path, write_csv: Callable[..., Path]
) -> None:
    rows = [*DIAGNOSES, (2, 200, 3, "xyz?1", 10), (2, 200, 4, "I10.", 10)]
    write_csv(hosp / "diagnoses_icd.csv.gz", DIAGNOSIS_COLUMNS, rows)
    path = tmp_path / "evidence.parquet"
    pl.DataFrame(
        {"note_id": "2-DS-1", "code": ["XYZ?1", "I10."], "system": "icd10cm", "begin": 0, "end": 3}
    ).write_parquet(path)

    corpus = prepare_mimic4(raw, tmp_path / "out", splits=splits, evidence=path, min_count=1)

    [note] = corpus.notes("validation")
    odd = Code("XYZ.?1", CodeSystem.ICD10CM)
    assert note.codes == (I10, odd, BYPASS)
    assert note.evidence == (Evidence(odd, 0, 3), Evidence(I10, 0, 3))


def test_split_without_coded_admissions_is_refused(
    tmp_path: Path, raw: Path, write_csv: Callable[..., Path], refused: Any
) -> None:
    path = write_csv(tmp_path / "mine.csv", ["_id", "split"], [(999, "train")])

    with refused(SourceError, "mine.csv", "lists 1 admission, none of which has codes in the raw files"):
        prepare_mimic4(raw, tmp_path / "out", splits=path)


def test_split_without_notes_is_refused(
    tmp_path: Path, raw: Path, write_csv: Callable[..., Path], refused: Any
) -> None:
    path = write_csv(tmp_path / "mine.csv", ["_id", "split"], [(100, "train"), (999, "test")])

    with refused(SourceError, "no document is left for test", "lower --min-count"):
        prepare_mimic4(raw, tmp_path / "out", splits=path, min_count=1)
    assert not (tmp_path / "out").exists()


def test_full_disk_leaves_nothing(
    tmp_path: Path, raw: Path, splits: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clem_icd.corpus.writer.write_tables", full)
    with refused(OutputError, "the disk is full"):
        prepare_mimic4(raw, tmp_path / "out", splits=splits, min_count=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published", "raw"]


def test_output_is_replaced_only_with_force(tmp_path: Path, raw: Path, splits: Path, refused: Any) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    with refused(OutputError, "--force"):
        prepare_mimic4(raw, out, splits=splits, min_count=2)
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "mine"

    with refused(OutputError, "contains the raw files"):
        prepare_mimic4(raw, tmp_path, splits=splits, min_count=2, force=True)
    assert prepare_mimic4(raw, out, splits=splits, min_count=2, force=True).size("train") == 1


@pytest.mark.parametrize("part", ["", "physionet.org", "physionet.org/files"])
def test_synthetic_notes_stay_labelled(
    tmp_path: Path, raw: Path, splits: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (raw / "SYNTHETIC.json").write_text(
        json.dumps({"synthetic": True, "notice": "Made up."}), encoding="utf-8"
    )

    monkeypatch.chdir(raw / part)
    corpora = [
        prepare_mimic4(folder, tmp_path / str(trial), splits=splits, min_count=2)
        for trial, folder in enumerate((raw / part, Path()))
    ]

    assert all(corpus.synthetic for corpus in corpora)
    corpus = corpora[1]
    assert corpus.about["notices"][0] == "Made up."


def test_progress_adds_up_to_the_rows(tmp_path: Path, raw: Path, splits: Path) -> None:
    steps: list[int] = []

    prepare_mimic4(raw, tmp_path / "out", splits=splits, min_count=2, progress=steps.append)

    assert sum(steps) == len(NOTES)


def test_min_count_of_zero_is_refused(tmp_path: Path, raw: Path, refused: Any) -> None:
    with refused(SourceError, "a minimum count of 0"):
        prepare_mimic4(raw, tmp_path / "out", min_count=0)
