from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus, Evidence, InputFile, Note, corpus_writer
from clem_icd.errors import CorpusError, OutputError
from clem_icd.files import sha256_of
from clem_icd.icd import Code, Codebook, CodeSystem, default_codebook

CODES = [
    Code("I50.9", CodeSystem.ICD10CM),
    Code("E11.9", CodeSystem.ICD10CM),
    Code("00.66", CodeSystem.ICD9PCS),
    Code("odd code", CodeSystem.CPT),
]
I50, E11, STENT, ODD = CODES

# Combining accents and emoji of several code points are where offsets go wrong.
TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from("e\u0301a\u0308\U0001f469\u200d\r\n"),
    ),
    min_size=1,
    max_size=60,
).filter(lambda text: bool(text.strip()))


@st.composite
def note_lists(draw: st.DrawFn) -> list[Note]:
    notes = []
    for number, text in enumerate(draw(st.lists(TEXT, min_size=1, max_size=5))):
        codes = draw(st.lists(st.sampled_from(CODES), unique=True, max_size=3)) if number else [I50]
        spans = []
        for code in codes:
            begin = draw(st.integers(0, len(text) - 1))
            spans.append(Evidence(code, begin, draw(st.integers(begin + 1, len(text)))))
        subject = draw(st.none() | st.text("0123456789", min_size=1, max_size=3))
        notes.append(Note(f"n{number}", text, tuple(codes), tuple(spans), subject, subject))
    return notes


@settings(max_examples=50, deadline=None)
@given(note_lists())
def test_notes_are_read_back_unchanged(written: list[Note]) -> None:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "corpus"
        with corpus_writer(out, name="x", source="x", options={}, inputs=[], codebook=Codebook({})) as writer:
            writer.write("train", iter(written))
        corpus = Corpus.open(out)

        assert list(corpus.notes("train")) == written
        assert list(corpus.texts("train")) == [note.text for note in written]
        for note, back in zip(written, corpus.notes("train"), strict=True):
            for one, other in zip(note.evidence, back.evidence, strict=True):
                assert note.text[one.begin : one.end] == back.text[other.begin : other.end] != ""


