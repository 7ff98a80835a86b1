from __future__ import annotations

import csv
import gzip
import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clem_icd.errors import InputError, OutputError
from clem_icd.icd import Code, CodeSystem, dot
from clem_icd.synthetic import synthesize

Digests = Callable[[Path], dict[str, str]]
Rows = Callable[[Path], list[dict[str, str]]]
MakeTree = Callable[[str], Path]

_LAYOUTS = ["mimic3", "mimic4", "mdace"]
_NOTES = "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz"
_NOTES3 = "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz"
_HOSP = "physionet.org/files/mimiciv/2.2/hosp"
_SYSTEMS = {
    ("diagnoses", "9"): CodeSystem.ICD9CM,
    ("diagnoses", "10"): CodeSystem.ICD10CM,
    ("procedures", "9"): CodeSystem.ICD9PCS,
    ("procedures", "10"): CodeSystem.ICD10PCS,
}


@pytest.fixture(scope="module")
def tree(make_tree: MakeTree) -> Path:
    return make_tree("mimic4")


def _rows(tree: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(tree / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (_NOTES, "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"),
        (f"{_HOSP}/diagnoses_icd.csv.gz", "subject_id,hadm_id,seq_num,icd_code,icd_version"),
        (f"{_HOSP}/procedures_icd.csv.gz", "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version"),
        (f"{_HOSP}/d_icd_diagnoses.csv.gz", "icd_code,icd_version,long_title"),
        (f"{_HOSP}/d_icd_procedures.csv.gz", "icd_code,icd_version,long_title"),
    ],
)
def test_columns_are_official_and_in_order(tree: Path, name: str, columns: str) -> None:
    with gzip.open(tree / name, "rt", encoding="utf-8", newline="") as file:
        assert file.readline() == columns + "\n"


def test_notes_match_the_official_format(tree: Path) -> None:
    rows = _rows(tree, _NOTES)
    assert len(rows) == len({row["note_id"] for row in rows}) > 200
    for row in rows:
        assert row["note_id"] == f"{row['subject_id']}-DS-{row['note_seq']}"
        assert row["note_type"] == "DS"
        assert row["charttime"].endswith(" 00:00:00")
        assert row["charttime"] < row["storetime"]
    for earlier, later in pairwise(rows):
        if earlier["subject_id"] == later["subject_id"]:
            assert int(later["note_seq"]) == int(earlier["note_seq"]) + 1


def test_deliberate_mishaps_occur(tree: Path) -> None:
    rows = _rows(tree, _NOTES)
    texts = [row["text"] for row in rows]
    assert any("\r\n" in text for text in texts)
    assert any('"' in text for text in texts)
    assert any(max(map(ord, text), default=0) > 0xFFFF for text in texts)
    assert "" in texts
    assert "" in {row["hadm_id"] for row in rows}
    pairs = Counter((row["hadm_id"], row["text"]) for row in rows if row["hadm_id"])
    assert max(pairs.values()) > 1
    assert max(Counter(admission for admission, text in pairs if text).values()) > 1
    codes = [*_rows(tree, f"{_HOSP}/diagnoses_icd.csv.gz"), *_rows(tree, f"{_HOSP}/procedures_icd.csv.gz")]
    versions: dict[str, set[str]] = {}
    for row in codes:
        versions.setdefault(row["hadm_id"], set()).add(row["icd_version"])
    assert {"9", "10"} in versions.values()
    written = [row["icd_code"] for row in codes]
    assert "" in written
    assert any(code != code.strip() for code in written)
    assert any("." in code for code in written)
    assert {row["hadm_id"] for row in rows} - {""} - versions.keys()
    assert versions.keys() - {row["hadm_id"] for row in rows}


def test_every_code_has_a_title_and_evidence_in_every_note_of_its_admission(tree: Path) -> None:
    notes = {row["note_id"]: row for row in _rows(tree, _NOTES)}
    found: dict[str, set[Code]] = {}
    for row in pq.read_table(tree / "evidence.parquet").to_pylist():
        note = notes[row["note_id"]]
        assert note["text"][row["begin"] : row["end"]].strip()
        assert row["end"] <= len(note["text"])
        assert (row["weight"], row["method"]) == (1.0, "synthetic")
        found.setdefault(row["note_id"], set()).add(Code.parse(row["code"], CodeSystem(row["system"])))
    coded = _coded(tree)
    for note_id, note in notes.items():
        if note["text"] and note["hadm_id"]:
            assert found.get(note_id, set()) == coded.get(note["hadm_id"], set())


def _coded(tree: Path) -> dict[str, set[Code]]:
    coded: dict[str, set[Code]] = {}
    for table in ("diagnoses", "procedures"):
        titles = {
            (row["icd_code"], row["icd_version"]): row["long_title"]
            for row in _rows(tree, f"{_HOSP}/d_icd_{table}.csv.gz")
        }
        for row in _rows(tree, f"{_HOSP}/{table}_icd.csv.gz"):
            written = row["icd_code"].strip().replace(".", "")
            if written:
                assert titles[written, row["icd_version"]]
                system = _SYSTEMS[table, row["icd_version"]]
                coded.setdefault(row["hadm_id"], set()).add(Code(dot(written, system), system))
    return coded


