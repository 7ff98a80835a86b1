"""clem prepare table and clem describe: what is odd about a table is said, on the screen and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Clem = Callable[..., Any]

TABLE = "note_id,text,codes,part\n1,Fall.,W21.89A,train\n2,<html><p>HTN</p></html>,I10,train\n"
WARNING = "1 label does not exist in ICD-10-CM: W21.89A (may be W21.89XA (placeholder X missing))"
NOTICE = "1 note was converted from HTML; offsets refer to the converted text"


@pytest.fixture
def prepare(tmp_path: Path, clem: Clem) -> Clem:
    def run(*options: object, table: str = TABLE) -> Any:
        (tmp_path / "t.csv").write_text(table, encoding="utf-8")
        out = ("--out", tmp_path / "corpus", "--system", "icd10cm", "--split", "part", "--force")
        return clem("prepare", "table", "--raw", tmp_path / "t.csv", *out, *options)

    return run


def test_warnings_and_notices_are_shown_by_both_verbs(tmp_path: Path, clem: Clem, prepare: Clem) -> None:
    prepared = prepare()
    assert prepared.code == 0
    assert f"Warning: {WARNING}\n" in prepared.out
    assert f"Notice: {NOTICE}\n" in prepared.out

    described = clem("describe", tmp_path / "corpus", "--notices")
    assert f"Warning: {WARNING}\n" in described.out
    assert NOTICE in described.out


def test_json_holds_warnings_notices_and_unknown_codes(tmp_path: Path, clem: Clem, prepare: Clem) -> None:
    found = prepare("--json").json
    assert (found["warnings"], found["notices"]) == ([WARNING], [NOTICE])
    assert found["unknown_codes"][0]["labels"] == 1
    assert clem("describe", tmp_path / "corpus", "--json").json["warnings"] == [WARNING]


def test_unknown_codes_are_dropped_on_request(prepare: Clem) -> None:
    found = prepare("--unknown-codes", "drop", "--json").json
    assert found["warnings"] == []
    assert "1 code does not exist in its system and was dropped: W21.89A" in found["notices"]


def test_rows_are_merged_and_columns_found_by_pattern(prepare: Clem) -> None:
    table = "note_id,text,dx1,dx2,part\n1,a,I10,,train\n2,b,I10,,train\n1,a,E11.9,J18.9,train\n"
    found = prepare("--merge-rows", "--codes", "dx*", "--json", table=table).json
    assert (found["counts"]["notes"], found["counts"]["labels"]) == ({"train": 2}, 3)


def test_named_delimiter_is_obeyed(prepare: Clem) -> None:
    table = "note_id,text,codes,part\n1,a,I10/E11.9,train\n"
    assert prepare("--delimiter", "/", "--json", table=table).json["counts"]["labels"] == 2
