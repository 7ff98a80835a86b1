from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import CorpusError, OutputError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources import prepare_table

CM = CodeSystem.ICD10CM
E119 = Code("E11.9", CM)
I10 = Code("I10", CM)

TEXT = 'T2DM "since 1999",\r\nnai\u0308ve \U0001f600 HTN, SECRETPATIENT'
BEGIN = TEXT.index("HTN")

Write = Callable[[Path, Sequence[dict[str, Any]]], None]


def record(number: int, **changes: Any) -> dict[str, Any]:
    fields = {
        "note_id": f"n{number}",
        "text": f"{TEXT} {number}",
        "codes": ["e119", "I10"],
        "subject": f"s{number // 2}",
        "evidence": [{"code": "I10", "begin": BEGIN, "end": BEGIN + 3}],
    }
    return {**fields, **changes}


def write_json_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in records).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)


def write_delimited(path: Path, records: Sequence[dict[str, Any]]) -> None:
    flat = [
        {**row, "codes": ";".join(row["codes"]), "evidence": json.dumps(row["evidence"])} for row in records
    ]
    data = pl.DataFrame(flat).write_csv(separator="\t" if ".tsv" in path.name else ",").encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_parquet(path: Path, records: Sequence[dict[str, Any]]) -> None:
    pl.DataFrame(records).write_parquet(path)


def notes_by_id(corpus: Corpus) -> dict[str, Note]:
    return {note.note_id: note for split in corpus.splits for note in corpus.notes(split)}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("notes.csv", write_delimited),
        ("notes.csv.gz", write_delimited),
        ("notes.tsv", write_delimited),
        ("notes.jsonl", write_json_lines),
        ("notes.jsonl.gz", write_json_lines),
        ("notes.parquet", write_parquet),
    ],
)
def test_every_format_becomes_the_same_corpus(tmp_path: Path, name: str, write: Write) -> None:
    write(tmp_path / name, [record(number) for number in range(20)])

    corpus = prepare_table(
        tmp_path / name, tmp_path / "out", system=CM, subject_id="subject", evidence="evidence"
    )

    assert notes_by_id(corpus) == {
        f"n{number}": Note(
            f"n{number}",
            f"{TEXT} {number}",
            (E119, I10),
            (Evidence(I10, BEGIN, BEGIN + 3),),
            subject_id=f"s{number // 2}",
        )
        for number in range(20)
    }
    assert corpus.splits == ("train", "validation", "test")
    assert corpus.warnings == ()  # no subject is in two splits
    assert corpus.name == "notes"
    assert corpus.about["inputs"][0]["path"] == name
    assert corpus.about["options"]["subject_id_column"] == "subject"
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "out"]


def test_split_column_decides_the_split(tmp_path: Path) -> None:
    names = ["train", "dev", "Test ", "train"]
    write_json_lines(tmp_path / "t.jsonl", [record(number, split=name) for number, name in enumerate(names)])

    corpus = prepare_table(tmp_path / "t.jsonl", tmp_path / "out", system=CM, split="split")

    assert {split: corpus.note_ids(split) for split in corpus.splits} == {
        "train": ["n0", "n3"],
        "validation": ["n1"],
        "test": ["n2"],
    }
    assert corpus.about["notices"] == []


def test_split_by_note_is_noted(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "t.jsonl", [record(number) for number in range(20)])

    corpus = prepare_table(tmp_path / "t.jsonl", tmp_path / "out", system=CM)

    assert "drawn by note" in corpus.about["notices"][0]
    assert {split: corpus.size(split) for split in corpus.splits} == {"train": 15, "validation": 2, "test": 3}


def test_codes_can_name_their_system(tmp_path: Path) -> None:
    rows = [
        record(0, codes="icd9pcs:0066; icd10cm:E11.9", split="train"),
        record(1, codes=[{"code": "0066", "system": "ICD-9-CM procedures"}], split="train"),
        record(2, codes=[], split="train"),
    ]
    # In one column, parquet and csv could not mix these types.
    write_json_lines(tmp_path / "t.jsonl", rows)

    notes = notes_by_id(prepare_table(tmp_path / "t.jsonl", tmp_path / "out", split="split"))

    assert notes["n0"].codes == (Code("00.66", CodeSystem.ICD9PCS), E119)
    assert notes["n1"].codes == (Code("00.66", CodeSystem.ICD9PCS),)
    assert notes["n2"].codes == ()


def test_system_column_names_the_system(tmp_path: Path) -> None:
    rows = [
        {"note_id": 1, "text": "a", "codes": "I10", "system": "icd10cm", "split": "train"},
        {"note_id": 2, "text": "b", "codes": "4019|25000", "system": "ICD-9-CM", "split": "test"},
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "t.parquet")

    corpus = prepare_table(
        tmp_path / "t.parquet", tmp_path / "out", system_column="system", delimiter="|", split="split"
    )

    nine = CodeSystem.ICD9CM
    assert notes_by_id(corpus)["2"].codes == (Code("401.9", nine), Code("250.00", nine))


