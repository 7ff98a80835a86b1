"""What a run cannot learn is said before it starts, once, and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from transformers import PreTrainedTokenizerBase

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.icd import default_codebook
from clem_icd.modeling.readings import Reading, ReadNote, WholeReading
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, fit, read_recipe
from clem_icd.training.limits import Cut, measure_cut, report_limits
from support import LITTLE_SETTINGS, make_note, new_system

MAX_TOKENS = 20


@pytest.fixture(scope="module")
def tokenizer(little_corpus: Corpus) -> PreTrainedTokenizerBase:
    return new_system(little_corpus).tokenizer


def write(path: Path, train: Iterable[Note]) -> Corpus:
    with corpus_writer(
        path, name="own", source="test", options={}, inputs=[], codebook=default_codebook(), synthetic=True
    ) as writer:
        writer.write("train", list(train))
    return Corpus.open(path)


def flags(corpus: Corpus, tokenizer: PreTrainedTokenizerBase, reading: Reading) -> list[bool]:
    return [note.truncated for note in reading.read(tokenizer, corpus.texts("train"))]


def test_evidence_beyond_the_cut_is_counted(
    little_corpus: Corpus, tokenizer: PreTrainedTokenizerBase
) -> None:
    reading = WholeReading(max_tokens=MAX_TOKENS)
    notes = list(little_corpus.notes("train"))
    beyond = truncated = 0
    for note, read in zip(
        notes, reading.read(tokenizer, [note.text for note in notes], offsets=True), strict=True
    ):
        assert read.offsets is not None
        end = int(read.offsets.max()) if read.truncated else len(note.text)
        truncated += read.truncated
        beyond += sum(span.begin >= end for span in note.evidence)
    assert 0 < beyond < sum(len(note.evidence) for note in notes)
    assert measure_cut(
        little_corpus, "train", flags(little_corpus, tokenizer, reading), tokenizer, reading
    ) == Cut(len(notes), truncated, sum(len(note.evidence) for note in notes), beyond)


def test_evidence_that_starts_with_blanks_is_where_its_words_are(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    note = make_note(3)
    moved = tuple(replace(span, begin=span.begin - 1) for span in note.evidence)
    assert all(note.text[span.begin] == " " for span in moved)
    reading = WholeReading(max_tokens=MAX_TOKENS)
    cuts = [
        measure_cut(corpus, "train", flags(corpus, tokenizer, reading), tokenizer, reading)
        for corpus in (
            write(tmp_path / "tight", [note]),
            write(tmp_path / "loose", [replace(note, evidence=moved)]),
        )
    ]
    assert 0 < (cuts[0].evidence_not_read or 0) < cuts[0].evidence
    assert cuts[0] == cuts[1]


class Ends(Reading):
    """The first and the last tokens of a note."""

    kind: Literal["ends"] = "ends"

    def kept(self, tokens: int) -> npt.NDArray[np.int64]:
        half = self.max_tokens // 2
        if tokens <= self.max_tokens:
            return np.arange(tokens)
        return np.concatenate([np.arange(half), np.arange(tokens - half, tokens)])


def test_a_gap_in_the_middle_is_not_read(little_corpus: Corpus, tokenizer: PreTrainedTokenizerBase) -> None:
    reading = Ends(max_tokens=MAX_TOKENS)
    beyond = 0
    for note in little_corpus.notes("train"):
        (read,) = reading.read(tokenizer, [note.text], offsets=True)
        assert read.offsets is not None
        covered = {place for begin, end in read.offsets for place in range(begin, end)}
        beyond += sum(span.begin not in covered for span in note.evidence)
    found = measure_cut(little_corpus, "train", flags(little_corpus, tokenizer, reading), tokenizer, reading)
    assert found.evidence_not_read == beyond > 0


def test_only_truncated_notes_with_evidence_are_read_again(
    little_corpus: Corpus, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    notes = list(little_corpus.notes("train"))
    first_half = [replace(note, evidence=()) if row < 40 else note for row, note in enumerate(notes)]
    corpus = write(tmp_path / "corpus", first_half)

    again = 0

    class Counting(WholeReading):
        def read(self, *arguments: Any, **keywords: Any) -> Iterator[ReadNote]:
            nonlocal again
            for note in super().read(*arguments, **keywords):
                again += 1
                yield note

    truncated = flags(corpus, tokenizer, WholeReading(max_tokens=MAX_TOKENS))
    measure_cut(corpus, "train", truncated, tokenizer, Counting(max_tokens=MAX_TOKENS))
    assert again == sum(truncated[40:])
    assert 0 < again < 40


def test_a_tokenizer_without_positions_leaves_the_evidence_open(little_corpus: Corpus) -> None:
    slow: Any = SimpleNamespace(is_fast=False)
    found = measure_cut(little_corpus, "train", [True] * 80, slow, WholeReading())
    assert found.truncated == 80
    assert found.evidence > 0
    assert found.evidence_not_read is None


def test_limits_are_said_once_and_recorded(tmp_path: Path, listener: Any) -> None:
    cuts = {"train": Cut(90, 3, 200, 5), "validation": Cut(10, 2, 0, 0), "test": Cut(10, 1, 20, None)}
    report_limits(tmp_path, np.array([4, 0, 1, 0]), cuts, 8192, listener)
    assert listener.lines == [
        "2 of 4 labels have no note in train: nothing is learned about them",
        "3 notes of train are longer than 8,192 tokens and are truncated; 2.5 % of the evidence spans of "
        "train begin in text that is not read",
        "2 notes of validation are longer than 8,192 tokens and are truncated",
        "1 note of test is longer than 8,192 tokens and is truncated",
    ]
    assert json.loads((tmp_path / "environment.json").read_text()) == {
        "limits": {
            "labels_without_training_notes": 2,
            "train": {"notes": 90, "truncated": 3, "evidence": 200, "evidence_not_read": 5},
            "validation": {"notes": 10, "truncated": 2, "evidence": 0, "evidence_not_read": 0},
            "test": {"notes": 10, "truncated": 1, "evidence": 20, "evidence_not_read": None},
        }
    }


def test_nothing_is_said_where_nothing_is_missing(tmp_path: Path, listener: Any) -> None:
    report_limits(tmp_path, np.array([4, 1]), {"train": Cut(90, 0, 200, 0)}, 8192, listener)
    assert listener.lines == []


def test_a_run_records_its_limits(little_corpus: Corpus, tmp_path: Path) -> None:
    settings = [*LITTLE_SETTINGS, "training.epochs=1", f"reading.max_tokens={MAX_TOKENS}"]
    recipe = read_recipe("clem-icd-small", settings)
    assert isinstance(recipe, NeuralRecipe)
    fit.fit_neural(recipe, little_corpus, tmp_path, Silent())
    limits = json.loads((tmp_path / "environment.json").read_text())["limits"]
    assert limits["labels_without_training_notes"] == 0
    for split, notes in (("train", 80), ("validation", 20)):
        assert limits[split]["notes"] == notes
        assert 0 < limits[split]["evidence_not_read"] < limits[split]["evidence"]
