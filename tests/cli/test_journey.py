"""The command line as a user types it, from raw files to a report."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd import Coder

VERBS = ["synthesize", "prepare", "describe", "train", "predict", "evaluate", "report"]
NOTE = "Known hypertension and atrial fibrillation.\n"


def probabilities(note: dict[str, Any]) -> dict[str, float]:
    # Padding next to a longer note changes the last bit.
    return {one["code"]: round(one["probability"], 5) for one in sorted(note["suggestions"], key=str)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_gives_one_json_object_and_no_other_line(journey: Any, verb: str) -> None:
    assert isinstance(journey.outcomes[verb].json, dict)
    assert journey.outcomes[verb].err == ""


def test_the_corpus_says_that_it_is_synthetic(journey: Any) -> None:
    value = journey.outcomes["prepare"].json
    assert value["corpus"] == str(journey.corpus)
    assert value["synthetic"] is True
    described = journey.outcomes["describe"].json
    assert {name: split["notes"] for name, split in described["splits"].items()} == value["counts"]["notes"]
    assert described["labels"] == value["counts"]["labels"]


def test_synthesis_reports_its_place_and_size(journey: Any) -> None:
    value = journey.outcomes["synthesize"].json
    assert (value["path"], value["admissions"], value["seed"]) == (str(journey.raw), 120, 1)


def test_prediction_covers_the_split(journey: Any) -> None:
    counts = journey.outcomes["prepare"].json["counts"]
    assert journey.outcomes["predict"].json == {
        "scores": str(journey.scores),
        "split": "test",
        "notes": counts["notes"]["test"],
        "resumed": 0,
        "remaining": 0,
        "failed": [],
        "labels": counts["labels"],
        "warnings": [],
    }


def test_evaluation_reproduces_the_metrics_of_the_run(journey: Any) -> None:
    of_run = json.loads((journey.run / "metrics.json").read_text(encoding="utf-8"))
    assert journey.outcomes["evaluate"].json == of_run
    assert json.loads((journey.root / "metrics.json").read_text(encoding="utf-8")) == of_run
    assert journey.outcomes["train"].json["metrics"] == of_run["metrics"]


def test_passing_the_threshold_of_the_model_gives_its_metrics(world: Any, clem: Callable[..., Any]) -> None:
    of_model = world.outcomes["evaluate"].json
    given = clem(*world.evaluate("--threshold", of_model["threshold"]), "--json").json
    assert given["threshold_source"] == "given"
    assert given["metrics"] == of_model["metrics"]


def test_another_threshold_gives_other_metrics(world: Any, clem: Callable[..., Any]) -> None:
    none = clem(*world.evaluate("--threshold", 1), "--json").json["metrics"]
    assert none["micro_recall"] == 0
    assert none["micro_recall"] < world.outcomes["evaluate"].json["metrics"]["micro_recall"]
    assert none["map"] == world.outcomes["evaluate"].json["metrics"]["map"]


def test_notes_are_coded_from_files_and_standard_input_alike(
    journey: Any, clem: Callable[..., Any], tmp_path: Path
) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text(NOTE)
    two.write_text("Re\u0301sume\u0301 \U0001f642 pneumonia")
    found = clem("code", journey.model, one, two, "-", "--json", stdin=NOTE)
    notes = found.json["notes"]
    assert [note["note"] for note in notes] == [str(one), str(two), "-"]
    first, second, third = (probabilities(note) for note in notes)
    assert first == third != second
    [alone] = clem("code", journey.model, "--json", stdin=NOTE).json["notes"]
    assert probabilities(alone) == first
    for suggestion in notes[1]["suggestions"]:
        assert suggestion.keys() == {"code", "system", "title", "probability", "decided"}
        assert math.isfinite(suggestion["probability"])
        assert suggestion["decided"] is (suggestion["probability"] > found.json["threshold"])


def test_the_command_and_the_coder_agree(journey: Any, clem: Callable[..., Any]) -> None:
    [note] = clem("code", journey.model, "--top", 4, "--json", stdin=NOTE).json["notes"]
    expected = Coder.load(journey.model).code(NOTE, top=4)
    assert [one["code"] for one in note["suggestions"]] == [one.code for one in expected]
    assert [one["probability"] for one in note["suggestions"]] == pytest.approx(
        [one.probability for one in expected], abs=1e-6
    )


def test_a_truncated_note_is_reported_unless_quiet(journey: Any, clem: Callable[..., Any]) -> None:
    arguments = ("code", journey.model, "--json")
    long = clem(*arguments, stdin="pain " * 500)
    assert "the first 128 were read" in long.err
    assert long.json["notes"][0]["tokens_read"] == 128
    assert clem(*arguments, "--quiet", stdin="pain " * 500).err == ""


def test_every_verb_prints_text_without_json(world: Any, clem: Callable[..., Any]) -> None:
    assert "labels" in clem("describe", world.corpus).out
    assert f"All metrics and their definitions: {world.root}" in clem(*world.evaluate()).out
    assert "The coder decides" in clem("code", world.model, stdin=NOTE).out
    assert f"Wrote {world.run}" in clem("report", world.run).out
    assert "scores of" in clem(*world.predict()).out
    assert "labels" in clem(*world.prepare("--min-count", 5)).out
    small = ("--admissions", 2, "--words", 60)
    assert "2 admissions" in clem("synthesize", *small, "--out", world.root / "raw2").out


def test_resuming_a_finished_run_changes_nothing(world: Any, clem: Callable[..., Any]) -> None:
    before = (world.model / "model.safetensors").read_bytes()
    recipe = world.run / "recipe.yaml"
    found = clem("train", recipe, "--corpus", world.corpus, "--out", world.run, "--resume", "--json")
    assert "is already finished" in found.err
    assert found.json["metrics"] == world.outcomes["train"].json["metrics"]
    assert (world.model / "model.safetensors").read_bytes() == before


def test_no_note_text_is_in_a_run_or_a_scores_file(journey: Any) -> None:
    assert len(journey.markers) == journey.outcomes["synthesize"].json["notes"]
    texts = b""
    written = [*journey.run.rglob("*"), *journey.corpus.rglob("*.json"), *journey.root.glob("*.*")]
    assert len(written) > 20
    for path in written:
        texts += path.read_bytes() if path.is_file() else b""
    texts += "".join(outcome.out + outcome.err for outcome in journey.outcomes.values()).encode()
    assert [marker for marker in journey.markers if marker.encode() in texts] == []


def test_standard_output_holds_only_the_result(journey: Any) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "clem_icd.cli", "code", journey.model, "--json", "--quiet"],
        input=NOTE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["notes"][0]["note"] == "-"
