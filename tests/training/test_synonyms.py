"""A user's file of synonyms is read exactly or refused with its row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.training.synonyms import Synonyms, read_synonyms

HYPERTENSION, DIABETES = Code("I10", CodeSystem.ICD10CM), Code("E11.9", CodeSystem.ICD10CM)
SHOCK = Code("00.66", CodeSystem.ICD9PCS)
CODES = (HYPERTENSION, DIABETES)

ROWS = [
    {"code": "E119", "synonym": "NIDDM"},
    {"code": "I10", "synonym": "high  blood pressure "},
    {"code": "E11.9", "synonym": "sugar disease"},
    {"code": "E11.9", "synonym": "NIDDM"},
    {"code": "A41.9", "synonym": "septicemia"},
]
READ = Synonyms({HYPERTENSION: ("high blood pressure",), DIABETES: ("NIDDM", "sugar disease")}, 1)


def written(folder: Path, text: str, name: str = "synonyms.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_and_jsonl_give_the_synonyms_of_the_label_space(tmp_path: Path) -> None:
    lines = ["code,synonym", *(f"{row['code']},{row['synonym']}" for row in ROWS)]
    assert read_synonyms(written(tmp_path, "\n".join(lines)), CODES) == READ
    lines = [json.dumps(row) for row in ROWS]
    assert read_synonyms(written(tmp_path, "\n".join(lines), "synonyms.jsonl"), CODES) == READ


def test_a_column_of_systems_decides_whose_code_it_is(tmp_path: Path) -> None:
    path = written(
        tmp_path, "code,system,synonym\n0066,icd9pcs,PTCA\nI10,ICD-10-CM,HTN\nI10,icd10,Hypertonie"
    )
    found = read_synonyms(path, [HYPERTENSION, SHOCK])
    assert found == Synonyms({HYPERTENSION: ("HTN",), SHOCK: ("PTCA",)}, 1)


@pytest.mark.parametrize(
    ("rows", "codes", "words"),
    [
        (["I10,HTN", "high,HTN"], CODES, "row 2: .*does not have the shape"),
        (["I10,HTN", "I10, "], CODES, "row 2: has a synonym that is empty"),
        (["I10,HTN", "E11.9"], CODES, "row 2"),
        (["A41.9,septicemia"], CODES, "has synonyms for 1 codes, none of which is in the corpus"),
        (["I10,HTN"], (*CODES, SHOCK), "row 1: has a code without a system.*column system"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, rows: list[str], codes: Sequence[Code], words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        read_synonyms(written(tmp_path, "\n".join(["code,synonym", *rows])), codes)
    assert "synonyms.csv" in str(refused.value)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"code": "I10", "synonym": ["HTN"]}, "row 1: has a synonym as list, expected text"),
        ({"code": 401.9, "synonym": "HTN"}, "row 1: has a code as float"),
        ({"code": "I10", "system": "icd11", "synonym": "HTN"}, "row 1: 'icd11' is not a code system"),
        ({"code": "I10", "synonym": "\ud800"}, "row 1: has a synonym that contains half of a surrogate"),
        ({"code": "I10"}, "row 1: .*synonym"),
    ],
)
def test_a_record_of_another_type_is_refused(tmp_path: Path, record: dict[str, object], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_synonyms(written(tmp_path, json.dumps(record), "synonyms.jsonl"), CODES)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_synonyms(tmp_path / "none.csv", CODES)
