"""Scoring a split with a system that ranks a whole code system, and deciding on its scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.modeling import write_info
from clem_icd.prediction import predict_split, rule_for
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import RankedScores, corpus_labels
from fixtures.ranking import SPACE, RankingSystem, ranking_info
from support import info_of


@pytest.mark.parametrize(("top", "listed"), [(None, 1000), (3, 3)])
def test_a_model_of_a_code_system_writes_its_best_codes(
    little_corpus: Corpus, tmp_path: Path, top: int | None, listed: int
) -> None:
    out = tmp_path / "scores.parquet"
    predict_split(RankingSystem(), ranking_info(little_corpus), little_corpus, "test", out, top=top)
    read = RankedScores.read(out)
    assert (read.space.name, read.space.size, read.space.top) == ("icd10cm", len(SPACE), listed)
    assert read.about["system"] == "lexicon"
    assert read.about["corpus_fingerprint"] == little_corpus.fingerprint
    expected = [one.probabilities for one in RankingSystem().score(little_corpus.texts("test"))]
    kept = [np.sort(scores[scores > 0])[::-1][:listed] for scores in expected]
    np.testing.assert_array_equal(read.values, np.concatenate(kept))


def test_other_models_refuse_to_list_only_some_codes(little_corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the 5 best codes .*`clem scores export --top`"):
        predict_split(
            RankingSystem(), info_of(little_corpus), little_corpus, "test", tmp_path / "scores.parquet", top=5
        )
    assert list(tmp_path.iterdir()) == []


def test_the_rule_of_the_model_decides_on_its_ranked_and_its_restricted_scores(
    little_corpus: Corpus, ranking_run: RunLayout
) -> None:
    scores = RankedScores.read(ranking_run.scores("test"))
    info = ranking_info(little_corpus)
    for one in (scores, corpus_labels(scores, little_corpus)):
        assert rule_for(one, model=ranking_run.model, given=None) == info.rule
    for other in (
        replace(info, label_space=CodeSystem.ICD10),
        replace(info, labels=SPACE[1:], titles=info.titles[1:]),
        info_of(little_corpus, system="linear"),
    ):
        write_info(other, ranking_run.model)
        with pytest.raises(ScoresError, match="different label spaces: 65 codes of icd10cm"):
            rule_for(scores, model=ranking_run.model, given=None)
