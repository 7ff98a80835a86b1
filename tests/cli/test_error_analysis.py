"""``clem error-analysis``: where the errors of a run, or of any scores file, are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Dimensions = dict[str, dict[str, Any]]


def dimensions(document: dict[str, Any]) -> Dimensions:
    return {table["dimension"]: table for table in document["errors"]}


def test_the_tables_of_a_run_agree_with_its_metrics(clem: Callable[..., Any], journey: Any) -> None:
    done = clem("error-analysis", "--corpus", journey.corpus, "--run", journey.run, "--json")
    assert done.code == 0, done.err
    document = done.json
    levels = {group["name"]: group for group in dimensions(document)["level"]["groups"]}
    metrics = json.loads((journey.run / "metrics.json").read_text())["metrics"]
    for name in ("micro_precision", "micro_recall", "micro_f1"):
        assert levels["codes"][name] == pytest.approx(metrics[name])
    assert document["tokenizer"] == str(journey.model)
    tokens, words = (
        sum(group["notes"] for group in dimensions(document)[f"note_length_{unit}"]["groups"])
        for unit in ("tokens", "words")
    )
    assert tokens == words == document["notes"]


def test_a_scores_file_is_analysed_by_a_threshold(clem: Callable[..., Any], journey: Any) -> None:
    given = clem(
        "error-analysis", "--corpus", journey.corpus, "--scores", journey.scores, "--threshold", 0.5, "--json"
    )
    assert given.code == 0, given.err
    assert given.json["rule"]["value"] == 0.5
    assert given.json["tokenizer"] is None
    assert "note_length_tokens" not in dimensions(given.json)
    counted = clem(
        *("error-analysis", "--corpus", journey.corpus, "--scores", journey.scores, "--threshold", 0.5),
        *("--tokenizer", journey.model, "--json"),
    )
    assert "note_length_tokens" in dimensions(counted.json)


def test_a_threshold_precedes_the_rule_of_the_run(clem: Callable[..., Any], journey: Any) -> None:
    done = clem(
        "error-analysis", "--corpus", journey.corpus, "--run", journey.run, "--threshold", 2, "--json"
    )
    assert done.json["tokenizer"] == str(journey.model)
    assert {group["micro_recall"] for group in dimensions(done.json)["level"]["groups"]} == {0.0}


def test_the_tables_are_shown_and_written(clem: Callable[..., Any], world: Any) -> None:
    out = world.root / "errors.json"
    done = clem("error-analysis", "--corpus", world.corpus, "--run", world.run, "--out", out)
    assert done.code == 0, done.err
    document = json.loads(out.read_text())
    assert document["format"] == "clem-icd/errors"
    for table in document["errors"]:
        assert table["title"] in done.out
    assert [marker for marker in world.markers if marker in done.out + out.read_text()] == []


@pytest.mark.parametrize("both", [True, False])
def test_exactly_one_of_a_run_and_scores_is_required(
    refused: Callable[..., str], world: Any, both: bool
) -> None:
    named = ["--run", world.run, "--scores", world.scores] if both else []
    refused(
        "error-analysis",
        "--corpus",
        world.corpus,
        *named,
        says=[
            "both a run and scores files" if both else "neither a run nor scores files",
            "either --run or --scores",
        ],
    )


def test_a_missing_run_is_refused(refused: Callable[..., str], world: Any) -> None:
    refused(
        "error-analysis",
        "--corpus",
        world.corpus,
        "--run",
        world.root / "no",
        says=["no such folder, expected the folder of a run"],
    )


def test_scores_without_a_rule_are_refused(refused: Callable[..., str], world: Any) -> None:
    refused(
        "error-analysis", "--corpus", world.corpus, "--scores", world.scores, says=["--model", "--threshold"]
    )


def test_an_occupied_output_is_left_alone(refused: Callable[..., str], world: Any) -> None:
    refused(
        *("error-analysis", "--corpus", world.corpus, "--run", world.run, "--out", world.scores),
        says=["scores.parquet", "--force"],
    )
