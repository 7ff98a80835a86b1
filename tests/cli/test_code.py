"""clem code: many notes, of which some cannot be read."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

CANARY = "SECRETPATIENT"
NOTES = {"n1": "Admitted with pneumonia.", "n2": "Known hypertension.\nNo fever.", "n3": "<p>Home.</p>"}

BAD = {
    "empty.txt": (b" \n", "is empty"),
    "binary.txt": (f"{CANARY}\0".encode(), "NUL characters"),
    "scan.txt": (b"%PDF-1.7 " + CANARY.encode(), "is a PDF document"),
    "table.txt": (
        f"id,text\n1,{CANARY}\n".encode(),
        "is a table, expected the text of a note. Name it with --table.",
    ),
    "latin.txt": (
        f"caf\u00e9 {CANARY}".encode("cp1252"),
        "name its encoding with --encoding, for example cp1252",
    ),
    "blob.txt": (b"[B@27308eb0", "is a placeholder"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    (path / "deep").mkdir(parents=True)
    (path / "b.txt").write_text(NOTES["n1"])
    (path / "deep" / "a.TXT").write_text(NOTES["n2"])
    return path


def add_bad(folder: Path) -> None:
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)


def write_table(path: Path) -> Path:
    rows = pl.DataFrame({"note_id": list(NOTES), "text": list(NOTES.values())})
    match path.suffix:
        case ".parquet":
            rows.write_parquet(path)
        case ".jsonl":
            rows.write_ndjson(path)
        case _:
            rows.write_csv(path)
    return path


def suggestions(note: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(one["code"], pytest.approx(one["probability"], abs=1e-6)) for one in note["suggestions"]]


def test_bad_notes_are_named_and_the_others_coded(
    journey: Any, folder: Path, clem: Callable[..., Any]
) -> None:
    add_bad(folder)

    found = clem("code", journey.model, folder, "--json", "--quiet")

    assert found.code == 3
    assert [note["note"] for note in found.json["notes"]] == [
        str(folder / "b.txt"),
        str(folder / "deep" / "a.TXT"),
    ]
    lines = found.err.splitlines()
    assert len(lines) == len(BAD) == len(found.json["failed"])
    for name, (_, reason) in BAD.items():
        [line] = [line for line in lines if str(folder / name) in line]
        assert reason in line
        assert {"note": str(folder / name), "problem": line.removeprefix("clem: ")} in found.json["failed"]
    assert CANARY not in found.out + found.err


def test_bad_notes_are_named_beside_the_tables_of_the_others(
    journey: Any, folder: Path, clem: Callable[..., Any]
) -> None:
    add_bad(folder)

    found = clem("code", journey.model, folder)

    assert found.code == 3
    assert "The coder decides." in found.out
    assert found.out.count("b.txt") == 1
    assert all(reason in found.err for _, reason in BAD.values())


def test_only_bad_notes_are_refused_with_the_first_reasons(
    journey: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    add_bad(tmp_path)
    line = refused("code", journey.model, tmp_path, says=["none of 6 notes", "binary.txt", "empty.txt"])
    assert "table.txt" not in line


def test_json_has_the_documented_keys(journey: Any, folder: Path, clem: Callable[..., Any]) -> None:
    (folder / "c.txt").write_text("<p>Caf\u00c3\u00a9: no pain</p>", encoding="utf-8")

    found = clem("code", journey.model, folder, "--json")

    assert found.code == 0
    assert found.json.keys() == {"threshold", "decided", "notes", "failed"}
    assert found.json["failed"] == []
    plain, converted, _ = found.json["notes"]
    assert plain.keys() == {"note", "wrappings", "remarks", "tokens", "tokens_read", "suggestions"}
    assert (plain["wrappings"], plain["remarks"]) == ([], [])
    assert converted["wrappings"] == ["HTML"]
    assert len(converted["remarks"]) == 1
    assert f"{folder / 'c.txt'} was converted from HTML; offsets refer to the converted text" in found.err
    assert f"{folder / 'c.txt'} has characters that were decoded twice" in found.err


def test_a_converted_note_gets_the_codes_of_its_text(journey: Any, clem: Callable[..., Any]) -> None:
    text = NOTES["n2"]
    encoded = base64.b64encode(text.encode("utf-16"))
    [plain] = clem("code", journey.model, "--json", stdin=text).json["notes"]
    [converted] = clem("code", journey.model, "--json", stdin=encoded).json["notes"]

    assert converted["wrappings"] == ["base64", "UTF-16"]
    assert suggestions(converted) == suggestions(plain)


def test_files_that_are_left_out_of_a_folder_are_counted(
    journey: Any, folder: Path, clem: Callable[..., Any]
) -> None:
    for name in ("x.pdf", "y.pdf", "z", ".DS_Store", "._b.txt", "Thumbs.db"):
        (folder / name).write_bytes(b"x")

    found = clem("code", journey.model, folder, "--json")

    assert found.code == 0
    assert len(found.json["notes"]) == 2
    assert f"{folder}: only *.txt are read; left out: 2 .pdf, 1 without a suffix" in found.err


@pytest.mark.parametrize("name", ["notes.csv", "notes.jsonl", "notes.parquet"])
def test_every_record_of_a_table_is_coded_as_its_text(
    journey: Any, tmp_path: Path, clem: Callable[..., Any], name: str
) -> None:
    found = clem("code", journey.model, "--table", write_table(tmp_path / name), "--json")

    assert found.code == 0
    notes = {note["note"]: note for note in found.json["notes"]}
    assert list(notes) == list(NOTES)
    assert notes["n3"]["wrappings"] == ["HTML"]
    [alone] = clem("code", journey.model, "--json", stdin=NOTES["n1"]).json["notes"]
    assert suggestions(notes["n1"]) == suggestions(alone)


def test_bad_records_of_a_table_are_named_by_row(
    journey: Any, tmp_path: Path, clem: Callable[..., Any]
) -> None:
    path = tmp_path / "notes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("id", "body"), ("1", NOTES["n1"]), ("2", f"{{\\rtf1 {CANARY}}}"), ("3", ""), ("4", NOTES["n2"])]
        )

    found = clem(
        "code", journey.model, "--table", path, "--note-id", "id", "--text", "body", "--json", "--quiet"
    )

    assert found.code == 3
    assert [note["note"] for note in found.json["notes"]] == ["1", "4"]
    assert [failed["note"] for failed in found.json["failed"]] == ["2", "3"]
    rtf, empty = found.err.splitlines()
    assert f"{path}, row 2: is an RTF document" in rtf
    assert f"{path}, row 3: the note is empty" in empty
    assert CANARY not in found.out + found.err


def test_wrapped_notes_can_be_kept_or_refused(
    journey: Any, tmp_path: Path, clem: Callable[..., Any], refused: Callable[..., str]
) -> None:
    note = tmp_path / "note.txt"
    note.write_text(f"<p>No fever. {CANARY}</p>")

    kept = clem("code", journey.model, note, "--wrapped", "keep", "--json")

    assert kept.code == 0
    assert f"{note} looks like HTML, and was coded as it is" in kept.err
    assert kept.json["notes"][0]["wrappings"] == ["HTML"]
    refused("code", journey.model, note, "--wrapped", "refuse", says=[str(note), "is HTML", "plain text"])
    table = write_table(tmp_path / "notes.csv")
    some = clem("code", journey.model, "--table", table, "--wrapped", "refuse", "--json")
    assert (some.code, [failed["note"] for failed in some.json["failed"]]) == (3, ["n3"])


def test_an_encoding_can_be_named(
    journey: Any, tmp_path: Path, clem: Callable[..., Any], refused: Callable[..., str]
) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes("\u00dcbelkeit bei Pneumonie".encode("cp1252"))
    refused("code", journey.model, note, says=["is not UTF-8", "with --encoding, for example cp1252"])
    assert clem("code", journey.model, note, "--encoding", "cp1252", "--json").code == 0
    table = tmp_path / "notes.csv"
    table.write_bytes("note_id,text\n1,\u00dcbelkeit\n".encode("cp1252"))
    assert clem("code", journey.model, "--table", table, "--encoding", "cp1252", "--json").code == 0
    refused("code", journey.model, note, "--encoding", "no-such", says=["'no-such'", "not a known encoding"])


def test_files_beside_a_table_and_options_of_a_table_without_one_are_refused(
    journey: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    table = write_table(tmp_path / "notes.csv")
    note = tmp_path / "note.txt"
    note.write_text(NOTES["n1"])
    refused("code", journey.model, note, "--table", table, says=["files and a table", "Leave out"])
    refused("code", journey.model, note, "--text", "body", says=["--text needs --table"])
    refused("code", journey.model, note, "--note-id", "id", says=["--note-id needs --table"])


def test_a_malformed_table_is_refused_before_anything_is_coded(
    journey: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    path = tmp_path / "notes.jsonl"
    good = json.dumps({"note_id": "n1", "text": NOTES["n1"]})
    code = ("code", journey.model, "--table", path)
    path.write_text(f'{good}\n{{"note_id": "n2", "text": "{CANARY}\n')
    refused(*code, says=[str(path), "row 2"])
    path.write_text(f'{good}\n{{"note_id": 2.5, "text": "{CANARY}"}}\n')
    refused(*code, says=[f"{path}, row 2", "'note_id'", "expected an id"])
    path.write_text(f"{good}\n")
    refused(*code, "--text", "body", says=[str(path), "'body'"])
    refused("code", journey.model, "--table", tmp_path / "absent.csv", says=["absent.csv"])


def test_a_note_in_place_of_a_file_is_refused_without_its_text(
    journey: Any, clem: Callable[..., Any], refused: Callable[..., str]
) -> None:
    text = f"Admitted with pneumonia. {CANARY}. " * 200
    line = refused("code", journey.model, text, says=[f"got a text of {len(text):,} characters"])
    assert CANARY not in line
    found = clem("code", journey.model, text, "--debug")
    assert CANARY not in found.out + found.err


def test_repeated_headers_of_a_table_are_left_out_and_counted(
    journey: Any, tmp_path: Path, clem: Callable[..., Any]
) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("note_id,text\n1,No fever.\nnote_id,text\n2,No pain.\n")

    found = clem("code", journey.model, "--table", path, "--json")

    assert [note["note"] for note in found.json["notes"]] == ["1", "2"]
    assert f"{path}: 1 record repeats the header and was left out" in found.err


def test_an_id_that_is_not_unicode_is_refused(
    journey: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps({"note_id": "\ud83d", "text": CANARY}))
    refused("code", journey.model, "--table", path, says=[f"{path}, row 1", "half of a surrogate pair"])


def test_remedies_name_only_options_that_help(
    journey: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    inner = {"note_id": "1", "codes": "I10", "text": f"id,text\n1,{CANARY}\n"}
    table = tmp_path / "notes.jsonl"
    table.write_text(json.dumps(inner))

    for verb in (
        ("code", journey.model, "--table"),
        ("prepare", "table", "--system", "icd10cm", "--out", tmp_path / "x", "--raw"),
    ):
        line = refused(*verb, table, says=["a table, expected the text of a note"])
        assert "--table" not in line
