"""Malformed raw files: each refused in one line that names the file and never quotes a note."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CANARY = "SECRETPATIENT"
HEADER = ["note_id", "patient", "text", "codes", "split", "evidence"]
COLUMNS = ["--system", "icd10cm", "--subject-id", "patient"]


def rows(count: int = 12) -> list[list[str]]:
    return [
        [f"n{number}", f"p{number}", f"{CANARY} has hypertension", "I10", "train", ""]
        for number in range(count)
    ]


def as_csv(lines: list[list[str]], header: list[str] = HEADER) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header, *lines])
    return file.getvalue().encode()


def changed(row: int, column: str, value: str) -> bytes:
    lines = rows()
    lines[row - 1][HEADER.index(column)] = value
    return as_csv(lines)


def evidence(begin: int, end: int, code: str = "I10") -> str:
    return f'[{{"code": "{code}", "begin": {begin}, "end": {end}}}]'


BROKEN_QUOTE = as_csv(rows()).replace(f"n4,p4,{CANARY}".encode(), f'n4,p4,"{CANARY}"x'.encode())
OPEN_QUOTE = as_csv(rows()).replace(f"n9,p9,{CANARY}".encode(), f'n9,p9,"{CANARY}'.encode())
NO_HEADER = as_csv(rows()[1:], rows()[0])

# The table, further options, and what the line must contain besides the name of the table.
TABLES: dict[str, tuple[bytes, list[str], list[str]]] = {
    "empty": (b"", [], ["empty"]),
    "only a header": (as_csv([]), [], ["no records"]),
    "no header": (NO_HEADER, [], ["no column", "header"]),
    "a column is missing": (as_csv(rows()), ["--codes", "code"], ["'code'", "Did you mean 'codes'"]),
    "a broken quote": (BROKEN_QUOTE, [], ["row 5", "quotation mark"]),
    "an open quote": (OPEN_QUOTE, [], ["quotation"]),
    "a ragged row": (as_csv(rows()) + f"n12,{CANARY}\n".encode(), [], ["row 13", "2 fields, expected 6"]),
    "another encoding": (changed(3, "text", f"{CANARY} caf\u00e9").decode().encode("latin-1"), [], ["row 3"]),
    "an unknown encoding": (as_csv(rows()), ["--encoding", "utf-99"], ["utf-99"]),
    "NUL": (changed(3, "text", f"{CANARY}\0"), [], ["row 3", "NUL"]),
    "an id twice": (changed(3, "note_id", "n0"), [], ["row 3", "unique"]),
    "no id": (changed(3, "note_id", " "), [], ["row 3", "id"]),
    "an empty note": (changed(3, "text", ""), [], ["row 3", "the note is empty"]),
    "a note too long": (changed(3, "text", f"{CANARY} " * 80_000), [], ["row 3", "1,000,000"]),
    "no code": (changed(3, "codes", "banana"), [], ["row 3", "ICD-10-CM", "E11.9"]),
    "a note for a code": (changed(3, "codes", f"{CANARY} has diabetes"), [], ["row 3", "ICD-10-CM"]),
    "a code of another system": (changed(3, "codes", "icd11:I10"), [], ["row 3", "icd9cm"]),
    "a system that does not fit": (as_csv(rows()), ["--system", "icd9pcs"], ["row 1", "I10"]),
    "an unknown split": (changed(3, "split", "dve"), ["--split", "split"], ["row 3", "train"]),
    "offsets out of range": (
        changed(3, "evidence", evidence(5, 999)),
        ["--evidence", "evidence"],
        ["row 3", "5:999", "half-open"],
    ),
    "offsets the wrong way": (
        changed(3, "evidence", evidence(9, 5)),
        ["--evidence", "evidence"],
        ["row 3", "9:5", "half-open"],
    ),
    "evidence for another code": (
        changed(3, "evidence", evidence(0, 5, "E11.9")),
        ["--evidence", "evidence"],
        ["row 3", "E11.9"],
    ),
    "evidence that is not json": (
        changed(3, "evidence", f"{CANARY}["),
        ["--evidence", "evidence"],
        ["row 3", "json"],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_malformed_table_is_refused(tmp_path: Path, refused: Callable[..., str], name: str) -> None:
    content, options, says = TABLES[name]
    path = tmp_path / "notes.csv"
    path.write_bytes(content)
    out = tmp_path / "corpus"
    refused("prepare", "table", "--raw", path, "--out", out, *COLUMNS, *options, says=[str(path), *says])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--system", "icd11"], ["'icd11'", "icd10cm"]),
        (["--validation", "0.6", "--test", "0.6"], ["nothing for training", "less than 1"]),
        (["--titles", "absent.csv"], ["absent.csv", "no such file"]),
    ],
)
def test_options_that_contradict_the_table_are_refused(
    tmp_path: Path, refused: Callable[..., str], options: list[str], says: list[str]
) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(as_csv(rows()))
    refused("prepare", "table", "--raw", path, "--out", tmp_path / "corpus", *COLUMNS, *options, says=says)


def test_a_split_without_notes_is_refused(tmp_path: Path, refused: Callable[..., str]) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(as_csv(rows(1)))
    refused(
        *("prepare", "table", "--raw", path, "--out", tmp_path / "corpus", *COLUMNS),
        *("--validation", 0.3, "--test", 0.3),
        says=["too few", "validation"],
    )


def test_a_missing_file_and_one_that_is_not_a_table_are_refused(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    out = ("--out", tmp_path / "corpus", *COLUMNS)
    (tmp_path / "notes.xlsx").write_bytes(b"PK")
    (tmp_path / "notes.parquet").write_bytes(b"PAR1")
    (tmp_path / "notes.csv.gz").write_bytes(gzip.compress(as_csv(rows()))[:-20])
    for name in ("absent.csv", "notes.xlsx", "notes.parquet", "notes.csv.gz"):
        refused("prepare", "table", "--raw", tmp_path / name, *out, says=[name])


def test_combining_characters_and_emoji_are_accepted(tmp_path: Path, clem: Callable[..., Any]) -> None:
    path = tmp_path / "notes.csv"
    lines = rows()
    lines[0][2] = "re\u0301sume\u0301 \U0001f642 pain"
    lines[0][5] = evidence(10, 16)
    path.write_bytes(as_csv(lines))
    done = clem("prepare", "table", "--raw", path, "--out", tmp_path / "c", *COLUMNS, "--json")
    assert sum(done.json["counts"]["notes"].values()) == 12


def lines_of(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_lines(path: Path, lines: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    path.write_bytes(gzip.compress(file.getvalue().encode()))


def is_missing(path: Path) -> None:
    path.unlink()


def is_misnamed(path: Path) -> None:
    path.rename(path.with_name("discharges.csv.gz"))


def is_cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def lacks_a_column(path: Path) -> None:
    write_lines(path, [line[:-1] for line in lines_of(path)])


def has_a_broken_quote(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) + f'1,2,3,DS,1,,,"{CANARY}\n'.encode()
    path.write_bytes(gzip.compress(content))


def has_another_encoding(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) + f"1,2,3,DS,1,,,{CANARY} caf\u00e9\n".encode("latin-1")
    path.write_bytes(gzip.compress(content))


def has_a_duplicate_id(path: Path) -> None:
    lines = lines_of(path)
    repeated = [*lines[1][:-1], CANARY]
    write_lines(path, [*lines, repeated])


def has_a_ragged_row(path: Path) -> None:
    lines = lines_of(path)
    write_lines(path, [*lines, [*lines[1], CANARY]])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (is_missing, ["no discharge.csv.gz", "Download"]),
        (is_misnamed, ["no discharge.csv.gz", "Download"]),
        (is_cut_short, ["discharge.csv.gz", "Download or export it again"]),
        (lacks_a_column, ["discharge.csv.gz", "'text'"]),
        (has_a_broken_quote, ["discharge.csv.gz", "row {next}", "quotation"]),
        (has_another_encoding, ["discharge.csv.gz", "row {next}", "utf-8"]),
        (has_a_duplicate_id, ["discharge.csv.gz", "row {next}"]),
        (has_a_ragged_row, ["discharge.csv.gz", "row {next}", "9 fields, expected 8"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_malformed_mimic_files_are_refused(
    world: Any, refused: Callable[..., str], damage: Callable[[Path], None], says: list[str]
) -> None:
    row_after_the_last = len(lines_of(world.discharge))  # the header does not count
    damage(world.discharge)
    refused(*world.prepare("--min-count", 5), says=[one.format(next=row_after_the_last) for one in says])


def test_the_wrong_codiesp_folder_is_refused(world: Any, refused: Callable[..., str]) -> None:
    refused("prepare", "codiesp", "--raw", world.raw, "--out", world.root / "new", says=[str(world.raw)])
    refused(
        "prepare", "codiesp", "--raw", world.root / "x", "--out", world.root / "new", says=["no such folder"]
    )