def test_corpus_json_describes_inputs_counts_and_files(
    tmp_path: Path, make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    raw = tmp_path / "raw" / "notes.csv"
    raw.parent.mkdir()
    raw.write_text("x", encoding="utf-8")

    corpus = make_corpus(
        notes, inputs=[InputFile.of(raw, raw.parent)], options={"seed": 1}, notices=["One was left out"]
    )

    about = json.loads((corpus.path / "corpus.json").read_text(encoding="utf-8"))
    assert about["inputs"] == [{"path": "notes.csv", "bytes": 1, "sha256": sha256_of(raw)}]
    assert about["options"] == {"seed": 1}
    assert about["notices"] == ["One was left out"]
    assert about["counts"] == {
        "notes": {"train": 3, "test": 1},
        "notes_without_codes": {"train": 1, "test": 0},
        "labels": 2,
        "labels_without_title": 0,
        "codes_without_title": 0,
        "labels_of_unexpected_shape": 0,
    }
    for name, digest in about["files"].items():
        assert sha256_of(corpus.path / name) == digest


def test_labels_are_sorted_titled_and_counted_by_split(
    make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    corpus = make_corpus(notes)

    frame = pl.read_parquet(corpus.path / "labels.parquet")
    assert frame["code"].to_list() == ["E11.9", "I50.9"]
    assert frame["title"][1] == "Heart failure"
    assert frame.select("train", "validation", "test").rows() == [(2, 0, 0), (1, 0, 1)]


def test_unknown_and_misshapen_codes_are_kept_and_counted(make_corpus: Callable[..., Corpus]) -> None:
    fresh = Code("Q99.99", CodeSystem.ICD10CM)
    corpus = make_corpus({"train": [Note("a", "x", (fresh, ODD)), Note("b", "y", (fresh,))]})

    assert corpus.codes == (fresh, ODD)
    counts = corpus.about["counts"]
    assert (counts["labels_without_title"], counts["codes_without_title"]) == (2, 3)
    assert counts["labels_of_unexpected_shape"] == 1


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (Note("a", "text", (I50,)), "duplicate note id a"),
        (Note(" ", "text", (I50,)), "empty id"),
        (Note("x", " \n", (I50,)), "note x is empty"),
        (Note("x", "a\0b", (I50,)), "note x contains NUL characters"),
        (Note("x", "a\ud83d", (I50,)), "note x contains half of a surrogate pair"),
        (Note("\udcff", "text", (I50,)), "an id or a code contains half of a surrogate pair"),
        (Note("x", "a" * 1_000_001, (I50,)), "1,000,001 characters"),
        (Note("x", "text", (I50, I50)), r"note x lists the code I50.9 \(icd10cm\) twice"),
        (Note("x", "text", (I50,), (Evidence(I50, 0, 5),)), "0:5 in a text of 4 characters"),
        (Note("x", "text", (I50,), (Evidence(I50, 2, 2),)), "2:2"),
        (Note("x", "text", (I50,), (Evidence(I50, -1, 2),)), "-1:2"),
        (Note("x", "text", (I50,), (Evidence(E11, 0, 2),)), "E11.9"),
    ],
)
def test_unacceptable_notes_are_refused(
    tmp_path: Path, make_corpus: Callable[..., Corpus], note: Note, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        make_corpus({"train": [Note("a", "text", (I50,)), note]})
    assert list(tmp_path.iterdir()) == []


def test_duplicate_id_across_splits_is_refused(make_corpus: Callable[..., Corpus]) -> None:
    note = Note("a", "text", (I50,))
    with pytest.raises(CorpusError, match="duplicate note id a"):
        make_corpus({"train": [note], "test": [note]})


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({}, "there are no notes"),
        ({"train": []}, "the split train has no notes"),
        ({"holdout": [Note("a", "x", (I50,))]}, "no split 'holdout'"),
        ({"train": [Note("a", "x", ())]}, "no note has a code"),
        (
            {"train": [Note("a", "x", (I50, Code("I50.9", CodeSystem.CPT)))]},
            "I50.9 is in two code systems",
        ),
    ],
)
def test_unacceptable_splits_are_refused(
    tmp_path: Path, make_corpus: Callable[..., Corpus], splits: dict[str, list[Note]], message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        make_corpus(splits)
    assert list(tmp_path.iterdir()) == []


def test_writing_a_split_twice_is_refused(tmp_path: Path) -> None:
    note = Note("a", "text", (I50,))
    out = tmp_path / "out"
    with corpus_writer(
        out, name="x", source="x", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("train", [note])
        with pytest.raises(CorpusError, match="already written"):
            writer.write("train", [Note("b", "text", (I50,))])
    assert Corpus.open(out).note_ids("train") == ["a"]


def test_occupied_folder_is_replaced_only_with_force(
    tmp_path: Path, make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "mine.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(OutputError, match="already exists"):
        make_corpus(notes)
    assert (tmp_path / "corpus" / "mine.txt").read_text(encoding="utf-8") == "mine"

    make_corpus(notes, force=True)
    assert not (tmp_path / "corpus" / "mine.txt").exists()


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()]
)
def test_failure_while_writing_keeps_the_old_corpus(
    tmp_path: Path,
    make_corpus: Callable[..., Corpus],
    notes: dict[str, list[Note]],
    failure: BaseException,
) -> None:
    before = make_corpus(notes).fingerprint

    def failing() -> Iterator[Note]:
        yield Note("a", "text", (I50,))
        raise failure

    broken: Any = {"train": failing()}
    with pytest.raises((OutputError, KeyboardInterrupt, ValueError)):
        make_corpus(broken, force=True)

    assert Corpus.open(tmp_path / "corpus").fingerprint == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_disk_that_is_full_when_a_split_is_flushed_leaves_nothing_behind(
    tmp_path: Path,
    make_corpus: Callable[..., Corpus],
    notes: dict[str, list[Note]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # It happens in another thread, while the next split is written.
    monkeypatch.setattr("clem_icd.corpus.writer.flush", full)
    with pytest.raises(OutputError, match="the disk is full") as refusal:
        make_corpus(notes)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_long_notes_are_written_in_row_groups(make_corpus: Callable[..., Corpus]) -> None:
    rows = [Note(str(number), "x" * 1_000_000, (I50,)) for number in range(20)]
    corpus = make_corpus({"train": rows})

    assert pq.read_metadata(corpus.notes_path("train")).num_row_groups == 2
    assert [len(text) for text in corpus.texts("train")] == [1_000_000] * 20


def test_the_same_notes_make_the_same_corpus(
    tmp_path: Path, make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    one = make_corpus(notes, out=tmp_path / "one")
    other = make_corpus(notes, out=tmp_path / "other")

    assert one.fingerprint == other.fingerprint
