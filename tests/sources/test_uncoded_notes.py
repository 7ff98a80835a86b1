"""New notes to code: from files, folders and tables, each read or named with its reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.sources import UncodedNote, check_records, notes_in_files, notes_in_table
from clem_icd.texts import PlainText

CANARY = "SECRETPATIENT"


def nothing() -> bytes:
    raise AssertionError("standard input was read")


def texts(notes: Iterator[UncodedNote]) -> list[tuple[str, str | None]]:
    return [(note.name, note.plain.text if note.plain else None) for note in notes]


def problems(notes: Iterator[UncodedNote]) -> list[str]:
    found = [str(note.problem) for note in notes if note.problem]
    assert CANARY not in " ".join(found)
    return found


def test_files_folders_and_standard_input_are_read_in_the_order_named(tmp_path: Path) -> None:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    for name in ("folder/b.txt", "folder/deep/a.TXT", "folder/left.pdf", "folder/._b.txt", "one.note"):
        (tmp_path / name).write_text(f"Text of {name}", encoding="utf-8")
    names = [str(tmp_path / "one.note"), "-", str(tmp_path / "folder")]

    assert texts(notes_in_files(names, lambda: "Übelkeit".encode())) == [
        (str(tmp_path / "one.note"), "Text of one.note"),
        ("-", "Übelkeit"),
        (str(tmp_path / "folder/b.txt"), "Text of folder/b.txt"),
        (str(tmp_path / "folder/deep/a.TXT"), "Text of folder/deep/a.TXT"),
    ]


def test_a_bad_file_does_not_end_the_others(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    contents = {
        "a.txt": b"No fever.",
        "b.txt": f"{CANARY}\0".encode(),
        "c.txt": b"%PDF-1.7 " + CANARY.encode(),
        "d.txt": f"id,text\n1,{CANARY}\n".encode(),
        "e.txt": gzip.compress(b"<p>No pain.</p>"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    names = [str(tmp_path / name) for name in (*contents, "absent.txt", "empty")]

    notes = list(notes_in_files(names, nothing))

    assert [note.plain for note in notes if note.plain] == [
        PlainText("No fever."),
        PlainText("No pain.", ("gzip", "HTML")),
    ]
    words = (
        ("b.txt", "NUL"),
        ("c.txt", "PDF"),
        ("d.txt", "table"),
        ("absent.txt", "no such"),
        ("empty", "no *.txt"),
    )
    for problem, (name, reason) in zip(problems(iter(notes)), words, strict=True):
        assert f"{tmp_path / name}: " in problem
        assert reason in problem


@pytest.mark.parametrize(
    "text",
    [
        f"{CANARY} " * 40,
        "x" * 5000,
        f"{CANARY}\nNo fever.txt",
        f"{CANARY} has pain.",
        f"no pain at all in {CANARY} now.txt",
        f"{CANARY} has\0pain",
        f"{CANARY} \ud83d has pain",
    ],
)
def test_a_text_in_place_of_a_file_name_is_not_quoted(text: str) -> None:
    [note] = notes_in_files([text], nothing)

    assert note.name == "text"
    [problem] = problems(iter([note]))
    assert problem.startswith(f"expected a file name, got a text of {len(text):,} characters.")


def test_an_absent_file_is_named_although_its_name_has_blanks(tmp_path: Path) -> None:
    name = str(tmp_path / "notes of the ward.txt")

    assert problems(notes_in_files([name], nothing))[0].startswith(f"{name}: there is no such file")
    Path(name).write_text("No fever.")
    assert texts(notes_in_files([name], nothing)) == [(name, "No fever.")]


def test_errors_of_failed_notes_keep_no_text_in_memory(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"id,text\n1,{CANARY}\n")
    (tmp_path / "empty").mkdir()
    table = tmp_path / "notes.jsonl"
    table.write_text(json.dumps({"note_id": "1", "text": f"{{\\rtf1 {CANARY}}}"}))
    names = [str(tmp_path / "a.txt"), str(tmp_path / "empty"), "-"]

    for note in [*notes_in_files(names, lambda: CANARY.encode("utf-16")[:-1]), *notes_in_table(table)]:
        assert note.problem is not None
        assert note.problem.__traceback__ is None
        assert note.problem.__context__ is None


def test_encoding_and_wrapped_apply_to_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    content = "<p>Übelkeit</p>".encode("cp1252")
    for name in ("folder/a.txt", "b.txt"):
        (tmp_path / name).write_bytes(content)
    names = [str(tmp_path / "folder"), str(tmp_path / "b.txt"), "-"]

    kept = list(notes_in_files(names, lambda: content, encoding="cp1252", wrapped="keep"))

    assert [note.plain for note in kept] == [PlainText("<p>Übelkeit</p>", ("HTML",))] * 3
    refused = problems(notes_in_files(names, lambda: content, encoding="cp1252", wrapped="refuse"))
    assert [problem.partition(": ")[2][:7] for problem in refused] == ["is HTML"] * 3
    assert refused[2].startswith("standard input: ")
    assert ["not UTF-8" in one for one in problems(notes_in_files(names, lambda: content))] == [True] * 3


ROWS: list[dict[str, Any]] = [
    {"note_id": "007", "text": "No fever."},
    {"note_id": "", "text": "No pain,\nno cough."},
    {"note_id": "n3", "text": "<p>Home.</p>"},
    {"note_id": "n4", "text": " "},
    {"note_id": "n5", "text": f"{{\\rtf1 {CANARY}}}"},
]


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        separator = "\t" if path.suffix == ".tsv" else ","
        path.write_bytes(pl.DataFrame(rows).write_csv(separator=separator).encode())
    return path


@pytest.mark.parametrize("name", ["notes.csv", "notes.tsv", "notes.jsonl", "notes.parquet"])
def test_every_record_of_a_table_is_a_note_or_a_problem_with_its_row(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path / name, ROWS)

    notes = list(notes_in_table(path))

    assert texts(iter(notes)) == [
        ("007", "No fever."),
        ("row 2", "No pain,\nno cough."),
        ("n3", "Home."),
        ("n4", None),
        ("n5", None),
    ]
    assert notes[2].plain == PlainText("Home.", ("HTML",))
    empty, rtf = problems(iter(notes))
    assert f"{path}, row 4: the note is empty" in empty
    assert f"{path}, row 5: is an RTF document" in rtf
    assert check_records(path) == (5, 0)


def test_columns_and_encoding_of_a_table_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes("Report;Befund\n1;<p>Übelkeit</p>\n".encode("cp1252"))
    options: dict[str, Any] = {"note_id": "report", "text": "befund", "encoding": "cp1252"}

    assert check_records(path, **options) == (1, 0)
    assert texts(notes_in_table(path, **options)) == [("1", "Übelkeit")]
    [note] = notes_in_table(path, **options, wrapped="keep")
    assert note.plain == PlainText("<p>Übelkeit</p>", ("HTML",))


def test_records_that_repeat_the_header_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("Note_ID,text,x\n1,No fever.,\nnote_id,Text,x\n2,No pain.,\n")

    assert texts(notes_in_table(path)) == [("1", "No fever."), ("2", "No pain.")]
    assert check_records(path) == (2, 1)


@pytest.mark.parametrize("read", [check_records, lambda path: list(notes_in_table(path))])
def test_an_id_with_half_of_a_surrogate_pair_is_refused(
    tmp_path: Path, refused: Callable[..., Any], read: Callable[[Path], object]
) -> None:
    path = write_table(tmp_path / "notes.jsonl", [{"note_id": "\ud83d", "text": CANARY}])
    with refused(SourceError, f"{path}, row 1", "half of a surrogate pair"):
        read(path)


def test_values_that_are_not_text_are_problems_of_their_records(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"note_id": 1, "text": 7},
        {"note_id": 2, "text": None},
        {"note_id": 3, "text": "\ud83d"},
    ]
    path = write_table(tmp_path / "notes.jsonl", rows)

    number, missing, half = problems(notes_in_table(path))

    assert "row 1: column 'text' contains int, expected text" in number
    assert "row 2: the note is empty" in missing
    assert "row 3: the note contains half of a surrogate pair" in half


@pytest.mark.parametrize("read", [check_records, lambda path: list(notes_in_table(path))])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            '{"note_id": "1", "text": "x"}\n{"note_id": 1.5, "text": "SECRETPATIENT"}\n',
            "row 2: column 'note_id'",
        ),
        ('{"note_id": "1", "text": "x"}\n{"note_id": "SECRETPATIENT', "row 2"),
        ('{"id": "1", "text": "SECRETPATIENT"}\n', "'note_id'"),
    ],
)
def test_a_malformed_table_is_refused_with_its_row(
    tmp_path: Path, refused: Callable[..., Any], read: Callable[[Path], object], content: str, words: str
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(content, encoding="utf-8")
    with refused(SourceError, str(path), words):
        read(path)


def test_a_table_without_records_is_refused(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("note_id,text\n")
    with refused(SourceError, str(path), "has no records"):
        check_records(path)
