from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.synthetic import synthesize
from clem_icd.synthetic.mimic3 import FIRST_ROW

Rows = Callable[[Path], list[dict[str, str]]]
MakeTree = Callable[[str], Path]

_TREE = "physionet.org/files/mimiciii/1.4"
_COLUMNS = {
    "NOTEEVENTS": "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,"
    "TEXT",
    "DIAGNOSES_ICD": "ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE",
    "PROCEDURES_ICD": "ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE",
    "CPTEVENTS": "ROW_ID,SUBJECT_ID,HADM_ID,COSTCENTER,CHARTDATE,CPT_CD,CPT_NUMBER,CPT_SUFFIX,TICKET_ID_SEQ,"
    "SECTIONHEADER,SUBSECTIONHEADER,DESCRIPTION",
    "D_ICD_DIAGNOSES": "ROW_ID,ICD9_CODE,SHORT_TITLE,LONG_TITLE",
    "D_ICD_PROCEDURES": "ROW_ID,ICD9_CODE,SHORT_TITLE,LONG_TITLE",
}
# A field is a bare number, date or hour, or nothing, or quoted.
_FIELD = r'(?:\d+|\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?|"(?:[^"]|"")*")?'


@pytest.fixture(scope="module")
def tree(make_tree: MakeTree) -> Path:
    return make_tree("mimic3") / _TREE


@pytest.mark.parametrize("name", _COLUMNS)
def test_columns_and_quoting_are_official(tree: Path, name: str) -> None:
    with gzip.open(tree / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        content = file.read()
    header, _, body = content.partition("\n")
    columns = _COLUMNS[name].split(",")
    assert header == ",".join(f'"{column}"' for column in columns)
    row = ",".join([_FIELD] * len(columns)) + "\n"
    assert re.fullmatch(f"(?:{row})+", body)


def test_discharge_summaries_match_the_official_format(tree: Path, rows_of: Rows) -> None:
    rows = [row for row in rows_of(tree / "NOTEEVENTS.csv.gz") if row["CATEGORY"] == "Discharge summary"]
    kinds = Counter(row["DESCRIPTION"] for row in rows)
    assert kinds.keys() == {"Report", "Addendum"}
    assert 200 <= kinds["Report"] < 215
    assert 5 < kinds["Addendum"] < 40
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["CHARTDATE"]) for row in rows)
    assert not any(row["CHARTTIME"] for row in rows if row["DESCRIPTION"] == "Report")


def test_other_notes_have_the_official_categories(tree: Path, rows_of: Rows) -> None:
    rows = rows_of(tree / "NOTEEVENTS.csv.gz")
    categories = {row["CATEGORY"] for row in rows}
    assert {"Nursing/other", "Radiology", "Physician ", "Respiratory ", "ECG", "Echo"} <= categories
    timed = [row for row in rows if row["CATEGORY"] in ("Radiology", "Physician ")]
    assert all(row["CHARTTIME"][:10] == row["CHARTDATE"] <= row["STORETIME"][:10] for row in timed)
    assert not any(row["CHARTTIME"] for row in rows if row["CATEGORY"] in ("ECG", "Echo"))


def test_deliberate_mishaps_occur(tree: Path, rows_of: Rows) -> None:
    rows = rows_of(tree / "NOTEEVENTS.csv.gz")
    texts = [row["TEXT"] for row in rows]
    assert any("\r\n" in text for text in texts)
    assert any('"' in text for text in texts)
    assert any(max(map(ord, text), default=0) > 0xFFFF for text in texts)
    assert "" in texts
    assert any(not row["HADM_ID"] and row["CATEGORY"] == "Discharge summary" for row in rows)
    assert any(row["ISERROR"] == "1" for row in rows)
    ids = [int(row["ROW_ID"]) for row in rows]
    assert ids != sorted(ids)
    assert sorted(ids) == list(range(FIRST_ROW, FIRST_ROW + len(ids)))
    codes = [row["ICD9_CODE"] for row in rows_of(tree / "DIAGNOSES_ICD.csv.gz")]
    assert any(code.startswith("0") for code in codes)
    assert any(code.startswith("E") for code in codes)
    assert any(code.startswith("V") for code in codes)
    assert any(code != code.strip() for code in codes)
    assert any("." in code for code in codes)


def test_addenda_occur_before_and_long_after_their_reports(tree: Path, rows_of: Rows) -> None:
    place: dict[str, dict[str, int]] = {}
    for at, row in enumerate(rows_of(tree / "NOTEEVENTS.csv.gz")):
        if row["CATEGORY"] == "Discharge summary" and row["TEXT"]:
            place.setdefault(row["HADM_ID"], {})[row["DESCRIPTION"]] = at
    distances = [found["Addendum"] - found["Report"] for found in place.values() if len(found) == 2]
    assert min(distances) < 0
    assert max(distances) > 30


def test_missing_codes_have_no_sequence_number_and_can_be_the_only_row(tree: Path, rows_of: Rows) -> None:
    coded: dict[str, list[str]] = {}
    for row in rows_of(tree / "DIAGNOSES_ICD.csv.gz"):
        assert bool(row["SEQ_NUM"]) is bool(row["ICD9_CODE"])
        coded.setdefault(row["HADM_ID"], []).append(row["ICD9_CODE"])
    assert [""] in coded.values()
    assert any("" in codes and len(codes) > 1 for codes in coded.values())
    assert any(len(codes) > len(set(codes)) for codes in coded.values())


def test_every_code_is_icd9_and_has_a_title(tree: Path, rows_of: Rows) -> None:
    for name, system in (("DIAGNOSES", CodeSystem.ICD9CM), ("PROCEDURES", CodeSystem.ICD9PCS)):
        titles = {row["ICD9_CODE"]: row for row in rows_of(tree / f"D_ICD_{name}.csv.gz")}
        used = {undot(row["ICD9_CODE"].strip()) for row in rows_of(tree / f"{name}_ICD.csv.gz")} - {""}
        assert used == titles.keys()
        for written, row in titles.items():
            assert undot(Code.parse(written, system).value) == written
            assert row["LONG_TITLE"].startswith(row["SHORT_TITLE"])


def test_zero_other_notes_leaves_only_discharge_summaries(tmp_path: Path, rows_of: Rows) -> None:
    synthesize(tmp_path / "raw", layout="mimic3", admissions=20, seed=1, words=60, other_notes=0)
    rows = rows_of(tmp_path / "raw" / _TREE / "NOTEEVENTS.csv.gz")
    assert {row["CATEGORY"] for row in rows} == {"Discharge summary"}


def test_fields_contain_quotes_and_line_breaks(tree: Path) -> None:
    with gzip.open(tree / "NOTEEVENTS.csv.gz", "rt", encoding="utf-8", newline="") as file:
        content = file.read()
    assert '""' in content
    assert content.count("\n") > 3 * sum(1 for _ in csv.reader(content.splitlines(keepends=True)))
