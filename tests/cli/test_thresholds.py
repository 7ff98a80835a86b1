"""clem thresholds: its tables, the scores it reads, and the policy it stores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from clem_icd.cli.thresholds import Policy
from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, rule_from_json, single_threshold
from clem_icd.modeling import ModelInfo
from support import write_little_corpus

Invoke = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def result(journey: Any, clem: Invoke) -> Any:
    """The result of the command for the run of the journey."""
    found = clem("thresholds", journey.run, "--corpus", journey.corpus, "--json", "--quiet")
    assert found.code == 0, found.err + found.traceback
    return found.json


def files_of(run: Path) -> list[object]:
    scores = run / "scores"
    return [
        "--validation-scores",
        scores / "validation.parquet",
        "--test-scores",
        scores / "test.parquet",
    ]


def test_the_command_offers_every_policy_of_the_package() -> None:
    assert [policy.value for policy in Policy] == list(get_args(PolicyName))


def test_every_policy_is_evaluated_on_both_splits(journey: Any, result: Any) -> None:
    corpus = Corpus.open(journey.corpus)
    assert (result["format"], result["format_version"]) == ("clem-icd/thresholds", 1)
    assert result["corpus"]["synthetic"] is True
    assert result["notes"] == {split: corpus.size(split) for split in ("validation", "test")}
    assert [effect["policy"] for effect in result["policies"]] == list(POLICIES)
    for effect in result["policies"]:
        assert effect["metrics"].keys() == {"validation", "test"}
        rule = rule_from_json(effect["rule"], result["labels"])
        assert rule.describe() == effect["chosen"]


def test_the_policy_of_the_run_reproduces_its_metrics(journey: Any, result: Any) -> None:
    edin2024 = result["policies"][0]
    info = ModelInfo.read(journey.model)
    assert edin2024["rule"]["value"] == single_threshold(info.rule)
    for split, metrics in edin2024["metrics"].items():
        assert metrics.items() <= info.metrics[split].items()


def test_calibration_is_shown_before_and_after_scaling(result: Any) -> None:
    assert [one["scaling"] for one in result["calibration"]] == ["none", "temperature", "platt"]
    fitted = [one["calibration"]["validation"] for one in result["calibration"]]
    # Platt's line makes the sum of the probabilities that of the codes.
    assert fitted[2]["expected_codes"] == pytest.approx(fitted[2]["codes"], rel=0.01)
    assert abs(fitted[0]["expected_codes"] - fitted[0]["codes"]) > 0.05 * fitted[0]["codes"]


def test_scores_files_and_their_run_give_the_same_document(journey: Any, result: Any, clem: Invoke) -> None:
    found = clem("thresholds", *files_of(journey.run), "--corpus", journey.corpus, "--json")
    assert found.json == result


def test_without_a_test_split_only_validation_is_shown(journey: Any, clem: Invoke) -> None:
    validation = journey.run / "scores" / "validation.parquet"
    found = clem("thresholds", "--validation-scores", validation, "--corpus", journey.corpus)
    assert found.code == 0
    assert "validation, optimistic: the rules were chosen on it" in found.out
    assert "test" not in found.out


def test_the_table_shows_what_was_chosen_and_every_figure(journey: Any, result: Any, clem: Invoke) -> None:
    found = clem("thresholds", journey.run, "--corpus", journey.corpus)
    for effect in result["policies"]:
        assert f"{effect['policy']} ({effect['title']}): a code is assigned {effect['chosen']}" in found.out
        for values in effect["metrics"].values():
            row = [effect["policy"], *(f"{values[name]:.4f}" for name in result["titles"])]
            assert row in [line.split() for line in found.out.splitlines()]


def test_the_document_is_written_to_out_and_replaced_only_by_force(
    journey: Any, result: Any, clem: Invoke, tmp_path: Path
) -> None:
    out = tmp_path / "thresholds.json"
    arguments = ("thresholds", journey.run, "--corpus", journey.corpus, "--out", out)
    assert clem(*arguments).code == 0
    assert json.loads(out.read_text(encoding="utf-8")) == result
    assert clem(*arguments).code == 2
    assert clem(*arguments, "--force").code == 0


@pytest.mark.parametrize("policy", ["per-code", "expected-f1", "fixed"])
def test_a_stored_policy_is_used_by_every_later_command(
    world: Any, result: Any, clem: Invoke, policy: str
) -> None:
    # The corpus is another folder with the same content.
    found = clem("thresholds", world.run, "--corpus", world.corpus, "--store", policy)
    assert found.code == 0, found.err + found.traceback
    assert f"Stored the policy {policy} in {world.model}, and re-evaluated {world.run}\n" in found.err
    [effect] = [one for one in result["policies"] if one["policy"] == policy]
    info = ModelInfo.read(world.model)
    assert info.rule.as_json() == effect["rule"]
    about = json.loads((world.run / "metrics.json").read_text(encoding="utf-8"))
    assert effect["metrics"]["test"].items() <= about["metrics"].items()

    judged = clem(*world.evaluate("--model", world.model), "--json").json
    assert judged["metrics"] == about["metrics"]
    assert judged["threshold"] is None
    coded = clem("code", world.model, "--json", stdin="Admitted with pneumonia.").json
    assert coded["threshold"] is None
    assert coded["decided"] == effect["chosen"]
    assert f"A code is assigned {effect['chosen']}." in clem("code", world.model, stdin="Pneumonia.").out


def test_storing_the_policy_of_the_recipe_changes_nothing(world: Any, clem: Invoke) -> None:
    names = ("model/clem.json", "model/README.md", "metrics.json", "metrics-validation.json")
    before = [(world.run / name).read_bytes() for name in names]
    assert clem("thresholds", world.run, "--corpus", world.corpus, "--store", "exact").code == 0
    assert [(world.run / name).read_bytes() for name in names] != before
    assert clem("thresholds", world.run, "--corpus", world.corpus, "--store", "edin2024").code == 0
    assert [(world.run / name).read_bytes() for name in names] == before


def test_ambiguous_or_missing_scores_are_refused(world: Any, refused: Refused) -> None:
    corpus = ("--corpus", world.corpus)
    remedy = "Name either a run or --validation-scores"
    both = ["both a run and scores files", remedy]
    refused("thresholds", *corpus, says=["neither a run nor scores files", remedy])
    refused("thresholds", world.run, *files_of(world.run), *corpus, says=both)
    refused("thresholds", world.run, *files_of(world.run)[2:], *corpus, says=both)
    says = ["--test-scores needs --validation-scores", "name the scores to choose the rules on"]
    refused("thresholds", *files_of(world.run)[2:], *corpus, says=says)
    says = ["--store needs a run", "Name a run"]
    refused("thresholds", *files_of(world.run), *corpus, "--store", "exact", says=says)


def test_a_folder_of_several_runs_is_refused(world: Any, refused: Refused) -> None:
    (world.run / "seeds.json").write_text("{}", encoding="utf-8")
    says = ["several runs", "Name one of them, such as", "seed-0"]
    refused("thresholds", world.run, "--corpus", world.corpus, says=says)


def test_missing_validation_scores_are_refused(world: Any, refused: Refused) -> None:
    (world.run / "scores" / "validation.parquet").unlink()
    says = ["validation.parquet", "no such file", "clem predict"]
    refused("thresholds", world.run, "--corpus", world.corpus, says=says)


def test_a_corpus_without_validation_is_refused(world: Any, tmp_path: Path, refused: Refused) -> None:
    other = write_little_corpus(tmp_path / "other", sizes={"train": 30, "test": 10})
    says = ["no validation split", "needed to choose thresholds", "a share for validation"]
    refused("thresholds", world.run, "--corpus", other.path, says=says)


def test_scores_of_the_wrong_split_are_refused(world: Any, refused: Refused) -> None:
    scores = world.run / "scores"
    shutil.copy(scores / "test.parquet", scores / "validation.parquet")
    says = ["do not match the split validation"]
    refused("thresholds", world.run, "--corpus", world.corpus, says=says)


def test_an_unfinished_run_is_not_changed(world: Any, refused: Refused) -> None:
    state = world.run / "run.json"
    about = json.loads(state.read_text(encoding="utf-8"))
    state.write_text(json.dumps(about | {"ended": False}), encoding="utf-8")
    says = ["is not finished", "--resume"]
    refused("thresholds", world.run, "--corpus", world.corpus, "--store", "exact", says=says)
