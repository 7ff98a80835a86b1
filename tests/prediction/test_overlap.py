"""Admissions that the model was trained on are counted, and the warning is stored with the scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.decisions import Threshold
from clem_icd.errors import CorpusError
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import ModelInfo
from clem_icd.prediction import overlap_warnings, predict_split
from clem_icd.scores import Scores
from clem_icd.sources.published.splits import find_split
from support import info_of, new_system, tiny, write_little_corpus

SIZES = {"train": 20, "validation": 10, "test": 10}


@pytest.fixture
def trained_on(tmp_path: Path) -> Corpus:
    """A corpus with the admissions a0 to a39."""
    return write_little_corpus(tmp_path / "trained", sizes=SIZES, name="trained", population="mimic3")


@pytest.fixture
def info(trained_on: Corpus) -> ModelInfo:
    return info_of(trained_on)


def other(path: Path, first: int, population: str | None = "mimic3") -> Corpus:
    """A corpus whose test split has twenty admissions from ``first`` on."""
    sizes = {"train": 10, "test": 20}
    return write_little_corpus(path, sizes=sizes, name="other", population=population, first=first - 10)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (
            13,
            "17 of the 20 admissions of test were seen in training: 7 in train, 10 in validation of trained",
        ),
        (
            19,
            "11 of the 20 admissions of test were seen in training: 1 in train, 10 in validation of trained",
        ),
        (29, "1 of the 20 admissions of test was seen in training: 1 in validation of trained"),
    ],
)
def test_seen_admissions_are_counted(info: ModelInfo, tmp_path: Path, first: int, words: str) -> None:
    [warning] = overlap_warnings(info, other(tmp_path / "other", first), "test")

    assert warning.startswith(words)
    assert warning.endswith(("Scores on them are optimistic.", "Scores on it are optimistic."))


@pytest.mark.parametrize(
    ("first", "population"), [(30, "mimic3"), (13, "mimic4"), (13, None), (13, "synthetic hospital 1")]
)
def test_unseen_admissions_give_no_warning(
    info: ModelInfo, tmp_path: Path, first: int, population: str | None
) -> None:
    assert overlap_warnings(info, other(tmp_path / "other", first, population), "test") == ()


def test_ids_without_a_population_are_never_compared(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "own", sizes=SIZES)

    assert overlap_warnings(info_of(corpus), corpus, "train") == ()


def test_only_the_train_split_of_the_own_corpus_gives_a_warning(info: ModelInfo, trained_on: Corpus) -> None:
    assert overlap_warnings(info, trained_on, "validation") == ()
    assert overlap_warnings(info, trained_on, "test") == ()
    assert overlap_warnings(info, trained_on, "train") == (
        "20 of the 20 admissions of train were seen in training: 20 in train of trained. "
        "Scores on them are optimistic.",
    )


def test_the_same_validation_split_in_another_corpus_gives_a_warning(info: ModelInfo, tmp_path: Path) -> None:
    again = write_little_corpus(tmp_path / "again", sizes=SIZES, name="again", population="mimic3")

    [warning] = overlap_warnings(info, again, "validation")
    assert "10 in validation of trained" in warning


def test_an_unknown_split_is_refused(info: ModelInfo, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no split 'validation'"):
        overlap_warnings(info, other(tmp_path / "other", 13), "validation")


def test_the_warning_is_stored_with_the_scores(info: ModelInfo, trained_on: Corpus, tmp_path: Path) -> None:
    system, out = new_system(trained_on, tiny(64)), tmp_path / "scores.parquet"
    corpus = other(tmp_path / "other", 13)

    warnings = predict_split(system, info, corpus, "test", out)
    assert warnings == overlap_warnings(info, corpus, "test") == Scores.read(out).warnings
    assert predict_split(system, info, trained_on, "test", out, force=True) == Scores.read(out).warnings == ()


def test_warnings_that_are_not_a_list_are_ignored() -> None:
    assert Scores((), (), None, {"warnings": "none"}).warnings == ()  # type: ignore[arg-type]
    assert Scores((), (), None, {}).warnings == ()  # type: ignore[arg-type]


@pytest.mark.shared_data
def test_training_on_mdace_gives_a_warning_on_mimic3_test(shared_data: Path, tmp_path: Path) -> None:
    split_of = {
        source: find_split(source, splits=shared_data / "splits").read()
        for source in ("mimic3-full", "mdace-inpatient-icd9-code")
    }
    seen = {
        part: frozenset(one for one, split in split_of["mdace-inpatient-icd9-code"].items() if split == part)
        for part in ("train", "validation")
    }
    tested = [admission for admission, split in split_of["mimic3-full"].items() if split == "test"]
    full = write_corpus(tmp_path / "full", tested)
    info = ModelInfo(
        "linear", full.codes, (None,), Threshold(0.5), "given by a test",
        corpus={"name": "mdace-inpatient-icd9-code", "population": "mimic3"}, admissions=seen,
    )  # fmt: skip

    assert overlap_warnings(info, full, "test") == (
        "241 of the 3,372 admissions of test were seen in training: 181 in train, 60 in validation of "
        "mdace-inpatient-icd9-code. Scores on them are optimistic.",
    )


def write_corpus(path: Path, admissions: list[str]) -> Corpus:
    """Write a corpus from the population of MIMIC-III: one note per admission, all in its test split."""
    code = Code("401.9", CodeSystem.ICD9CM)
    with corpus_writer(
        path,
        name="full",
        source="test",
        options={},
        inputs=[],
        codebook=default_codebook(),
        population="mimic3",
    ) as writer:
        notes = [Note(f"n{one}", "hypertension", (code,), (), None, one) for one in admissions]
        writer.write("test", notes)
    return Corpus.open(path)
