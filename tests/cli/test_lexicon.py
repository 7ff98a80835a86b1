"""A lexicon from training to evidence, as typed by a user."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.titles import Name
from support import FINDINGS, write_little_corpus

Invoke = Callable[..., Any]
Refused = Callable[..., str]

NOTE = "No pneumonia. Was in for HYPERTENSION\n and, later, pneumonia (mild)."


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    sizes = {"train": 40, "validation": 8, "test": 10}
    return write_little_corpus(tmp_path_factory.mktemp("corpus") / "little", sizes=sizes)


@contextmanager
def few_titles() -> Iterator[None]:
    """Installed titles of the few codes of the corpus, which are read much faster than all."""
    names = [Name(Code(value, CodeSystem.ICD10CM), text, "en") for value, text in FINDINGS.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clem_icd.training.lexicon.names_of", lambda system: names)
        yield


def trained(clem: Invoke, corpus: Corpus, out: Path, *settings: str) -> Path:
    done = clem("train", "lexicon", "--corpus", corpus.path, "--out", out, *settings, "--json", "--quiet")
    assert done.code == 0, done.err
    assert done.json["model"] == str(out / "model")
    return out


@pytest.fixture(scope="module")
def run(clem: Invoke, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over the labels of the corpus."""
    with few_titles():
        return trained(clem, corpus, tmp_path_factory.mktemp("lexicon") / "run")


@pytest.fixture(scope="module")
def ranking(clem: Invoke, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over all codes of ICD-10-CM, with their titles."""
    return trained(clem, corpus, tmp_path_factory.mktemp("lexicon") / "run", "labels=icd10cm")


@pytest.fixture(params=["run", "ranking"])
def either(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def test_a_run_is_complete(either: Path, corpus: Corpus) -> None:
    info = json.loads((either / "model" / "clem.json").read_text())
    assert "on the training split, each note scored by what the others teach" in info["threshold_policy"]
    assert info["system"] == "lexicon"
    document = json.loads((either / "metrics.json").read_text())
    assert document["metrics"]["micro_f1"] > 0.9
    assert document["notes"] == 10
    assert (either / "report.html").stat().st_size > 10_000
    card = (either / "model" / "README.md").read_text()
    assert "on the training split" in card
    assert not [path for path in either.rglob("*") if path.suffix in (".pkl", ".joblib", ".bin")]
    ranked = info["recipe"]["labels"] == "icd10cm"
    assert len(info["labels"]) > 90_000 if ranked else len(info["labels"]) == len(corpus.codes)


def test_a_finished_run_is_left_alone(clem: Invoke, either: Path, corpus: Corpus) -> None:
    before = {path: path.read_bytes() for path in either.rglob("*") if path.is_file()}
    labels = json.loads((either / "model" / "clem.json").read_text())["recipe"]["labels"]
    again = clem(
        *("train", "lexicon", "--corpus", corpus.path, "--out", either, f"labels={labels}"), "--resume"
    )
    assert again.code == 0, again.err
    assert "already finished" in again.out + again.err
    assert {path: path.read_bytes() for path in either.rglob("*") if path.is_file()} == before


def test_the_words_behind_codes_are_shown(clem: Invoke, either: Path) -> None:
    found = clem("code", either / "model", "--evidence", "--json", "--top", 20, stdin=NOTE)
    assert found.code == 0, found.err
    [note] = found.json["notes"]
    by_code = {one["code"]: one for one in note["suggestions"]}
    assert {one["code"] for one in note["suggestions"] if one["decided"]} == {"I10", "J18.9"}
    for value, begin in (("I10", NOTE.index("HYPER")), ("J18.9", NOTE.rindex("pneumonia"))):
        [span] = by_code[value]["evidence"]
        assert NOTE[span["begin"] : span["end"]].lower() == FINDINGS[value]
        assert (span["begin"], span["cues"]) == (begin, [])


def test_evidence_of_a_split_is_written_and_scored(
    clem: Invoke, either: Path, corpus: Corpus, tmp_path: Path
) -> None:
    scores, spans = tmp_path / "scores.parquet", tmp_path / "evidence.parquet"
    done = clem(
        *("predict", either / "model", "--corpus", corpus.path, "--out", scores, "--evidence", spans),
        *("--json", "--quiet"),
    )
    assert done.code == 0, done.err
    texts = {note.note_id: note.text for note in corpus.notes("test")}
    rows = pl.read_parquet(spans).to_dicts()
    assert rows
    for row in rows:
        if row["code"] in FINDINGS:
            # Function words at its ends are no part of it.
            assert texts[row["note_id"]][row["begin"] : row["end"]] in FINDINGS[row["code"]]
    judged = clem(
        *("evidence", "score", "--corpus", corpus.path, "--evidence", spans, "--json"),
        *("--out", tmp_path / "judged.json"),
    )
    assert judged.json["metrics"]["evidence_span_f1"] > 0.8


def test_a_run_is_evaluated_and_its_errors_analysed(
    clem: Invoke, either: Path, corpus: Corpus, tmp_path: Path
) -> None:
    evaluated = clem(
        *("evaluate", "--corpus", corpus.path, "--scores", either / "scores" / "test.parquet"),
        *("--model", either / "model", "--out", tmp_path / "metrics.json", "--json", "--quiet"),
    )
    assert evaluated.code == 0, evaluated.err
    stored = json.loads((either / "metrics.json").read_text())
    assert evaluated.json["metrics"] == stored["metrics"]
    analysed = clem("error-analysis", "--corpus", corpus.path, "--run", either, "--json")
    assert analysed.code == 0, analysed.err
    assert analysed.json["notes"] == 10


def test_a_dictionary_is_trained_and_explains(clem: Invoke, corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with few_titles():
        done = clem("train", "dictionary", "--corpus", corpus.path, "--out", out, "--json", "--quiet")
    assert done.code == 0, done.err
    found = clem("code", out / "model", "--evidence", "--json", stdin=NOTE)
    assert found.code == 0, found.err
    [note] = found.json["notes"]
    by_code = {one["code"]: one for one in note["suggestions"]}
    [span] = by_code["I10"]["evidence"]
    assert NOTE[span["begin"] : span["end"]] == "HYPERTENSION"


@pytest.mark.parametrize("name", ["lexicon", "dictionary"])
def test_there_is_nothing_to_plan(refused: Refused, corpus: Corpus, tmp_path: Path, name: str) -> None:
    refused(
        *("train", name, "--plan", "--corpus", corpus.path, "--out", tmp_path / "run"),
        says=[f"nothing to plan for system {name}", "without --plan"],
    )


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("labels=icd11", "expected one of corpus"),
        ("language=fr", "'en', 'es' or 'other'"),
        ("threshold_policy=per-code", "one rule for all codes"),
        ("training.epochs=3", "Only neural systems have it"),
        ("seeds=2", "A lexicon has one seed"),
    ],
)
def test_a_setting_is_refused_before_the_corpus_is_read(
    refused: Refused, tmp_path: Path, setting: str, says: str
) -> None:
    refused(
        *("train", "lexicon", "--corpus", tmp_path / "no corpus", "--out", tmp_path / "run", setting),
        says=[says],
    )


def test_a_lexicon_without_lightgbm_names_the_extra(
    refused: Refused, run: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    says = ["lightgbm, which is not installed", "pip install 'clem-icd[lexicon]'"]
    refused("train", "lexicon", "--corpus", corpus.path, "--out", tmp_path / "run", says=says)
    refused("code", run / "model", says=says, stdin=NOTE)
