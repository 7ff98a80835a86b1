from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.mimic.rows import check_note_rows, with_admissions

COLUMNS = {"note_id": "ROW_ID", "subject": "SUBJECT_ID", "admission": "HADM_ID"}
PATH = Path("NOTEEVENTS.csv")


def frame(*rows: tuple[str, str, str]) -> pl.DataFrame:
    notes = pl.DataFrame(rows, dict.fromkeys(COLUMNS, pl.String), orient="row")
    return notes.with_row_index("row", offset=11)


def test_admissions_become_numbers_and_empty_ones_null() -> None:
    rows = with_admissions(frame(("1", "5", "50"), ("2", "6", "")), PATH)

    assert rows["admission"].to_list() == [50, None]
    assert rows.schema["admission"] == pl.Int64


def test_valid_rows_pass() -> None:
    notes = check_note_rows(
        frame(("1", "5", "50"), ("2", "5", "50"), ("3", "6", ""), ("4", "7", "")),
        PATH,
        COLUMNS,
        numbered=True,
    )

    assert notes["admission"].to_list() == [50, 50, None, None]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("", "5", "50"), "has no ROW_ID"),
        (("2", "", "50"), "has no SUBJECT_ID"),
        (("1", "5", "50"), "has the ROW_ID of an earlier row"),
        (("2", "5", "50.0"), "has a hadm_id that is not a whole number"),
        (("2.0", "5", "50"), "has a ROW_ID that is not a whole number"),
        (("2", "x", "50"), "has a SUBJECT_ID that is not a whole number"),
        (("2", "6", "50"), "gives HADM_ID 50 the SUBJECT_ID 6, an earlier row gives it 5"),
    ],
)
def test_malformed_row_is_named(row: tuple[str, str, str], message: str, refused: Any) -> None:
    with refused(SourceError, "NOTEEVENTS.csv, row 12: ", message):
        check_note_rows(frame(("1", "5", "50"), row), PATH, COLUMNS, numbered=True)


def test_only_numbered_ids_must_be_whole_numbers() -> None:
    assert check_note_rows(frame(("1-DS-1", "x", "50")), PATH, COLUMNS, numbered=False).height == 1
