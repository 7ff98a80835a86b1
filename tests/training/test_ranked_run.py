"""The results of a run whose system ranks a whole code system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.modeling import ModelInfo
from clem_icd.progress import Silent
from clem_icd.reporting.report import write_report
from clem_icd.runs import spread
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import RankedScores
from clem_icd.training import read_recipe, run
from clem_icd.training.judging import write_metrics
from clem_icd.training.recipe import LinearRecipe
from fixtures.ranking import RankingSystem, ranking_info

SPACE = "65 codes of icd10cm (ranked: the 1,000 best per note)"


def written(corpus: Corpus, path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> RunLayout:
    """Write the results of a run as `train` does once the system is trained."""
    recipe = read_recipe("linear", [f"threshold_policy={policy}"])
    assert isinstance(recipe, LinearRecipe)
    monkeypatch.setattr(run, "new_info", lambda recipe, corpus: ranking_info(corpus))
    layout = RunLayout(path)
    scores = run._write_results(RankingSystem(), recipe, corpus, layout, Silent())
    write_metrics(path, corpus, scores)
    return layout


def test_a_run_stores_ranked_scores_and_its_report_names_the_label_space(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = written(little_corpus, tmp_path / "run", monkeypatch, "edin2024")
    for split in ("validation", "test"):
        assert RankedScores.read(layout.scores(split)).note_ids == tuple(little_corpus.note_ids(split))
    info = ModelInfo.read(layout.model)
    document = json.loads(layout.metrics().read_text(encoding="utf-8"))
    assert document["metrics"] == info.metrics["test"]
    assert document["label_space"]["description"] == SPACE
    seeds = spread([document, document])
    assert seeds["label_space"] == document["label_space"]
    assert seeds["buckets"][0]["recall_at_10"]["mean"] == document["buckets"][0]["recall_at_10"]

    page = write_report(layout.path).read_text(encoding="utf-8")
    assert f"24 notes, {SPACE}" in page
    assert f"Over {SPACE} and all notes" in page
    assert "Over all labels of the corpus and all notes" in page
    assert page.count(">R@10</th>") == page.count(">R@50</th>") == 2


def test_a_policy_with_a_threshold_for_each_code_is_refused(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ScoresError, match="a threshold for each label"):
        written(little_corpus, tmp_path / "run", monkeypatch, "per-code")
