"""The decision rule for scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.decisions import Rule, Threshold, TopK
from clem_icd.errors import InputError, ModelError, ScoresError
from clem_icd.prediction import rule_for
from clem_icd.scores import Scores
from support import info_of


@pytest.fixture
def scores(little_corpus: Corpus) -> Scores:
    return Scores(("a",), little_corpus.codes, np.zeros((1, len(little_corpus.codes)), dtype=np.float32))


def test_a_given_threshold_is_used_as_it_is(scores: Scores) -> None:
    assert rule_for(scores, model=None, given=-3.5) == Threshold(-3.5)


@pytest.mark.parametrize("rule", [Threshold(0.25), TopK(2)])
def test_the_rule_of_a_model_is_used(
    scores: Scores, little_corpus: Corpus, tmp_path: Path, rule: Rule
) -> None:
    replace(info_of(little_corpus), rule=rule).write(tmp_path)
    assert rule_for(scores, model=tmp_path, given=None) == rule


@pytest.mark.parametrize(("model", "given", "found"), [(None, None, "neither"), (Path("model"), 0.5, "both")])
def test_model_and_threshold_exclude_each_other(
    scores: Scores, model: Path | None, given: float | None, found: str
) -> None:
    with pytest.raises(ScoresError, match=f"expected either --model or --threshold, got {found}"):
        rule_for(scores, model=model, given=given)


def test_a_model_with_other_labels_is_refused(scores: Scores, little_corpus: Corpus, tmp_path: Path) -> None:
    info = info_of(little_corpus)
    replace(info, labels=info.labels[1:], titles=info.titles[1:]).write(tmp_path)
    with pytest.raises(ScoresError, match=f"only in the scores, 0 only in the model {tmp_path}"):
        rule_for(scores, model=tmp_path, given=None)


def test_a_folder_without_a_model_is_refused(scores: Scores, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"clem\.json"):
        rule_for(scores, model=tmp_path, given=None)


@pytest.mark.parametrize("given", [float("nan"), float("inf"), -float("inf")])
def test_a_threshold_that_is_not_finite_is_refused(scores: Scores, given: float) -> None:
    with pytest.raises(InputError, match="the threshold is"):
        rule_for(scores, model=None, given=given)
