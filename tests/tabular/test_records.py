"""Records of a table in every format, and what a file is instead of a table."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clem_icd.errors import SourceError
from clem_icd.tabular.records import column_names, kind_of, read_records


def write(path: Path, content: str | bytes | pa.Table) -> Path:
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, *columns: str) -> list[tuple[int, dict[str, Any]]]:
    return list(read_records(path, columns or ("a", "b")))


PARQUET = pa.table({"a": ["1"], "b": ["x"]})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "a,b\n1,x\n"),
        ("t.tsv", "a\tb\n1\tx\n"),
        ("t.txt", "a|b\n1|x\n"),
        ("t.CSV", "a;b\n1;x\n"),
        ("t.xls", "a\tb\n1\tx\n"),
        ("t.csv.GZ", gzip.compress(b"a,b\n1,x\n", mtime=0)),
        ("t.jsonl", '{"a": "1", "b": "x"}\n'),
        ("t.csv", '{"b": "x", "A": "1", "c": 3}\n'),
        ("t.json", '\ufeff{"a": "1", "b": "x"}\n\n'),
        ("t.jsonl", '{"a": "1", "b": "x"}\n'.encode("utf-16")),
        ("t.parquet", PARQUET),
        ("t.csv", PARQUET),
    ],
    ids=str,
)
def test_content_decides_what_a_table_is(tmp_path: Path, name: str, content: Any) -> None:
    path = write(tmp_path / name, content)
    assert read(path) == [(1, {"a": "1", "b": "x"})]
    assert "b" in column_names(path)


def test_values_of_jsonl_and_parquet_keep_their_types(tmp_path: Path) -> None:
    for name, content in (("t.jsonl", '{"a": 1, "b": ["x", null]}'), ("t.parquet", None)):
        path = write(tmp_path / name, content or pa.table({"a": [1], "b": [["x", None]]}))
        assert read(path) == [(1, {"a": 1, "b": ["x", None]})]


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.list_(pa.large_string()),
        pa.list_(pa.string(), 1),
        pa.large_list(pa.string()),
    ],
    ids=str,
)
def test_every_type_of_text_in_parquet_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    value: Any = ["x"] if "list" in str(kind) else "x"
    array = pa.array(["x"]).dictionary_encode() if "dictionary" in str(kind) else pa.array([value], kind)
    path = write(tmp_path / "t.parquet", pa.table({"a": ["1"], "b": array}))
    assert read(path) == [(1, {"a": "1", "b": value})]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("ns"), pa.duration("ns"), pa.timestamp("us"), pa.duration("s")]
)
def test_times_that_python_cannot_hold_are_refused(tmp_path: Path, refused: Any, kind: pa.DataType) -> None:
    value = 1 if "ns" in str(kind) else 2**62
    path = write(
        tmp_path / "t.parquet", pa.table({"a": ["1"], "b": pa.array([value], pa.int64()).cast(kind)})
    )
    with refused(SourceError, "t.parquet", "row 1 or later", "as text"):
        read(path)


HTML = "<table><tr><td>SECRETPATIENT</td></tr></table>"


@pytest.mark.parametrize(
    ("name", "content", "fragments"),
    [
        ("t.csv", HTML, ["HTML or XML", "csv (UTF-8)"]),
        ("t.xls", f"\ufeff\n<html>{HTML}</html>", ["HTML or XML"]),
        ("t.jsonl", f"<!DOCTYPE html>{HTML}", ["HTML or XML"]),
        ("t.csv", f'<?xml version="1.0"?>{HTML}'.encode("utf-16"), ["HTML or XML"]),
        ("t.csv", b"PK\x03\x04 xl/workbook.xml", ["Excel workbook", "Export the sheet as csv"]),
        ("t.csv.zip", b"PK\x03\x04 notes.csv __MACOSX/", ["ZIP archive", "Unpack it"]),
        ("t.parquet", "a,b\n1,x\n", ["'.parquet'"]),
        ("t.docx", "a,b\n1,x\n", ["'.docx'", ".csv"]),
        ("t", "a,b\n1,x\n", ["no suffix"]),
        ("t.jsonl", '[{"a": "SECRETPATIENT"}]', ["one JSON array", "lines=True"]),
        ("t.json", json.dumps({"a": "SECRETPATIENT", "b": 1}, indent=1), ["does not end on its line"]),
        ("t.jsonl", '{"a": 1, "b": 2}\n"SECRETPATIENT"\n', ["row 2", "json str"]),
        ("t.jsonl", '{"a": 1, "b": "SECRETPATIENT", "b": 2}\n', ["row 1", "a key twice"]),
        ("t.jsonl", '{"a": 1, "b": 2}\n{"a": 1}\n', ["row 2", "no column 'b'"]),
        ("t.jsonl", '{"a": 1, "B": 2, "b ": 3}\n', ["row 1", "no column 'b'"]),
        ("t.csv", "a,b,b\n1,2,3\n", ["two columns 'b'"]),
        ("t.csv", ",text,codes\n1,2,3\n", ["no column 'a'", "a column without a name, text, codes"]),
        ("t.csv", "Unnamed: 0,text\n1,2\n", ["no column 'a'", "Unnamed: 0, text"]),
        ("t.csv", "1,SECRETPATIENT has flu\n2,x\n", ["no column", "does not look like column names"]),
        ("t.parquet", pa.table({"A": ["1"], "a ": ["1"], "b": ["x"]}), ["no column 'a'"]),
    ],
    ids=str,
)
def test_what_is_not_a_table_is_refused_with_the_cause(
    tmp_path: Path, refused: Any, name: str, content: Any, fragments: list[str]
) -> None:
    path = write(tmp_path / name, content)
    with refused(SourceError, name, *fragments):
        read(path)


@pytest.mark.parametrize("call", [kind_of, column_names, read])
def test_missing_file_is_refused(tmp_path: Path, refused: Any, call: Callable[[Path], Any]) -> None:
    with refused(SourceError, "absent.csv", "no such file"):
        call(tmp_path / "absent.csv")
