from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.errors import SourceError
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.delimited import delimiter_of, read_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8), st.booleans())
def test_rows_of_a_csv_writer_are_read_back(
    tmp_path: Path, rows: list[tuple[str, str]], compressed: bool
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("one", "two"), *rows])
    path = tmp_path / ("table.csv.gz" if compressed else "table.csv")
    data = buffer.getvalue().encode()
    path.write_bytes(gzip.compress(data) if compressed else data)

    assert list(read_rows(path, ["two", "one"])) == [
        (number, [two, one]) for number, (one, two) in enumerate(rows, start=1)
    ]


def test_byte_order_mark_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n")

    assert list(read_rows(path, ["a"])) == [(1, ["1"]), (2, ["3"])]


def test_named_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("a,b\n1,µg\n".encode("cp1252"))

    assert list(read_rows(path, ["b"], encoding="cp1252")) == [(1, ["µg"])]


def test_longest_allowed_field_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n" + "x" * 1_000_000 + "\n", encoding="utf-8")

    [(_, [value])] = read_rows(path, ["a"])
    assert len(value) == 1_000_000


@pytest.mark.parametrize("header", ["a,b", "A,B", " A ,b", "b,A,a"])
def test_column_is_found_in_another_case_unless_its_exact_name_is_there(tmp_path: Path, header: str) -> None:
    path = tmp_path / "table.csv"
    values = ["1" if name.strip() == ("a" if "a" in header else "A") else "0" for name in header.split(",")]
    path.write_text(f"{header}\n{','.join(values)}\n", encoding="utf-8")

    assert list(read_rows(path, ["a"])) == [(1, ["1"])]


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["is empty"]),
        (b"a,a\n1,2\n", ["two columns 'a'"]),
        (b"as,c\n1,2\n", ["no column 'a'", "as, c", "Did you mean 'as'?"]),
        (b"A,A ,c\n1,2,3\n", ["no column 'a'"]),
        (b"17,SECRETPATIENT\n18,x\n", ["no column 'a'", "Add a header to the file"]),
        (b"SECRETPATIENT fell, SECRETPATIENT fell\n" * 2, ["Add a header to the file"]),
        (b'"a 1, SECRETPATIENT","a 1, SECRETPATIENT"\n', ["Add a header to the file"]),
        (b"a,b\n1,2\n1,2,SECRETPATIENT\n", ["row 2", "3 fields, expected 2"]),
        (b'a,b\n1,2\n3,"SECRETPATIENT\n5,6\n', ["row 2", "closing quotation mark"]),
        (b'a,b\n1,"SECRETPATIENT\n2,"SECRETPATIENT"\n', ["row 1", "has text after a closing quotation mark"]),
        (b"a,b\n1,2\nSECRETPATIENT \xb5g,4\n", ["row 2", "not utf-8 text"]),
        (b"a,b\nSECRETPATIENT\0,4\n", ["row 1", "NUL"]),
        (b"a,b\n1,2\n" + b"x" * 1_000_001 + b",4\n", ["row 2", "1,000,000 characters"]),
    ],
    ids=[
        "empty",
        "twice",
        "misnamed",
        "two in another case",
        "no header",
        "a sentence",
        "a sentence twice",
        "ragged",
        "unclosed",
        "swallowed",
        "bytes",
        "nul",
        "long",
    ],
)
def test_malformed_files_are_refused(
    tmp_path: Path, refused: Any, content: bytes, fragments: list[str]
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with refused(SourceError, "table.csv", *fragments):
        list(read_rows(path, ["a"]))


def test_truncated_gzip_is_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"SECRETPATIENT\n" * 5000, mtime=0)[:-12])

    with refused(SourceError, "table.csv.gz", "truncated", "after row"):
        list(read_rows(path, ["a"]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv.gz", b"a,b\n1,2\n"),
        ("zipped.csv", gzip.compress(b"a,b\n1,2\n", mtime=0)),
        ("utf16.csv", "a,b\n1,2\n".encode("utf-16")),
        ("utf16 without its mark.csv", "a,b\n1,2\n".encode("utf-16-le")),
        ("excel.csv", b"sep=,\r\na,b\r\n1,2\r\n"),
        ("capitals and blanks.csv", b" A ,\xe2\x80\x8bB\n1,2\n"),
        ("old mac.csv", b"a,b\r1,2\r"),
        ("unnamed columns.csv", b"a,,b,\n1,,2,\n"),
    ],
)
def test_content_of_a_file_decides_how_it_is_read(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert list(read_rows(path, ["a", "b"])) == [(1, ["1", "2"])]
    [(first, batch)] = read_batches(path, ["a", "b"])
    assert (first, batch.to_pylist()) == (1, [{"a": "1", "b": "2"}])


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"PK\x03\x04 xl/workbook.xml", "Excel workbook"), (b"%PDF-1.4", "PDF"), (b"\x80\x04\x95", "pickle")],
)
def test_file_in_another_format_is_refused_by_name(
    tmp_path: Path, refused: Any, content: bytes, name: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with refused(SourceError, "table.csv", name):
        list(read_rows(path, ["a"]))


def test_encoding_that_is_not_the_file_s_is_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n\u00b5g\n", encoding="utf-8")

    with refused(SourceError, "is UTF-8 text, not cp1252"):
        list(read_rows(path, ["a"], encoding="cp1252"))


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_delimiter_is_the_one_that_separates_the_columns(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"id{mark}text{mark}codes\n1{mark}a{mark}b\n", encoding="utf-8")

    assert delimiter_of(path, ["id", "text"]) == mark


def test_missing_file_and_unknown_encoding_are_refused(tmp_path: Path, refused: Any) -> None:
    with refused(SourceError, "absent.csv", "no such file"):
        list(read_rows(tmp_path / "absent.csv", ["a"]))
    path = tmp_path / "table.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    with refused(SourceError, "'utf-9'", "not a known encoding"):
        list(read_rows(path, ["a"], encoding="utf-9"))
