"""Exported scores: content and order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from clem_icd.errors import OutputError, ScoresError
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores import Scores, export_scores

LABELS = (
    Code("00.66", CodeSystem.ICD9PCS),
    Code("250.00", CodeSystem.ICD9CM),
    Code("486", CodeSystem.ICD9CM),
)
SCORES = Scores(("a", "b"), LABELS, np.array([[0.1, 0.5, 0.25], [0.5, 0.0, 0.5]], np.float32))


def rows(path: Path) -> list[tuple[str, ...]]:
    read = pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)
    assert read.columns == ["note_id", "code", "system", "score"]
    return read.cast(pl.String).rows()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("at_once", [4_000_000, 3])
def test_long_table_has_every_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, at_once: int
) -> None:
    monkeypatch.setattr("clem_icd.scores.exports._ENTRIES_AT_ONCE", at_once)
    path = tmp_path / f"out{ending}"
    assert export_scores(SCORES, path) == 6
    assert rows(path) == [
        ("a", "00.66", "icd9pcs", "0.1"),
        ("a", "250.00", "icd9cm", "0.5"),
        ("a", "486", "icd9cm", "0.25"),
        ("b", "00.66", "icd9pcs", "0.5"),
        ("b", "250.00", "icd9cm", "0.0"),
        ("b", "486", "icd9cm", "0.5"),
    ]


def test_top_scores_descend_with_ties_in_label_order(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert export_scores(SCORES, path, top=2) == 4
    assert [row[:2] for row in rows(path)] == [("a", "250.00"), ("a", "486"), ("b", "00.66"), ("b", "486")]
    assert export_scores(SCORES, path, top=99, force=True) == 6


def test_scores_without_notes_still_have_a_header(tmp_path: Path) -> None:
    none = Scores((), LABELS, np.zeros((0, 3), np.float32))
    for name in ("out.csv", "out.parquet"):
        assert export_scores(none, tmp_path / name) == 0
        assert rows(tmp_path / name) == []


def test_unsupported_suffixes_and_existing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError, match=r"has the suffix '\.xlsx', expected one of \.csv, \.parquet, \.npz"
    ):
        export_scores(SCORES, tmp_path / "out.xlsx")
    with pytest.raises(ScoresError, match="cannot hold only the 2 highest"):
        export_scores(SCORES, tmp_path / "out.npz", top=2)
    with pytest.raises(ScoresError, match="Request at least one"):
        export_scores(SCORES, tmp_path / "out.csv", top=0)
    (tmp_path / "out.csv").write_text("kept")
    with pytest.raises(OutputError, match="--force"):
        export_scores(SCORES, tmp_path / "out.csv")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]
