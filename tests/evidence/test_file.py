from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Evidence
from clem_icd.errors import ScoresError
from clem_icd.evidence import read_evidence
from clem_icd.icd import Code, CodeSystem

ROW: dict[str, Any] = {"note_id": "n1", "code": "E119", "system": "ICD-10-CM", "begin": 3, "end": 8}


def written(path: Path, *rows: dict[str, Any]) -> Path:
    pl.DataFrame(list(rows)).write_parquet(path)
    return path


def test_spans_are_read_by_note_in_file_order(tmp_path: Path) -> None:
    second = ROW | {"begin": 0, "end": 2, "code": "0270", "system": "icd10pcs"}
    path = written(tmp_path / "e.parquet", ROW, second, ROW | {"note_id": "n2"})
    diabetes = Code("E11.9", CodeSystem.ICD10CM)
    assert read_evidence(path) == {
        "n1": [Evidence(diabetes, 3, 8), Evidence(Code("0270", CodeSystem.ICD10PCS), 0, 2)],
        "n2": [Evidence(diabetes, 3, 8)],
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"begin": 8}, "row 2.*has a span at 8:8, expected begin < end"),
        ({"begin": -1}, "row 2.*has a span at -1:8, expected begin < end"),
        ({"system": "snomed"}, "row 2.*'snomed' is not a code system"),
        ({"code": None}, "row 2.*has an empty value"),
    ],
)
def test_an_error_names_the_row(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = written(tmp_path / "e.parquet", ROW, ROW | change)
    with pytest.raises(ScoresError, match=says):
        read_evidence(path)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({key: value for key, value in ROW.items() if key != "system"}, "has no column 'system'"),
        (ROW | {"begin": 3.0}, "the column 'begin' as Float64, expected an integer"),
        (ROW | {"code": 401}, "the column 'code' as Int64, expected text"),
    ],
)
def test_an_error_names_the_column(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    path = written(tmp_path / "e.parquet", row)
    with pytest.raises(ScoresError, match=says):
        read_evidence(path)


def test_missing_files_and_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="no such file"):
        read_evidence(tmp_path / "e.parquet")
    (tmp_path / "e.parquet").write_text("note_id,code\n")
    with pytest.raises(ScoresError, match="not readable as parquet"):
        read_evidence(tmp_path / "e.parquet")
