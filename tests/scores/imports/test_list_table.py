"""Tables with all codes of a note in one cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import InputError, ScoresError

CELLS = {"n1": "486;00.66", "n2": "372.3, 250.00", "n3": "", "n4": "['37.23' '486']"}
EXPECTED = {
    ("n1", "486"),
    ("n1", "00.66"),
    ("n2", "372.3"),
    ("n2", "250.00"),
    ("n4", "37.23"),
    ("n4", "486"),
}


def table(path: Path, cells: dict[str, Any], column: str = "codes") -> Path:
    rows = [{"note_id": note, column: codes} for note, codes in cells.items()]
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        case ".parquet":
            pl.DataFrame(rows).write_parquet(path)
        case _:
            path.write_text(pl.DataFrame(rows).write_csv(separator=";"), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_cells_are_divided_as_in_a_table_to_prepare(bring: Any, tmp_path: Path, name: str) -> None:
    found = bring(table(tmp_path / name, CELLS))
    assert (found.findings.format, found.above_zero) == ("lists", EXPECTED)


@pytest.mark.parametrize(
    "codes",
    [
        ["486", "0066"],
        ["icd9cm:486", "icd9pcs:0066"],
        [{"code": "486", "system": "icd9cm"}, {"code": "00.66"}],
        [" 486\u200b", "", "00.66"],
        '```json\n["486", "00.66"]\n```',
        "486:::00.66",
    ],
)
def test_lists_objects_and_prefixes_are_read(bring: Any, tmp_path: Path, codes: Any) -> None:
    found = bring(table(tmp_path / "t.jsonl", {"n1": codes, "n2": None, "n3": [], "n4": "486"}))
    assert found.above_zero == {("n1", "486"), ("n1", "00.66"), ("n4", "486")}


def test_columns_can_be_named(bring: Any, tmp_path: Path) -> None:
    from clem_icd.scores.imports import LongColumns

    path = table(tmp_path / "t.csv", CELLS, "predicted")
    columns = LongColumns(code="predicted")
    assert bring(path, format="lists", columns=columns).above_zero == EXPECTED


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"n1": [486]}, "row 1: has a code that is not text"),
        ({"n1": ["486", None]}, "row 1: has a code that is not text"),
        ({"n1": "37,23"}, "row 1: has a comma in its codes that may divide"),
        ({"n1": "Here are the codes: 486 SECRETPATIENT"}, r"row 1: has a text of \d+ characters, expected"),
        ({"n1": "snomed:486"}, "row 1: 'snomed' is not a code system"),
        ({"n1": 5}, "row 1: has codes as int"),
        ({"n1": {"486": 0.5}}, "row 1: has codes as dict"),
        ({"": "486"}, "row 1: has no note id"),
        ({"n1": "486", " n1": "486"}, "row 2: duplicate note id"),
    ],
)
def test_malformed_list_is_refused(bring: Any, tmp_path: Path, cells: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        bring(table(tmp_path / "t.jsonl", cells))
    assert "SECRETPATIENT" not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        {"codes": "486", "score": 0.2},
        {"codes": [{"code": "486", "system": "icd9cm", "score": 0.2}]},
        {"codes": "486", "probability": 0.2},
        {"scores": [{"label": "486", "score": 1}]},
    ],
)
def test_scores_beside_the_codes_are_refused_and_not_ignored(
    bring: Any, tmp_path: Path, row: dict[str, Any]
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"note_id": "n1", **row}) + "\n", encoding="utf-8")
    with pytest.raises(ScoresError, match=r"score there would be ignored|every listed code would score 1"):
        bring(path)


def test_codes_of_other_systems_are_unknown(bring: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "t.jsonl", CELLS | {"n3": "icd9pcs:486"})
    with pytest.raises(ScoresError, match=r"1 of its codes \(such as '486'\) are not labels"):
        bring(path)


def test_column_names_the_systems_of_codes_or_their_revision(bring: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = "note_id,codes,system\nn1,486;372.3,icd9cm\nn2,0066,ICD-9-CM procedures\nn3,,\nn4,,\n"
    path.write_text(text, encoding="utf-8")
    assert bring(path).above_zero == {("n1", "486"), ("n1", "372.3"), ("n2", "00.66")}
    path.write_text(text.replace("icd9cm", "9"), encoding="utf-8")
    with pytest.raises(ScoresError, match=r"row 1: names revision 9 .* several systems: icd9cm, icd9pcs"):
        bring(path)
    path.write_text(text.replace("icd9cm", "10"), encoding="utf-8")
    with pytest.raises(ScoresError, match=r"row 1: names revision 10 .* no codes"):
        bring(path)


def test_other_encodings_are_read_if_they_are_named(bring: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("note_id,codes\nn1,486\nn\u00e9,486\n".encode("cp1252"))
    with pytest.raises(InputError, match="contains bytes that are not utf-8"):
        bring(path)
    found = bring(path, encoding="cp1252", missing="zero", unknown="drop")
    assert found.above_zero == {("n1", "486")}


def test_ambiguous_parts_are_refused(bring: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1: has a comma in its codes"):
        bring(table(tmp_path / "t.jsonl", {"n1": "486, 37,23"}))
