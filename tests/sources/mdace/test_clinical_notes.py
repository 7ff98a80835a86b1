from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.mdace.clinical_notes import ClinicalNote, read_clinical_notes

# In the order of the official file, which is not the order in which they are needed.
COLUMNS = [
    "ROW_ID",
    "SUBJECT_ID",
    "HADM_ID",
    "CHARTDATE",
    "CHARTTIME",
    "STORETIME",
    "CATEGORY",
    "DESCRIPTION",
    "CGID",
    "ISERROR",
    "TEXT",
]


def row(
    note_id: int, subject: object, admission: object, text: str, category: str = "Nursing"
) -> list[object]:
    when = "2101-02-03"
    return [note_id, subject, admission, when, f"{when} 04:05:00", "", category, "Report", 1, "", text]


@pytest.fixture
def write(tmp_path: Path, write_csv: Callable[..., Path]) -> Callable[..., Path]:
    return lambda *rows: write_csv(tmp_path / "NOTEEVENTS.csv.gz", COLUMNS, rows)


def test_only_wanted_notes_are_kept_and_unchanged(write: Callable[..., Path]) -> None:
    text = 'He said "no",\r\nthen\n left \U0001f642'
    path = write(row(1, 5, 50, "SECRETPATIENT"), row(12, 5, "", text, "Physician "), row(2, 6, 60, "x"))
    counts: list[int] = []

    notes = read_clinical_notes(path, {"12", "2", "99"}, counts.append)

    assert list(notes) == ["12", "2"]
    assert notes["12"] == ClinicalNote("12", "5", "", "Physician ", "2101-02-03", "2101-02-03 04:05:00", text)
    assert sum(counts) == 3


@pytest.mark.parametrize(
    ("rows", "fragments"),
    [
        ([row(1, 5, 50, "x"), row(2, 5, 50, "x"), row(1, 5, 50, "x")], ["row 3", "ROW_ID", "earlier row"]),
        ([row(1, "", 50, "SECRETPATIENT")], ["row 1", "no SUBJECT_ID"]),
        ([row(1, 5, "50.0", "SECRETPATIENT")], ["row 1", "not a whole number"]),
        (
            [row(1, 5, 50, "x"), row(9, 5, 50, "x"), row(2, 6, 50, "x")],
            ["row 3", "gives HADM_ID 50 the SUBJECT_ID 6", "an earlier row gives it 5"],
        ),
    ],
)
def test_malformed_wanted_rows_are_refused(
    write: Callable[..., Path], rows: list[list[object]], fragments: list[str], refused: Any
) -> None:
    with refused(SourceError, "NOTEEVENTS.csv.gz", *fragments):
        read_clinical_notes(write(*rows), {"1", "2"})


def test_malformed_unwanted_rows_are_ignored(write: Callable[..., Path]) -> None:
    path = write(row(1, 5, 50, "x"), row(3, "", 50, "x"), row(3, 6, 50, "x"))

    assert list(read_clinical_notes(path, {"1"})) == ["1"]
