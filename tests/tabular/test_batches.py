from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.errors import SourceError
from clem_icd.tabular import batches
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.delimited import read_rows

FIELD = st.text(alphabet=st.sampled_from(list('ab ,"\n\r\té…😀')), max_size=12)

# Among them: half of a character, half of a surrogate pair, NUL written in two bytes, and no UTF-8 at all.
ODD = [b"\0", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xff"]
PIECES = [*(one.encode() for one in 'aab,,""\n\n\ré'), *ODD]


def written(path: Path, rows: list[list[str]], *, line_end: str = "\n") -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text"])
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def rows_of(path: Path) -> list[list[str]]:
    found = []
    expected = 1
    for first, batch in read_batches(path, ["text", "id"]):
        assert first == expected
        expected += batch.num_rows
        found += [[row["id"], row["text"]] for row in batch.to_pylist()]
    return found


def strict_rows_of(path: Path) -> list[list[str]]:
    return [[note, value] for _, (value, note) in read_rows(path, ["text", "id"])]


def outcome(read: Callable[[], list[list[str]]]) -> list[list[str]] | str:
    try:
        return read()
    except SourceError as refusal:
        return str(refusal)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 999).map(str), FIELD), max_size=30),
    line_end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 200),
)
def test_rows_are_read_back_with_any_block_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], line_end: str, block: int
) -> None:
    monkeypatch.setattr(batches, "_BLOCK", block)
    monkeypatch.setattr(batches, "_ROOM", 8)
    expected = [list(row) for row in rows]
    path = written(tmp_path / "notes.csv", expected, line_end=line_end)
    assert rows_of(path) == expected


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=60),
    block=st.integers(1, 40),
)
def test_fast_reader_accepts_and_refuses_what_the_strict_reader_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], block: int
) -> None:
    monkeypatch.setattr(batches, "_BLOCK", block)
    monkeypatch.setattr(batches, "_ROOM", 8)
    path = tmp_path / "notes.csv"
    path.write_bytes(b"id,text\n" + b"".join(pieces))
    assert outcome(lambda: rows_of(path)) == outcome(lambda: strict_rows_of(path))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(PIECES), max_size=6)), max_size=12),
    block=st.integers(1, 40),
)
def test_both_readers_agree_on_rows_with_a_column_that_is_not_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[bool, list[bytes]]], block: int
) -> None:
    monkeypatch.setattr(batches, "_BLOCK", block)
    monkeypatch.setattr(batches, "_ROOM", 8)
    path = tmp_path / "notes.csv"
    lines = [b"id,other,text"]
    for at, (is_quoted, pieces) in enumerate(rows):
        other = b"".join(pieces)
        if is_quoted:
            other = b'"' + other.replace(b'"', b'""') + b'"'
        lines.append(b'%d,%b,"a ""note"""' % (at, other))
    path.write_bytes(b"\n".join(lines))
    assert outcome(lambda: rows_of(path)) == outcome(lambda: strict_rows_of(path))


@pytest.mark.parametrize("other", [*ODD, b'"say ""no"""', b'"two\nlines, \xff and \0"'])
def test_only_requested_columns_must_be_text(tmp_path: Path, other: bytes) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(b"id,other,text\n1," + other + b",a\n2,fine,b\n")
    assert rows_of(path) == strict_rows_of(path) == [["1", "a"], ["2", "b"]]


@pytest.mark.parametrize("other", [b'"no"t', b'"no \\"t\\""', b'"never closed'])
def test_quotation_marks_of_every_column_must_be_right(tmp_path: Path, other: bytes) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(b"id,other,text\n1,fine,a\n2," + other + b",b\n")
    refusal = outcome(lambda: rows_of(path))
    assert "row 2" in refusal
    assert refusal == outcome(lambda: strict_rows_of(path))


@pytest.mark.parametrize("name", ["notes.csv", "notes.csv.gz"])
def test_file_of_many_blocks_is_read_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(batches, "_BLOCK", 1000)
    rows = [[str(at), f'line one, "quoted"\nline {at}\r\nünd ' + "x" * (at % 700)] for at in range(2000)]
    assert rows_of(written(tmp_path / name, rows)) == rows


def test_overlong_field_is_refused_with_its_row(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", [["1", "a"], ["2", "x" * 1_000_001], ["3", "b"]])
    with pytest.raises(SourceError, match=r"row 2: has a field of more than 1,000,000 characters"):
        rows_of(path)


def test_unclosed_quotation_mark_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_LONGEST_ROW", 5000)
    path = tmp_path / "notes.csv"
    path.write_text('id,text\n1,a\n2,"' + "x\n" * 10_000_000)
    with pytest.raises(SourceError, match="row 2"):
        rows_of(path)


def test_truncated_gzip_is_refused_with_its_row(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv.gz", [[str(at), f"text {at * at * at}"] for at in range(5000)])
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(SourceError, match=r"the compressed file is truncated after row \d+"):
        rows_of(path)


def test_bytes_in_another_encoding_are_refused_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(b'id,text\n1,fine\n2,"caf\xe9"\n')
    with pytest.raises(SourceError, match=r"row 2: contains bytes that are not utf-8 text"):
        rows_of(path)


def test_rows_before_a_fault_are_yielded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_BLOCK", 64)
    path = tmp_path / "notes.csv"
    # A quotation mark inside an unquoted field is literal; only the strict reader handles that.
    path.write_text("id,text\n" + "".join(f"{at},row {at}\n" for at in range(50)) + '50,5" tall\n51,x\n')
    found = rows_of(path)
    assert [row[0] for row in found] == [str(at) for at in range(52)]
    assert found[50][1] == '5" tall'


def test_missing_column_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", [["1", "a"]])
    with pytest.raises(SourceError, match=r"has no column 'texts'; it has id, text\. Did you mean 'text'"):
        list(read_batches(path, ["texts"]))


def test_batch_has_the_requested_names_whatever_the_case_of_the_header(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", [["1", "a"]])
    [(_, batch)] = read_batches(path, ["TEXT", "ID"])
    assert batch.to_pylist() == [{"TEXT": "a", "ID": "1"}]


def test_compressed_file_is_recognized_in_upper_case(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv.gz", [["1", "a"]])
    assert rows_of(path.rename(tmp_path / "notes.csv.GZ")) == [["1", "a"]]


def test_file_with_only_a_header_has_no_rows(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path / "codes.csv", [])) == []
