"""``--evidence`` with ``--method`` and ``--cut``, in the verbs that show or write evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

NOTE = "The patient has hypertension and pneumonia. " * 3


def code(world: Any, *options: object) -> list[object]:
    return ["code", world.model, *options]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--method", "input-x-gradient"], ["--method needs --evidence"]),
        (["--cut", 0.1], ["--cut needs --evidence"]),
        (["--evidence", "--method", "input-x-gradeint"], ["did you mean input-x-gradient?"]),
        (
            ["--evidence", "--method", "{kind: occlusion, words: 3}"],
            ["method occlusion has no setting 'words'. Its settings are sentences,"],
        ),
        (
            ["--evidence", "--method", "{kind: occlusion"],
            ["is not a list of methods", "{kind: occlusion, sent"],
        ),
        (["--evidence", "--method", "random, attention"], ["--method names 2 methods, expected one"]),
        (["--evidence", "--method", "own"], ["method own needs a system that takes codes from words"]),
    ],
)
def test_options_of_evidence_that_do_not_apply_are_refused(
    options: list[object], says: list[str], refused: Any, journey: Any, tmp_path: Path
) -> None:
    refused("code", journey.model, *options, says=says, stdin=NOTE)
    out = tmp_path / "scores.parquet"
    placed = [
        option if option != "--evidence" else f"--evidence={tmp_path / 'e.parquet'}" for option in options
    ]
    refused("predict", journey.model, "--corpus", journey.corpus, "--out", out, *placed, says=says)


def test_an_unknown_method_is_refused_before_the_model_and_the_corpus_are_opened(
    refused: Any, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    refused(
        *("predict", missing, "--corpus", missing, "--out", tmp_path / "scores.parquet"),
        *("--evidence", tmp_path / "spans.parquet", "--method", "tea-leaves"),
        says=["there is no method 'tea-leaves'"],
    )
    refused("code", missing, missing, "--evidence", "--method", "tea-leaves", says=["'tea-leaves'"])


def test_a_cut_outside_shares_is_refused(clem: Any, journey: Any) -> None:
    found = clem(*code(journey, "--evidence", "--cut", 1.5), stdin=NOTE)
    assert found.code == 2
    assert "--cut" in found.err


def test_a_cut_is_refused_for_a_search_in_titles(refused: Any) -> None:
    refused(
        *("code", "icd9pcs", "--evidence", "--cut", 0.1),
        says=["method own takes spans as they are"],
        stdin=NOTE,
    )


def test_the_method_and_the_cut_decide_what_is_shown(clem: Any, journey: Any) -> None:
    """A lower cut never shows fewer words, and a cut of 1 none."""

    def words(cut: float) -> int:
        options = ("--evidence", "--method", "input-x-gradient", "--cut", cut, "--json", "--quiet")
        found = clem(*code(journey, *options), stdin=NOTE).json
        assert found["explanation"]["method"] == "input-x-gradient"
        assert (found["explanation"]["rule"]["cut"], found["explanation"]["chosen"]) == (cut, "given")
        spans = [span for one in found["notes"][0]["suggestions"] for span in one["evidence"]]
        assert {span["begin"] < span["end"] <= len(NOTE) for span in spans} <= {True}
        return sum(span["end"] - span["begin"] for span in spans)

    assert words(0) >= words(0.05) > words(1) == 0
    shown = clem(*code(journey, "--evidence", "--cut", 0.25), stdin=NOTE).out
    assert "Shown are words with more than 25 % of the support" in " ".join(shown.split())


def test_a_method_can_have_settings(clem: Any, journey: Any) -> None:
    def spans(method: str) -> list[Any]:
        options = ("--evidence", "--method", method, "--cut", 0, "--json", "--quiet")
        found = clem(*code(journey, *options), stdin="A quiet night.\nPneumonia today.\nStable since.").json
        return [one["evidence"] for one in found["notes"][0]["suggestions"]]

    assert spans("occlusion") == spans("{kind: occlusion, sentences: 4}")
    assert spans("occlusion") != spans("{kind: occlusion, sentences: 1}")


def test_a_prediction_says_for_how_many_codes_there_is_no_evidence_and_which_notes_were_cut_off(
    clem: Any, journey: Any, tmp_path: Path
) -> None:
    out, spans = tmp_path / "scores.parquet", tmp_path / "spans.parquet"
    found = clem(
        *("predict", journey.model, "--corpus", journey.corpus, "--out", out, "--evidence", spans),
        *("--cut", 1, "--json", "--quiet"),
    )
    assert found.code == 0, found.err
    value = found.json
    assert value["explanation"]["rule"]["cut"] == 1
    assert pl.read_parquet(spans).is_empty()
    *_, cut_off, without = value["warnings"]
    notes = value["notes"]
    assert f"of {notes:,} notes are longer than the model reads: their evidence is only from what" in cut_off
    count, rest = without.split(" of ", 1)
    assert rest == f"{count} assigned codes have no evidence: no word is above the cut of 1."
    # Scores say nothing about evidence.
    about = json.loads(pl.read_parquet_metadata(out)["clem_icd"])["about"]
    assert not any("evidence" in line for line in about["warnings"])
