from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import ClemError, ScoresError, SourceError
from clem_icd.tabular import read_spans

SPAN: dict[str, Any] = {"note_id": "n1", "code": "E119", "system": "ICD-10-CM", "begin": 3, "end": 8}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    pl.DataFrame(list(rows)).write_parquet(path)
    return path


def test_spans_keep_file_order_and_get_normal_codes(tmp_path: Path) -> None:
    second = SPAN | {"note_id": "n0", "code": "4019", "system": "icd9cm", "begin": 0}
    path = write(
        tmp_path / "e.parquet", SPAN | {"weight": 0.5}, second | {"weight": None}, SPAN | {"weight": 1}
    )

    spans = read_spans(path, SourceError, "remedy")

    assert spans.columns == ["note_id", "code", "system", "begin", "end"]
    assert spans.rows() == [
        ("n1", "E11.9", "icd10cm", 3, 8),
        ("n0", "401.9", "icd9cm", 0, 8),
        ("n1", "E11.9", "icd10cm", 3, 8),
    ]


def test_file_without_spans_gives_an_empty_frame(tmp_path: Path) -> None:
    pl.DataFrame([SPAN]).clear().write_parquet(tmp_path / "e.parquet")

    assert read_spans(tmp_path / "e.parquet", SourceError, "remedy").is_empty()


@pytest.mark.parametrize("error", [SourceError, ScoresError])
@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        ({"begin": 8}, ["row 2", "8:8", "Do this"]),
        ({"begin": -1}, ["row 2", "-1:8", "Do this"]),
        ({"end": None}, ["row 2", "empty value", "Do this"]),
        ({"code": None}, ["row 2", "empty value", "Do this"]),
        ({"system": "snomed"}, ["row 2", "'snomed' is not a code system", "Use one of icd9cm"]),
    ],
)
def test_a_malformed_row_is_named(
    tmp_path: Path, refused: Any, error: type[ClemError], change: dict[str, Any], fragments: list[str]
) -> None:
    path = write(tmp_path / "e.parquet", SPAN, SPAN | change, SPAN | change)

    with refused(error, "e.parquet", *fragments):
        read_spans(path, error, "Do this")


@pytest.mark.parametrize(
    ("row", "fragments"),
    [
        (
            {key: value for key, value in SPAN.items() if key != "system"},
            ["no column 'system'; it has note_id, code, begin, end"],
        ),
        (SPAN | {"begin": 3.0}, ["'begin' as Float64, expected an integer"]),
        (SPAN | {"code": 401}, ["'code' as Int64, expected text"]),
    ],
)
def test_a_malformed_column_is_named(
    tmp_path: Path, refused: Any, row: dict[str, Any], fragments: list[str]
) -> None:
    path = write(tmp_path / "e.parquet", row)

    with refused(ScoresError, "e.parquet", "Do this", *fragments):
        read_spans(path, ScoresError, "Do this")


def test_missing_and_unreadable_files_are_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "e.parquet"
    with refused(SourceError, "e.parquet: there is no such file"):
        read_spans(path, SourceError, "Do this")
    path.mkdir()
    with refused(SourceError, "e.parquet: there is no such file"):
        read_spans(path, SourceError, "Do this")
    path.rmdir()
    path.write_text("note_id,code\n", encoding="utf-8")
    with refused(SourceError, "not readable as parquet"):
        read_spans(path, SourceError, "Do this")
    whole = write(tmp_path / "whole.parquet", SPAN).read_bytes()
    path.write_bytes(whole[:40] + b"\xff" * 40 + whole[80:])
    with refused(SourceError, "e.parquet"):
        read_spans(path, SourceError, "Do this")