def test_codes_are_numbered_within_their_admission(tree: Path) -> None:
    numbers: dict[str, list[int]] = {}
    for row in _rows(tree, f"{_HOSP}/diagnoses_icd.csv.gz"):
        numbers.setdefault(row["hadm_id"], []).append(int(row["seq_num"]))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_the_tree_is_labelled_synthetic(make_tree: MakeTree, layout: str) -> None:
    tree = make_tree(layout)
    facts = json.loads((tree / "SYNTHETIC.json").read_text(encoding="utf-8"))
    assert facts["synthetic"] is True
    assert facts["generator"].startswith("clem-icd ")
    assert (facts["layout"], facts["admissions"], facts["seed"], facts["words"]) == (layout, 200, 7, 100)
    assert "cannot show" in facts["notice"]
    readme = (tree / "README.md").read_text(encoding="utf-8")
    assert facts["notice"] in readme
    assert ("one patient in ten is coded in ICD-9" in readme) is (layout == "mimic4")
    assert pq.read_schema(tree / "evidence.parquet").metadata[b"synthetic"] == b"true"


@pytest.mark.parametrize("layout", ["mimic3", "mdace"])
def test_evidence_spans_of_mimic3_point_into_the_notes(
    make_tree: MakeTree, rows_of: Rows, layout: str
) -> None:
    notes = {row["ROW_ID"]: row for row in rows_of(make_tree(layout) / _NOTES3)}
    categories: Counter[str] = Counter()
    for row in pq.read_table(make_tree(layout) / "evidence.parquet").to_pylist():
        note = notes[row["note_id"]]
        shown = note["TEXT"][row["begin"] : row["end"]]
        assert shown
        assert shown == shown.strip()
        assert row["system"] in ("icd9cm", "icd9pcs")
        categories[note["CATEGORY"]] += 1
    assert {"Discharge summary", "Physician ", "Radiology"} <= categories.keys()


def test_same_arguments_give_the_same_bytes_in_another_process(
    make_tree: MakeTree, tmp_path: Path, digests: Digests
) -> None:
    # One process for all layouts: loading the ICD tables takes longer than writing the trees.
    program = (
        "import sys; from pathlib import Path; from clem_icd.synthetic import synthesize\n"
        "for layout in sys.argv[2:]:\n"
        "    synthesize(Path(sys.argv[1], layout), layout=layout, admissions=200, seed=7, words=100)"
    )
    hash_seed = "0" if os.environ.get("PYTHONHASHSEED") == "12345" else "12345"
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *_LAYOUTS],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"},
    )
    for layout in _LAYOUTS:
        assert digests(tmp_path / layout) == digests(make_tree(layout))


def test_another_seed_gives_other_notes(tree: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "other", admissions=20, seed=8, words=100)
    texts = {row["text"] for row in _rows(tree, _NOTES)}
    assert not any(row["text"] in texts for row in _rows(tmp_path / "other", _NOTES) if row["text"])


def test_fewer_admissions_are_a_prefix_of_more(tree: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "fewer", admissions=30, seed=7, words=100)
    few = _rows(tmp_path / "fewer", _NOTES)
    assert few == _rows(tree, _NOTES)[: len(few)]
    spans = pq.read_table(tmp_path / "fewer" / "evidence.parquet").to_pylist()
    assert spans == pq.read_table(tree / "evidence.parquet").to_pylist()[: len(spans)]


def test_fewer_admissions_have_the_same_notes_in_mimic3(
    make_tree: MakeTree, tmp_path: Path, rows_of: Rows
) -> None:
    synthesize(tmp_path / "fewer", layout="mimic3", admissions=30, seed=7, words=100)
    notes = {row["ROW_ID"]: row for row in rows_of(make_tree("mimic3") / _NOTES3)}
    few = rows_of(tmp_path / "fewer" / _NOTES3)
    assert len(few) > 60
    assert all(notes[row["ROW_ID"]] == row for row in few)


def test_summary_and_progress_match_the_files(tmp_path: Path) -> None:
    steps: list[int] = []
    summary = synthesize(tmp_path / "raw", admissions=70, seed=1, words=120, progress=steps.append)
    assert sum(steps) == summary.admissions == 70
    coded = _coded(tmp_path / "raw")
    notes = _rows(tmp_path / "raw", _NOTES)
    assert summary.codes == sum(map(len, coded.values()))
    assert summary.distinct_codes == len(set().union(*coded.values()))
    assert summary.evidence == pq.read_metadata(tmp_path / "raw" / "evidence.parquet").num_rows
    assert summary.notes == len(notes)
    coders = _rows(tmp_path / "raw", f"{_HOSP}/diagnoses_icd.csv.gz")
    assert summary.subjects == len({row["subject_id"] for row in (*notes, *coders)})


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_gzip_headers_hold_no_name_and_no_time(make_tree: MakeTree, layout: str) -> None:
    for path in make_tree(layout).rglob("*.gz"):
        flags, *time = path.read_bytes()[3:8]
        assert flags == 0
        assert time == [0, 0, 0, 0]


def test_an_occupied_folder_is_left_alone(tree: Path, digests: Digests) -> None:
    before = digests(tree)
    with pytest.raises(OutputError, match="already exists"):
        synthesize(tree, admissions=1, seed=1)
    assert digests(tree) == before


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path / "raw", admissions=60, seed=1, words=120, progress=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layout": "mimic5"}, "unknown layout 'mimic5'. Choose one of mdace, mimic3, mimic4"),
        ({"admissions": 0}, "0 admissions requested. Request 1 to 5,000,000 admissions"),
        ({"other_notes": 1.0}, "the layout mimic4 has only discharge summaries"),
        ({"layout": "mimic3", "other_notes": -1.0}, "-1 other notes per admission requested"),
        ({"layout": "mdace", "other_notes": math.nan}, "nan other notes per admission requested"),
        ({"words": 3}, "discharge summaries of 3 words requested. Request 60 to 20,000 words"),
    ],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"layout": "mimic4", "admissions": 1, "seed": 1, "words": 120} | changed
    with pytest.raises(InputError, match=message):
        synthesize(tmp_path / "raw", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "raw").exists()
