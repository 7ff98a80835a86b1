"""The decision rule of a run's model: from the policy of its recipe, or stored afterwards."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.decisions import POLICIES, PolicyName, Rule, choose_rule
from clem_icd.errors import CorpusError, RecipeError, RunError, ScoresError
from clem_icd.evaluation import evaluate
from clem_icd.icd import default_codebook
from clem_icd.modeling import ModelInfo
from clem_icd.scores import Scores
from clem_icd.training import read_recipe, store_rule, train
from support import make_note, write_little_corpus
from training.conftest import Listener


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def rule_of(run: Path, corpus: Corpus, policy: PolicyName) -> Rule:
    scores = Scores.read(run / "scores" / "validation.parquet").of(corpus, "validation")
    return choose_rule(policy, corpus.targets("validation"), scores, corpus.train_counts())


@pytest.fixture(scope="module")
def trained(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(read_recipe("linear"), little_corpus, tmp_path_factory.mktemp("run") / "linear")


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_the_policy_of_the_recipe_is_used(little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = read_recipe("linear", ["threshold_policy=per-code"])
    run = train(recipe, little_corpus, tmp_path / "run")
    info = ModelInfo.read(run / "model")
    assert info.rule == rule_of(run, little_corpus, "per-code")
    assert info.threshold_policy == POLICIES["per-code"].sentence
    assert read(run / "metrics.json")["rule"] == info.rule.as_json()
    assert read(run / "metrics.json")["threshold"] is None


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(RecipeError, match="threshold_policy: Input should be 'edin2024', 'exact'"):
        read_recipe("linear", ["threshold_policy=best"])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_stored_policy_decides_and_all_metrics_follow_it(
    policy: PolicyName, run: Path, little_corpus: Corpus
) -> None:
    rule = store_rule(run, little_corpus, policy)
    info = ModelInfo.read(run / "model")
    assert rule == info.rule == rule_of(run, little_corpus, policy)
    assert POLICIES[policy].sentence in (run / "model" / "README.md").read_text(encoding="utf-8")
    scores = Scores.read(run / "scores" / "test.parquet").of(little_corpus, "test")
    expected = evaluate(little_corpus.targets("test"), scores, rule)
    assert expected.items() <= info.metrics["test"].items()
    assert expected.items() <= read(run / "metrics.json")["metrics"].items()


def test_evidence_of_the_earlier_rule_is_named(run: Path, little_corpus: Corpus) -> None:
    listener = Listener()
    assert (run / "evidence.json").is_file()
    store_rule(run, little_corpus, "top-k", observer=listener)
    [notice] = [line for line in listener.lines if line.startswith("Notice: the evidence in this run")]
    assert "clem explain MODEL" in notice
    again = Listener()
    store_rule(run, little_corpus, "top-k", observer=again)
    assert not [line for line in again.lines if "evidence" in line]


def test_a_run_on_another_corpus_is_not_changed(run: Path, tmp_path: Path) -> None:
    before = (run / "model" / "clem.json").read_bytes()
    other = write_little_corpus(tmp_path / "other", sizes={"train": 30, "validation": 10, "test": 10})
    with pytest.raises(RunError, match="another corpus"):
        store_rule(run, other, "exact")
    assert (run / "model" / "clem.json").read_bytes() == before


def test_without_validation_scores_nothing_changes(run: Path, little_corpus: Corpus) -> None:
    before = (run / "model" / "clem.json").read_bytes()
    (run / "scores" / "validation.parquet").unlink()
    with pytest.raises(ScoresError, match="no such file"):
        store_rule(run, little_corpus, "exact")
    assert (run / "model" / "clem.json").read_bytes() == before


def test_without_codes_in_validation_nothing_is_trained(tmp_path: Path) -> None:
    uncoded = replace(make_note(90), codes=(), evidence=())
    place = tmp_path / "corpus"
    with corpus_writer(
        place, name="uncoded", source="test", options={}, inputs=[], codebook=default_codebook(),
        synthetic=True, population=None,
    ) as writer:  # fmt: skip
        writer.write("train", [make_note(number) for number in range(40)])
        writer.write("validation", [uncoded])
    with pytest.raises(CorpusError, match="no note with a code in validation"):
        train(read_recipe("linear"), Corpus.open(place), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_scores_that_are_nan_are_refused(little_corpus: Corpus) -> None:
    targets = little_corpus.targets("validation")
    with pytest.raises(ScoresError, match="a score is NaN"):
        choose_rule("exact", targets, np.full(targets.shape, np.nan), little_corpus.train_counts())
