"""The scores that a verb evaluates, and the rule that decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.cli.resolve import one_run, require_no_other_rule, resolve, rule_chosen_on
from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.errors import ClemError, InputError
from clem_icd.modeling.info import ModelInfo
from clem_icd.runs.layout import SEEDS_STATE, RunLayout


def test_a_run_provides_its_scores_and_its_model(journey: Any) -> None:
    judged = resolve(journey.run, ("validation", "test"), named={"test": None})
    layout = RunLayout(journey.run)
    assert judged.files == {split: layout.scores(split) for split in ("validation", "test")}
    assert judged.model == layout.model
    scores = judged.scores("test")
    assert judged.rule(scores) == ModelInfo.read(layout.model).rule


def test_named_files_are_used_as_they_are(journey: Any) -> None:
    judged = resolve(None, ("test",), named={"test": journey.scores, "validation": None})
    assert (judged.files, judged.model) == ({"test": journey.scores}, None)
    with pytest.raises(ClemError, match="--threshold"):
        judged.rule(judged.scores("test"))


def test_a_named_rule_precedes_that_of_the_run(journey: Any) -> None:
    judged = resolve(journey.run, ("test",))
    scores = judged.scores("test")
    assert judged.rule(scores, threshold=0.25) == Threshold(0.25)
    assert judged.rule(scores, model=journey.model) == judged.rule(scores)
    with pytest.raises(ClemError, match="either --model"):
        judged.rule(scores, model=journey.model, threshold=0.25)


def test_exactly_one_of_a_run_and_scores_is_required(journey: Any) -> None:
    with pytest.raises(InputError, match=r"neither a run nor scores files, .* either a run or --these\."):
        resolve(None, ("test",), named={"test": None}, either=("a run", "--these"))
    with pytest.raises(InputError, match=r"both a run and scores files, .* either --run or --scores"):
        resolve(journey.run, ("test",), named={"test": journey.scores})


def test_a_run_is_a_folder_with_one_seed(tmp_path: Path, journey: Any) -> None:
    assert one_run(journey.run) == RunLayout(journey.run)
    with pytest.raises(InputError, match="absent: no such folder, expected the folder of a run"):
        one_run(tmp_path / "absent")
    with pytest.raises(InputError, match="is a file, expected the folder of a run"):
        one_run(journey.scores)
    (tmp_path / "seed-3").mkdir()
    with pytest.raises(InputError, match=r"several runs, one per seed.*seed-3"):
        one_run(tmp_path)
    (tmp_path / "seed-3").rmdir()
    (tmp_path / SEEDS_STATE).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"several runs, one per seed.*seed-0"):
        one_run(tmp_path)


def test_a_rule_is_chosen_on_validation_scores(journey: Any) -> None:
    judged = resolve(journey.run, ("validation", "test"))
    scores, corpus = judged.scores("test"), Corpus.open(journey.corpus)
    chosen = rule_chosen_on(judged.files["validation"], "edin2024", corpus, scores)
    assert chosen == judged.rule(scores)
    with pytest.raises(ClemError, match="do not match the split validation"):
        rule_chosen_on(judged.files["test"], "edin2024", corpus, scores)


def test_validation_scores_exclude_another_rule(journey: Any) -> None:
    require_no_other_rule(None, None)
    for model, threshold in ((journey.model, None), (None, 0.5)):
        with pytest.raises(InputError, match="several rules"):
            require_no_other_rule(model, threshold)
