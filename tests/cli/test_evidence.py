"""``clem evidence score``: the evidence of a system against that of a corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus


@pytest.fixture
def given(little_corpus: Corpus, tmp_path: Path) -> Path:
    """Evidence of the little corpus with a full stop at the end of every span, and one wrong span."""
    rows = [
        {
            "note_id": note.note_id,
            "code": span.code.value,
            "system": span.code.system.value,
            "begin": span.begin,
            "end": span.end + 1,
        }
        for note in little_corpus.notes("test")
        for span in note.evidence
    ]
    rows[0]["code"] = "A00.0"
    pl.DataFrame(rows).write_parquet(tmp_path / "given.parquet")
    return tmp_path / "given.parquet"


def test_options_change_how_evidence_is_scored(
    clem: Callable[..., Any], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    verb = ("evidence", "score", "--corpus", little_corpus.path, "--evidence", given)
    exact = clem(*verb, "--out", tmp_path / "exact.json", "--json").json
    trimmed = clem(*verb, "--out", tmp_path / "trimmed.json", "--trim", "--json").json
    spans = sum(len(note.evidence) for note in little_corpus.notes("test"))
    assert exact["counts"]["span"]["true_positives"] == 0
    assert trimmed["counts"]["span"]["true_positives"] == spans - 1
    assert trimmed["options"]["trim"] is True
    assert json.loads((tmp_path / "trimmed.json").read_text()) == trimmed


def test_the_scores_are_shown(
    clem: Callable[..., Any], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.json"
    done = clem(
        *("evidence", "score", "--corpus", little_corpus.path, "--evidence", given, "--out", out),
        *("--trim", "--merge-adjacent"),
    )
    assert done.code == 0, done.err
    assert "Evidence on little, synthetic, test" in done.out
    document = json.loads(out.read_text())
    assert f"{document['metrics']['evidence_span_f1']:.3f}" in done.out
    interval = document["intervals"]["metrics"]["evidence_match_exact"]
    assert f"{interval['low']:.3f}-{interval['high']:.3f}" in done.out
    assert "share ruled out" in done.out


def test_evidence_of_another_split_is_refused(
    refused: Callable[..., str], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    refused(
        *("evidence", "score", "--corpus", little_corpus.path, "--evidence", given),
        *("--split", "train", "--out", tmp_path / "scores.json"),
        says=["is for a note of train", "split"],
    )


def _with_foreign_notes(given: Path, count: int) -> Path:
    """Return evidence in which the first notes have ids of another corpus."""
    spans = pl.read_parquet(given)
    foreign = spans["note_id"].unique(maintain_order=True)[:count].to_list()
    path = given.with_name("foreign.parquet")
    spans.with_columns(
        pl.col("note_id").replace({note_id: f"foreign-{note_id}" for note_id in foreign})
    ).write_parquet(path)
    return path


def test_evidence_of_another_corpus_is_refused(
    refused: Callable[..., str], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    notes = pl.read_parquet(given)["note_id"].n_unique()
    foreign = _with_foreign_notes(given, notes - 1)
    says = [f"the evidence belongs to another corpus: {notes - 1} of its {notes} notes are not in"]
    score = ("evidence", "score", "--corpus", little_corpus.path, "--evidence", foreign)
    refused(*score, "--out", tmp_path / "scores.json", says=says)
    export = ("evidence", "export", foreign, "--corpus", little_corpus.path, "--format", "codiesp")
    refused(*export, "--out", tmp_path / "out.tsv", says=says)


def test_notes_that_the_corpus_lacks_are_warned_of(
    clem: Callable[..., Any], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    foreign, out = _with_foreign_notes(given, 2), tmp_path / "scores.json"
    verb = ("evidence", "score", "--corpus", little_corpus.path, "--resamples", 0, "--out", out)
    done = clem(*verb, "--evidence", foreign)
    spans = pl.read_parquet(foreign)["note_id"].str.starts_with("foreign-").sum()
    assert f"2 notes with evidence missing from {little_corpus.path}: {spans} spans are left out" in done.err
    assert "and 0 spans predicted for other notes of the corpus" in " ".join(done.out.split())
    document = json.loads(out.read_text())
    assert document["predicted_notes_outside_corpus"] == 2
    assert document["predicted_spans_left_out"] == document["predicted_spans_outside_corpus"] == spans
    assert clem(*verb, "--evidence", given, "--force").err == ""


def test_exported_evidence_is_scored_like_the_original(
    clem: Callable[..., Any], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    codiesp = tmp_path / "given.tsv"
    done = clem(
        *("evidence", "export", given, "--corpus", little_corpus.path),
        *("--format", "codiesp", "--out", codiesp, "--json"),
    )
    assert done.code == 0, done.err
    spans = sum(len(note.evidence) for note in little_corpus.notes("test"))
    assert (done.json["spans"], done.json["spans_left_out"]) == (spans, 0)
    verb = ("evidence", "score", "--corpus", little_corpus.path, "--resamples", 0, "--trim", "--json")
    documents = [
        clem(*verb, "--evidence", path, "--out", tmp_path / f"{number}.json").json
        for number, path in enumerate((given, codiesp))
    ]
    assert documents[0] == documents[1]


def test_ids_that_mdace_cannot_hold_are_refused(
    refused: Callable[..., str], little_corpus: Corpus, given: Path, tmp_path: Path
) -> None:
    refused(
        *("evidence", "export", given, "--corpus", little_corpus.path),
        *("--format", "mdace", "--out", tmp_path / "out"),
        says=["expected a whole number", "--format codiesp"],
    )