def test_encoding_and_titles_of_the_user_are_used(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("note_id,text,codes,split\n1,10 µg,I10,train\n".encode("cp1252"))
    (tmp_path / "titles.csv").write_text("code,title\nI10,Ours\n", encoding="utf-8")

    corpus = prepare_table(
        tmp_path / "t.csv",
        tmp_path / "out",
        system=CM,
        split="split",
        encoding="cp1252",
        titles=tmp_path / "titles.csv",
    )

    assert next(corpus.texts("train")) == "10 µg"
    assert corpus.labels[0].title == "Ours"


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"note_id": "n0"}, ["note id of an earlier record"]),
        ({"note_id": None}, ["no note id"]),
        ({"note_id": 1.5}, ["float", "'note_id'"]),
        ({"text": " \n"}, ["the note is empty"]),
        ({"text": 5}, ["int", "'text'"]),
        ({"text": "SECRETPATIENT" * 100_000}, ["1,300,000 characters", "Split it"]),
        ({"text": TEXT + "\ud800"}, ["half of a surrogate pair"]),
        ({"text": TEXT + "\0"}, ["NUL"]),
        ({"codes": ["SECRETPATIENT has T2DM"]}, ["ICD-10-CM", "E11.9"]),
        ({"codes": ["00.66"]}, ["'00.66'", "ICD-10-CM"]),
        ({"codes": [66]}, ["int", "0066 would become 66"]),
        ({"codes": {"a": 1}}, ["dict", "expected a list"]),
        ({"codes": ["nope:I10"]}, ["'nope'", "icd10cm"]),
        ({"subject": None}, ["no subject"]),
        ({"evidence": "[{"}, ["not json"]),
        ({"evidence": {"code": "I10"}}, ["expected a list"]),
        ({"evidence": [{"code": "I10", "begin": "1", "end": 2}]}, ["malformed evidence"]),
        ({"evidence": [{"code": "I10", "begin": 1, "end": 1}]}, ["1:1"]),
        ({"evidence": [{"code": "I10", "begin": 1, "end": 500}]}, ["1:500"]),
        ({"evidence": [{"code": "I11", "begin": 1, "end": 2}]}, ["I11", "does not have"]),
    ],
)
def test_malformed_records_are_refused(
    tmp_path: Path, refused: Any, changes: dict[str, Any], fragments: list[str]
) -> None:
    write_json_lines(tmp_path / "t.jsonl", [record(0), record(1, **changes), record(2)])

    with refused(SourceError, "t.jsonl, row 2", *fragments):
        prepare_table(
            tmp_path / "t.jsonl", tmp_path / "out", system=CM, subject_id="subject", evidence="evidence"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]


@pytest.mark.parametrize(
    ("name", "content", "fragments"),
    [
        (
            "t.jsonl",
            b'{"note_id": "1", "txt": "x", "codes": []}\n',
            ["no column 'text'", "Did you mean 'txt'?"],
        ),
        ("t.jsonl", b'{"note_id": "1", "text": "SECRETPATIENT\n', ["row 1", "is not json"]),
        ("t.jsonl", b'["SECRETPATIENT"]\n', ["one JSON array", "lines=True"]),
        ("t.jsonl", b'{"note_id": "1", "text": "SECRETPATIENT \xb5", "codes": []}\n', ["row 1", "not utf-8"]),
        ("t.jsonl", b"\n", ["no records"]),
        ("t.csv", b"note_id,text,codes\n", ["no records"]),
        (
            "t.csv",
            b"noteid,text,codes\n1,x,I10\n",
            ["no column 'note_id'", "noteid, text, codes", "Did you mean 'noteid'?"],
        ),
        ("t.parquet", b"PAR1 SECRETPATIENT", ["not readable as parquet"]),
        ("t.xlsx", b"", ["'.xlsx'", ".parquet"]),
    ],
)
def test_malformed_tables_are_refused(
    tmp_path: Path, refused: Any, name: str, content: bytes, fragments: list[str]
) -> None:
    (tmp_path / name).write_bytes(content)

    with refused(SourceError, name, *fragments):
        prepare_table(tmp_path / name, tmp_path / "out", system=CM)
    assert not (tmp_path / "out").exists()


def test_truncated_parquet_is_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, [record(number) for number in range(50)])
    path.write_bytes(path.read_bytes()[:-20])

    with refused(SourceError, "t.parquet", "not readable as parquet"):
        prepare_table(path, tmp_path / "out", system=CM)


def test_missing_parquet_column_is_refused(tmp_path: Path, refused: Any) -> None:
    write_parquet(tmp_path / "t.parquet", [record(0)])

    with refused(SourceError, "no column 'subjects'", "Did you mean 'subject'?"):
        prepare_table(tmp_path / "t.parquet", tmp_path / "out", system=CM, subject_id="subjects")


def test_unknown_split_is_refused(tmp_path: Path, refused: Any) -> None:
    write_json_lines(tmp_path / "t.jsonl", [record(0, split="holdout")])

    with refused(SourceError, "row 1", "names an unknown split", "validation"):
        prepare_table(tmp_path / "t.jsonl", tmp_path / "out", system=CM, split="split")


def test_codes_without_a_system_are_refused(tmp_path: Path, refused: Any) -> None:
    write_json_lines(tmp_path / "t.jsonl", [record(0)])

    with refused(SourceError, "row 1", "a code without a system", "icd10cm:E11.9"):
        prepare_table(tmp_path / "t.jsonl", tmp_path / "out")


def test_too_few_subjects_are_refused(tmp_path: Path, refused: Any) -> None:
    write_json_lines(tmp_path / "t.jsonl", [record(0), record(1)])

    with refused(CorpusError, "1 subjects are too few"):
        prepare_table(tmp_path / "t.jsonl", tmp_path / "out", system=CM, subject_id="subject", test=0.5)


def test_neither_the_table_nor_its_folder_is_replaced(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "t.jsonl"
    write_json_lines(path, [record(number) for number in range(20)])
    for out in (path, tmp_path):
        with refused(OutputError, "contains the raw files"):
            prepare_table(path, out, system=CM, force=True)
    with refused(SourceError, "no such file"):
        prepare_table(tmp_path / "absent.csv", tmp_path / "out", system=CM)
    with refused(SourceError, "delimiter is empty"):
        prepare_table(path, tmp_path / "out", system=CM, delimiter="")
