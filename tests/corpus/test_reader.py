from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clem_icd.corpus import Corpus, Note
from clem_icd.corpus.schema import NOTES
from clem_icd.errors import CorpusError
from clem_icd.files import sha256_of


@pytest.fixture
def corpus(make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]) -> Corpus:
    return make_corpus(notes, name="ours", synthetic=True)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the first row of a notes file without the writer."""
    rows = pq.read_table(path).to_pylist()
    change(rows[0])
    pq.write_table(pa.Table.from_pylist(rows, schema=NOTES), path)


def test_corpus_has_its_name_splits_ids_and_labels(corpus: Corpus) -> None:
    assert corpus.name == "ours"
    assert corpus.synthetic
    assert corpus.splits == ("train", "test")
    assert corpus.size("train") == 3
    assert corpus.note_ids("train") == ["a", "b", "c"]
    assert [code.value for code in corpus.codes] == ["E11.9", "I50.9"]
    assert corpus.train_counts().tolist() == [2, 1]
    assert corpus.warnings == ()


def test_targets_are_notes_by_labels(corpus: Corpus) -> None:
    assert corpus.targets("train").tolist() == [[True, True], [True, False], [False, False]]
    assert [row.tolist() for row in corpus.label_indices("train")] == [[0, 1], [0], []]
    assert corpus.targets("train").dtype == np.bool_


def test_polars_reads_the_notes_directly(corpus: Corpus, notes: dict[str, list[Note]]) -> None:
    frame = pl.read_parquet(corpus.path / "notes" / "train.parquet")

    assert frame["text"].to_list() == [note.text for note in notes["train"]]
    assert frame["codes"][1].to_list() == [{"code": "E11.9", "system": "icd10cm"}]
    assert corpus.frame("train").select("note_id").collect()["note_id"].to_list() == ["a", "b", "c"]


def test_missing_split_is_refused(corpus: Corpus) -> None:
    with pytest.raises(CorpusError, match=r"has no split 'validation'\. It has train, test"):
        corpus.size("validation")


def test_folder_without_corpus_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="clem prepare"):
        Corpus.open(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "has format version 2, expected 1"),
        ({"format": "other"}, "has the format 'other'"),
        ({"counts": {}}, "corpus.json"),
        ({"counts": {"notes": {}}}, "corpus.json"),
    ],
)
def test_other_format_or_version_is_refused(corpus: Corpus, change: dict[str, Any], message: str) -> None:
    path = corpus.path / "corpus.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**about, **change}), encoding="utf-8")

    with pytest.raises(CorpusError, match=message):
        Corpus.open(corpus.path)


@pytest.mark.parametrize("name", ["corpus.json", "labels.parquet", "notes/train.parquet"])
def test_missing_or_truncated_file_is_refused(corpus: Corpus, name: str) -> None:
    path = corpus.path / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(CorpusError, match="not readable"):
        Corpus.open(corpus.path)
    path.unlink()
    with pytest.raises(CorpusError, match=r"missing"):
        Corpus.open(corpus.path)


def test_damaged_page_is_refused(corpus: Corpus) -> None:
    path = corpus.path / "notes" / "train.parquet"
    data = bytearray(path.read_bytes())
    end = pq.read_metadata(path).row_group(0).column(3).total_compressed_size
    data[4 : 4 + end] = b"\xff" * end
    path.write_bytes(data)

    with pytest.raises(CorpusError, match="is damaged"):
        Corpus.open(corpus.path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.update(note_id="d"), "duplicate note id d: 2 notes have it"),
        (lambda row: row["evidence"][0].update(end=99), "note a has evidence at 0:99 in a text of 12"),
        (lambda row: row["evidence"][0].update(begin=3), "note a has evidence at 3:3"),
        (lambda row: row["evidence"][0].update(begin=-1), "note a has evidence at -1:3"),
        (lambda row: row["evidence"][0].update(code="I10"), "evidence for I10"),
        (lambda row: row["codes"].append({"code": "I10", "system": "icd10cm"}), "has the code I10"),
        (lambda row: row["codes"][0].update(system="icd9cm"), "icd9cm"),
        (lambda row: row["codes"].append(row["codes"][0]), r"note a lists the code I50.9 \(icd10cm\) twice"),
        (
            lambda row: row.update(codes=row["codes"][:1], evidence=[]),
            "the code E11.9 occurs 1 times, expected 2",
        ),
        (lambda row: row.update(note_id=" "), "empty id"),
        (lambda row: row.update(text="x" * 1_000_001), "1,000,001 characters long"),
        (lambda row: row.update(text="x" * 99 + "\0"), "note a contains NUL characters"),
    ],
)
def test_rows_that_violate_the_format_are_refused(
    corpus: Corpus, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    rewrite(corpus.path / "notes" / "train.parquet", change)

    with pytest.raises(CorpusError, match=message) as caught:
        Corpus.open(corpus.path)
    assert "T2DM" not in str(caught.value)


def test_other_schema_is_refused(corpus: Corpus) -> None:
    path = corpus.path / "notes" / "train.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["evidence"]), path)

    with pytest.raises(CorpusError, match="expected note_id, subject_id"):
        Corpus.open(corpus.path)


def test_unsorted_labels_are_refused(corpus: Corpus) -> None:
    path = corpus.path / "labels.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take([1, 0]), path)

    with pytest.raises(CorpusError, match="not sorted"):
        Corpus.open(corpus.path)


def test_shared_subjects_are_a_warning(
    make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    [code] = notes["test"][0].codes
    notes["validation"] = [Note("e", "x", (code,), (), "1"), Note("f", "x", (code,), (), None)]

    corpus = make_corpus(notes)

    assert corpus.warnings == (
        "1 subject is in both train and validation: scores on validation are optimistic",
    )


def test_changed_corpus_is_refused(corpus: Corpus) -> None:
    def change(row: dict[str, Any]) -> None:
        row["text"] += " and one word more"

    rewrite(corpus.path / "notes" / "train.parquet", change)
    with pytest.raises(CorpusError, match="has changed since the corpus was written"):
        Corpus.open(corpus.path)


def test_an_empty_note_is_refused(corpus: Corpus) -> None:
    def change(row: dict[str, Any]) -> None:
        row["text"], row["evidence"] = " \n", []

    rewrite(corpus.path / "notes" / "train.parquet", change)
    with pytest.raises(CorpusError, match="note a is empty"):
        Corpus.open(corpus.path)


def change_about(corpus: Corpus, change: Callable[[dict[str, Any]], Any]) -> None:
    path = corpus.path / "corpus.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    change(about)
    path.write_text(json.dumps(about), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about.update(synthetic="false"), "lacks synthetic"),
        (lambda about: about["counts"].pop("labels_without_title"), "lacks the counts labels_without_title"),
        (lambda about: about["counts"].update(labels=None), "lacks the counts labels"),
        (lambda about: about["counts"].update(labels=7), "lists 2 labels, expected 7"),
        (lambda about: about["counts"]["notes"].update(test=0), "a split without notes"),
        (lambda about: about["counts"]["notes"].update(test=2), "has 1 notes, expected 2"),
        (lambda about: about["counts"]["notes"].update(dev=2), "train, test, dev"),
        (lambda about: about.update(files={}), "checksum"),
        (lambda about: about["files"].pop("labels.parquet"), "checksum"),
        (lambda about: about["files"].pop("notes/test.parquet"), "checksum"),
    ],
)
def test_corpus_json_that_contradicts_the_files_is_refused(
    corpus: Corpus, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    change_about(corpus, change)
    with pytest.raises(CorpusError, match=message):
        Corpus.open(corpus.path)


def test_split_that_lost_its_notes_is_refused(corpus: Corpus) -> None:
    path = corpus.path / "notes" / "test.parquet"
    pq.write_table(NOTES.empty_table(), path)
    change_about(corpus, lambda about: about["files"].update({"notes/test.parquet": sha256_of(path)}))
    with pytest.raises(CorpusError, match=r"test\.parquet.*has 0 notes, expected 1"):
        Corpus.open(corpus.path)


@pytest.mark.parametrize("key", ["name", "files", "notices"])
def test_corpus_json_without_a_key_is_refused(corpus: Corpus, key: str) -> None:
    path = corpus.path / "corpus.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    del about[key]
    path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CorpusError, match=f"lacks {key}"):
        Corpus.open(corpus.path)


@pytest.mark.parametrize("name", ["labels.parquet", "notes/test.parquet"])
def test_any_flipped_byte_is_detected(corpus: Corpus, name: str) -> None:
    path = corpus.path / name
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        path.write_bytes(damaged)
        with pytest.raises(CorpusError):
            Corpus.open(corpus.path)
