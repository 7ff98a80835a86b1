"""Which notes an exported model is checked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, InputError, NoteError
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import ModelInfo
from clem_icd.prediction import notes_to_check
from support import info_of


@pytest.fixture(scope="module")
def info(little_corpus: Corpus) -> ModelInfo:
    return info_of(little_corpus)


def test_notes_of_a_corpus_range_from_the_shortest_to_the_longest(
    info: ModelInfo, little_corpus: Corpus
) -> None:
    every = sorted(little_corpus.texts("validation"), key=len)
    found = notes_to_check(info, little_corpus.path, split="validation", notes=5)
    assert [len(text) for text in (found[0], found[-1])] == [len(every[0]), len(every[-1])]
    assert len(found) == 5
    assert set(found) < set(every)
    assert notes_to_check(info, little_corpus.path, split="validation", notes=999) == every


def test_synthetic_notes_are_the_same_for_every_call_and_differ_in_length(info: ModelInfo) -> None:
    found = notes_to_check(info, None, split="validation", notes=3)
    assert found == notes_to_check(info, None, split="validation", notes=3)
    assert len(found[-1]) > 20 * len(found[0])


def test_text_files_are_read(info: ModelInfo, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(f"Pneumonia, chart {name}.", encoding="utf-8")
    [one] = notes_to_check(info, tmp_path / "b.txt", split="test", notes=9)
    assert one == "Pneumonia, chart b.txt."
    assert len(notes_to_check(info, tmp_path, split="test", notes=2)) == 2


def test_notes_that_cannot_be_read_are_refused(
    info: ModelInfo, little_corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(NoteError, match="there is no such file"):
        notes_to_check(info, tmp_path / "absent.txt", split="test", notes=1)
    with pytest.raises(CorpusError):
        notes_to_check(info, little_corpus.path, split="holdout", notes=1)


def test_a_corpus_of_another_code_system_is_refused(little_corpus: Corpus) -> None:
    other = ModelInfo(
        system="neural",
        labels=(Code("401.9", CodeSystem.ICD9CM),),
        titles=(None,),
        rule=info_of(little_corpus).rule,
        threshold_policy="",
    )
    with pytest.raises(InputError, match="has codes of icd10cm, but the model of icd9cm"):
        notes_to_check(other, little_corpus.path, split="test", notes=1)
