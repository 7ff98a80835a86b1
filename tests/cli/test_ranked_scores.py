"""Every verb that reads scores, on those of a system that ranks a whole code system."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import write_info
from clem_icd.prediction import predict_split
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import RankedScores, Scores, corpus_labels
from fixtures.ranking import RankingSystem, ranking_info
from support import info_of

Invoke = Callable[..., Any]
Refused = Callable[..., str]
SPACE = "65 codes of icd10cm (ranked: the 1,000 best per note)"


@pytest.fixture
def dense_run(little_corpus: Corpus, ranking_run: RunLayout, tmp_path: Path) -> RunLayout:
    """A run whose model scores the labels of the corpus only."""
    layout = RunLayout(tmp_path / "dense")
    layout.model.mkdir(parents=True)
    info = info_of(little_corpus, system="linear")
    write_info(info, layout.model)

    class Restricted(RankingSystem):
        def score(self, texts: Any) -> Any:
            read = RankedScores.read(ranking_run.scores("test"))
            values = corpus_labels(read, little_corpus).of(little_corpus, "test")
            for one, row in zip(super().score(texts), values, strict=True):
                yield one._replace(probabilities=row)

    predict_split(Restricted(), info, little_corpus, "test", layout.scores("test"))
    return layout


def evaluated(clem: Invoke, corpus: Corpus, scores: Path, model: Path, out: Path) -> Any:
    found = clem("evaluate", "--corpus", corpus.path, "--scores", scores, "--model", model, "--out", out)
    assert found.code == 0, found.err
    return found


def test_predict_lists_as_many_codes_as_requested(
    clem: Invoke, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "scores.parquet"
    made = RankingSystem(), ranking_info(little_corpus)
    monkeypatch.setattr("clem_icd.modeling.load_model", lambda folder, **_: made)
    model = tmp_path / "model"
    model.mkdir()
    arguments = ("predict", model, "--corpus", little_corpus.path, "--out", out)
    found = clem(*arguments, "--top", 4)
    assert found.code == 0, found.err
    assert "Wrote the scores of 24 notes for the 4 best of 65 codes" in found.out
    assert RankedScores.read(out).space.top == 4
    assert clem(*arguments, "--force", "--json", "--quiet").json["top"] == 1000


def test_predict_refuses_top_for_other_models(refused: Refused, world: Any) -> None:
    refused(*world.predict(), "--top", 4, says=["4 best codes", "ranks a whole code system"])


def test_outputs_say_which_label_space_they_are_over(
    clem: Invoke,
    little_corpus: Corpus,
    ranking_run: RunLayout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    found = evaluated(
        clem, little_corpus, ranking_run.scores("test"), ranking_run.model, tmp_path / "metrics.json"
    )
    assert f"24 notes, {SPACE}" in found.out
    errors = clem("error-analysis", "--corpus", little_corpus.path, "--run", ranking_run.path)
    assert errors.code == 0, errors.err
    assert f"24 notes, {SPACE}" in errors.out
    assert "R@10" in errors.out
    assert re.search(r"^0 training notes +60 +0 +0\.000", errors.out, re.MULTILINE)
    policies = clem("thresholds", ranking_run.path, "--corpus", little_corpus.path)
    assert policies.code == 0, policies.err
    assert f"Label space: {SPACE}" in policies.out


def test_a_rule_is_chosen_on_ranked_validation_scores(
    clem: Invoke, refused: Refused, little_corpus: Corpus, ranking_run: RunLayout, tmp_path: Path
) -> None:
    arguments = [
        *("evaluate", "--corpus", little_corpus.path, "--scores", ranking_run.scores("test")),
        *("--validation-scores", ranking_run.scores("validation"), "--out", tmp_path / "metrics.json"),
    ]
    found = clem(*arguments, "--json", "--quiet")
    assert found.code == 0, found.err
    assert found.json["threshold_source"] == "validation"
    (tmp_path / "metrics.json").unlink()
    refused(*arguments, "--policy", "per-code", says=["a threshold for each label", "edin2024"])
    refused(
        *(*arguments[:5], "--threshold", 0.4, "--known-labels", "--out", tmp_path / "metrics.json"),
        says=["the best of 65 codes", "one that is not listed counts as missed"],
    )


def test_restricted_scores_are_compared_like_with_like(
    clem: Invoke,
    refused: Refused,
    little_corpus: Corpus,
    ranking_run: RunLayout,
    dense_run: RunLayout,
    tmp_path: Path,
) -> None:
    out = tmp_path / "restricted.parquet"
    scores = ranking_run.scores("test")
    found = clem("scores", "restrict", scores, "--corpus", little_corpus.path, "--out", out)
    assert found.code == 0, found.err
    assert "Warning: Restricted to the 6 labels of the corpus little" in found.out
    assert Scores.read(out).labels == little_corpus.codes
    refused(
        *("scores", "restrict", out, "--corpus", little_corpus.path, "--out", tmp_path / "again.parquet"),
        says=["a score for every label", "Use the file as it is"],
    )
    files = {"whole": scores, "restricted": out}
    for name, file in files.items():
        evaluated(clem, little_corpus, file, ranking_run.model, tmp_path / f"{name}.json")
    dense = dense_run.scores("test")
    evaluated(clem, little_corpus, dense, dense_run.model, tmp_path / "dense.json")
    one, other = (
        json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("restricted", "dense")
    )
    assert one["metrics"] == other["metrics"]
    assert any("Restricted to" in line for line in one["warnings"])

    compared = clem("compare", *(tmp_path / f"{name}.json" for name in ("dense", "whole", "restricted")))
    assert compared.code == 0, compared.err
    lines = " ".join(compared.out.split())
    assert "24 notes, several label spaces" in lines
    assert f"The label spaces differ (6; {SPACE})" in lines
    assert "`clem scores restrict` leaves these codes out" in lines


def test_a_paired_comparison_is_over_the_labels_of_both(
    clem: Invoke, little_corpus: Corpus, ranking_run: RunLayout, dense_run: RunLayout
) -> None:
    paired = ("--paired", "--corpus", little_corpus.path, "--resamples", 100)
    found = clem("compare", dense_run.path, ranking_run.path, *paired)
    assert found.code == 0, found.err
    assert f"Warning: the label spaces differ: 6 labels; {SPACE}" in found.err
    assert "--corpus-labels leaves them out" in found.err
    [pair] = clem("compare", dense_run.path, ranking_run.path, *paired, "--json", "--quiet").json["pairs"]
    assert f"{SPACE} versus 6 labels" in pair["title"]
    # The codes and scores of the corpus's labels are the same; the ranking system also assigns others.
    assert pair["metrics"]["micro_f1"]["difference"] < 0
    assert pair["metrics"]["macro_f1_all_labels"]["difference"] == 0
    alike = clem("compare", dense_run.path, ranking_run.path, *paired, "--corpus-labels", "--json", "--quiet")
    [pair] = alike.json["pairs"]
    assert {one["difference"] for one in pair["metrics"].values()} == {0}
    assert "versus" not in pair["title"]


def test_ranked_scores_are_exported(clem: Invoke, ranking_run: RunLayout, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    found = clem("scores", "export", ranking_run.scores("test"), "--out", out, "--top", 2)
    assert found.code == 0, found.err
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1 + 2 * 24
