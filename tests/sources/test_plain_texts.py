from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.sources import read_texts, text_files

# What a reader could lose: line ends, quotes, commas, tabs, a combining accent, an astral character.
TEXTS = ['Pain, "sharp"\r\nsince\tnoon', "na\u0308ve \U0001f600", " indented\n"]


def as_jsonl(texts: Sequence[str | None]) -> bytes:
    return "".join(json.dumps({"note_id": "n", "text": text}) + "\n" for text in texts).encode()


def as_delimited(texts: Sequence[str | None], separator: str) -> bytes:
    return pl.DataFrame({"note_id": "n", "text": texts}).write_csv(separator=separator).encode()


def write(path: Path, texts: Sequence[str | None]) -> Path:
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[1]
    if kind == "parquet":
        pl.DataFrame({"note_id": "n", "text": texts}).write_parquet(path)
        return path
    data = as_jsonl(texts) if kind == "jsonl" else as_delimited(texts, "\t" if kind == "tsv" else ",")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def texts_in(path: Path) -> list[str]:
    return [plain.text for plain in read_texts(path)]


NAMES = ["a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_returned_unchanged(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, TEXTS)
    assert texts_in(path) == TEXTS
    assert text_files(path) == [path]


@pytest.mark.parametrize("name", NAMES)
def test_blank_texts_are_left_out(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [None, TEXTS[0], "", " \n\t", TEXTS[1]])
    assert texts_in(path) == TEXTS[:2]


def test_a_folder_is_read_file_by_file_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for name, text in {"b/deep/2.txt": "two \u00e9", "a.txt": "one", "z.txt": " \n", "b/no.md": "no"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert text_files(tmp_path) == [tmp_path / "a.txt", tmp_path / "b/deep/2.txt", tmp_path / "z.txt"]
    assert texts_in(tmp_path) == ["one", "two \u00e9"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"text": "SECRETPATIENT', "is not json"),
        (b'["SECRETPATIENT"]', "expected an object"),
        (b'{"note": "SECRETPATIENT"}', "'text'"),
        (b'{"text": ["SECRETPATIENT"]}', "expected text"),
        (b'{"text": 7, "note": "SECRETPATIENT"}', "expected text"),
        (b'{"text": "SECRETPATIENT \xff"}', "row 2"),
        (b'{"text": "SECRETPATIENT \\ud83d"}', "row 2"),
    ],
)
def test_malformed_record_is_named_by_file_and_row(
    tmp_path: Path, refused: Callable[..., Any], line: bytes, words: str
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(as_jsonl(["fine"]) + line + b"\n")
    with refused(SourceError, f"{path}, row 2", words):
        list(read_texts(path))


def test_value_that_is_not_text_is_named_by_file_and_row(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "notes.parquet"
    pl.DataFrame({"text": [None, 17]}).write_parquet(path)
    with refused(SourceError, f"{path}, row 2", "column 'text' contains int, expected text"):
        list(read_texts(path))


def test_missing_column_is_named_with_the_existing_ones(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("note_id,body\n1,SECRETPATIENT\n")
    with refused(SourceError, str(path), "'text'", "body"):
        list(read_texts(path))


def test_truncated_gzip_is_refused(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = write(tmp_path / "notes.jsonl.gz", [f"SECRETPATIENT {number}" for number in range(5000)])
    path.write_bytes(path.read_bytes()[:-200])
    with refused(SourceError, str(path)):
        list(read_texts(path))


def test_text_file_in_another_encoding_is_refused(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("SECRETPATIENT caf\u00e9".encode("latin-1"))
    with refused(SourceError, str(path), "is not UTF-8"):
        list(read_texts(tmp_path))


def test_missing_path_and_empty_folder_are_refused(tmp_path: Path, refused: Callable[..., Any]) -> None:
    with refused(SourceError, "absent", "no such file or folder"):
        list(read_texts(tmp_path / "absent"))
    (tmp_path / "empty").mkdir()
    with refused(SourceError, "empty", "no *.txt"):
        list(read_texts(tmp_path / "empty"))
    (tmp_path / "notes.docx").write_bytes(b"SECRETPATIENT")
    with refused(SourceError, "notes.docx", "'.docx'"):
        list(read_texts(tmp_path / "notes.docx"))
