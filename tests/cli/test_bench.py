"""clem bench: what it prints, and what it refuses before a model is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import save_model
from support import info_of, new_system, tiny

QUICK = ("--lengths", "16,64", "--repeats", 1, "--precisions", "fp32", "--rival-seconds", 0)


@pytest.fixture(scope="module")
def model(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench") / "model"
    save_model(new_system(little_corpus, tiny(64)), info_of(little_corpus, tiny(64)), folder)
    return folder


@pytest.fixture(autouse=True)
def no_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not repeat work that takes less than a second."""
    monkeypatch.setattr("clem_icd.speed.passes._MOST_TIMES", 1)


def test_a_measurement_prints_tables_and_a_conclusion(clem: Callable[..., Any], model: Path) -> None:
    found = clem("bench", model, *QUICK, "--quick", "--price", 0.5)
    assert found.code == 0, found.err
    for part in ("16 tokens", "64 tokens", "mixed", "fp32", "ceiling", "memory", "At 0.5 per hour"):
        assert part in found.out
    assert found.out.splitlines()[-1].startswith("100,000 notes take ")
    assert max(len(line) for line in found.out.splitlines() if line.startswith("16 tokens")) <= 80


def test_the_json_of_a_plan_has_what_would_run_and_how_long_it_takes(
    clem: Callable[..., Any], model: Path
) -> None:
    found = clem("bench", model, *QUICK, "--plan", "--json")
    assert {one["system"] for one in found.json["passes"]} == {"fp32"}
    assert found.json["expected_seconds"] > 0
    shown = clem("bench", model, *QUICK, "--plan")
    assert "All passes would take about" in shown.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--lengths", "16,sixty"), ["--lengths is '16,sixty'", "--lengths 128,512"]),
        (("--lengths", "65"), ["65 tokens", "the model reads 64"]),
        (("--precisions", "fp32,fp8"), ["'fp8' is not a precision", "fp32, bf16, int8"]),
        (("--repeats", "0"), ["0 repeats were asked for", "at least one"]),
        (("--split", "test"), ["--split was given without --corpus"]),
    ],
)
def test_bad_options_are_refused_in_one_line(
    refused: Callable[..., str], model: Path, options: tuple[str, ...], says: list[str]
) -> None:
    refused("bench", model, *options, says=says)


def test_a_corpus_without_the_split_is_refused_before_anything_is_measured(
    refused: Callable[..., str], model: Path, little_corpus: Corpus
) -> None:
    refused(
        *("bench", model, "--corpus", little_corpus.path, "--split", "tset"), says=["has no split 'tset'"]
    )


def test_a_busy_machine_is_named(
    clem: Callable[..., Any], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (64.0, 0.0, 0.0))
    options = (*QUICK, "--no-memory", "--quick", "--json")
    assert json.loads(clem("bench", model, *options).out)["busy"]
    assert "Warning: other work was running" in clem("bench", model, *QUICK, "--plan").out
