"""The evidence that training leaves in a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.errors import ClemError, InputError, MissingExtraError, NoteError, OutputError
from clem_icd.evidence import evidence_document, read_evidence
from clem_icd.explanation import Explainer, SpanRule, tuned_rule
from clem_icd.icd import default_codebook
from clem_icd.modeling import ModelInfo, Span, System
from clem_icd.progress import Observer, Silent
from clem_icd.runs.layout import RunLayout
from clem_icd.training import read_recipe, run
from clem_icd.training.judging import read_scores, write_metrics
from fixtures.ranking import ExplainingSystem, RankingSystem, ranking_info
from support import info_of, make_note, new_system


def written(
    system: System,
    info: ModelInfo,
    corpus: Corpus,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    observer: Observer | None = None,
) -> RunLayout:
    """Write the results of a run as `train` does once the system is trained."""
    monkeypatch.setattr(run, "new_info", lambda recipe, corpus: info)
    layout = RunLayout(path)
    scores = run._write_results(system, read_recipe("linear"), corpus, layout, observer or Silent())
    write_metrics(path, corpus, scores)
    return layout


def about(layout: RunLayout) -> dict[str, Any]:
    found = json.loads((layout.model / "clem.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def corpus_with(path: Path, annotated: Iterable[str]) -> Corpus:
    """Write a little corpus with evidence in some splits, and there for every other note."""
    with corpus_writer(
        path, name="some", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        for place, split in enumerate(("train", "validation", "test")):
            notes = [make_note(number) for number in range(100 * place, 100 * place + 12)]
            bare = [replace(note, evidence=()) for note in notes]
            some = [pair[at % 2] for at, pair in enumerate(zip(notes, bare, strict=True))]
            writer.write(split, some if split in annotated else bare)
    return Corpus.open(path)


def test_the_cut_is_tuned_on_validation_and_stored_with_the_model(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    system, info = new_system(little_corpus), info_of(little_corpus)
    layout = written(system, info, little_corpus, tmp_path / "run", monkeypatch, listener)
    default = Explainer(system, info)
    tuned = tuned_rule(default, little_corpus.notes("validation"))
    assert tuned is not None
    stored = about(layout)["evidence"]
    assert stored["method"] == default.method.model_dump(mode="json")
    assert SpanRule.model_validate(stored["rule"]) == tuned.rule
    assert stored["chosen"] == tuned.chosen
    assert listener.tasks[-3:] == ["Tuning the cut of evidence", "Explaining test", "Resampling evidence"]
    read = ModelInfo.read(layout.model)
    assert read.metrics.keys() == {"validation", "test"}
    assert Explainer(system, read).rule == tuned.rule


def test_the_evidence_for_assigned_codes_of_test_is_written_and_judged(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = new_system(little_corpus)
    layout = written(system, info_of(little_corpus), little_corpus, tmp_path / "run", monkeypatch)
    info = ModelInfo.read(layout.model)
    decided = read_scores(layout, little_corpus, "test").decided(info.rule)
    explainer = Explainer(system, info)
    expected, without = [], 0
    for note, row in zip(little_corpus.notes("test"), decided, strict=True):
        labels = np.flatnonzero(row).tolist()
        for label, spans in zip(labels, explainer.spans(note.text, labels), strict=True):
            expected += [(note.note_id, info.labels[label].value, *span[:2]) for span in spans]
            without += not spans
    rows = pl.read_parquet(layout.evidence("test"))
    assert rows.select("note_id", "code", "begin", "end").rows() == expected
    assert len(expected) > 20

    document = json.loads(layout.evidence_metrics.read_text(encoding="utf-8"))
    explanation = document.pop("explanation")
    found_again = read_evidence(layout.evidence("test"))
    assert document == evidence_document(little_corpus, "test", found_again, resamples=1000)
    assert document["intervals"]["metrics"]["evidence_token_f1"]["low"] < 1
    assert explanation["assigned_codes"] == decided.sum()
    assert explanation["assigned_codes_without_span"] == without
    assert explanation["rule"] == about(layout)["evidence"]["rule"]
    assert explanation["decided"] == info.rule.describe()


def test_spans_that_a_system_knows_itself_need_no_cut(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system ranks a whole code system, and lacks one code of the corpus."""
    info = ranking_info(little_corpus)
    layout = written(ExplainingSystem(), info, little_corpus, tmp_path / "run", monkeypatch)
    assert "evidence" not in about(layout)
    document = json.loads(layout.evidence_metrics.read_text(encoding="utf-8"))
    assert document["metrics"]["evidence_span_precision"] > 0.9
    explanation = document["explanation"]
    assert (explanation["method"], explanation["rule"], explanation["chosen"]) == ("lexicon", None, None)
    assert explanation["assigned_codes"] > 20


def test_a_system_that_no_method_explains_is_named_and_its_results_are_complete(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    info = ranking_info(little_corpus)
    layout = written(RankingSystem(), info, little_corpus, tmp_path / "run", monkeypatch, listener)
    assert "No evidence was written: no method explains a lexicon system" in listener.lines[-1]
    assert layout.metrics().is_file()
    assert not layout.evidence_metrics.exists()
    assert not layout.evidence("test").exists()


class Refusing(ExplainingSystem):
    """Cannot be explained, for a reason that is given."""

    def __init__(self, problem: ClemError) -> None:
        super().__init__()
        self.problem = problem

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        raise self.problem


@pytest.mark.parametrize(
    "problem", [NoteError("too long"), InputError("bad"), MissingExtraError("no captum")]
)
def test_training_does_not_fail_at_the_end_for_a_note_that_is_refused(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Any, problem: ClemError
) -> None:
    info = ranking_info(little_corpus)
    layout = written(Refusing(problem), info, little_corpus, tmp_path / "run", monkeypatch, listener)
    assert listener.lines[-1] == f"No evidence was written: {problem.found}"
    assert layout.metrics().is_file()
    assert not layout.evidence_metrics.exists()
    assert not layout.evidence("test").exists()


def test_evidence_that_cannot_be_written_is_reported(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, info = Refusing(OutputError("the disk is full")), ranking_info(little_corpus)
    with pytest.raises(OutputError, match="the disk is full"):
        written(system, info, little_corpus, tmp_path / "run", monkeypatch)


@pytest.mark.parametrize("annotated", [(), ("train",), ("validation",), ("test",)], ids="-".join)
def test_only_annotated_notes_of_validation_and_test_are_explained(
    annotated: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    corpus = corpus_with(tmp_path / "corpus", annotated)
    system = new_system(corpus)
    layout = written(system, info_of(corpus), corpus, tmp_path / "run", monkeypatch, listener)
    assert ("evidence" in about(layout)) is ("validation" in annotated)
    assert layout.evidence_metrics.exists() is layout.evidence("test").exists() is ("test" in annotated)
    if "test" in annotated:
        document = json.loads(layout.evidence_metrics.read_text(encoding="utf-8"))
        assert document["explanation"]["chosen"].startswith("the default of ")
        assert (document["notes"], document["predicted_spans_left_out"]) == (6, 0)
    if not {"validation", "test"} & set(annotated):
        assert not any("vidence" in line for line in listener.lines + listener.tasks)
