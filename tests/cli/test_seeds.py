"""Training with several seeds, from the command to the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from support import LITTLE_SETTINGS

SETTINGS = [*LITTLE_SETTINGS, "training.epochs=1", "seeds=2"]

Clem = Callable[..., Any]


@pytest.fixture(scope="module")
def runs(clem: Clem, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("seeds") / "runs"
    found = clem("train", "clem-icd-small", "--corpus", little_corpus.path, "--out", out, *SETTINGS)
    assert found.code == 0, found.err
    assert [line for line in found.err.splitlines() if line.startswith("Seed")] == [
        "Seed 1 of 2, in seed-0",
        "Seed 2 of 2, in seed-1",
    ]
    micro = json.loads((out / "metrics.json").read_text())["metrics"]["micro_f1"]
    shown = f"{100 * micro['mean']:.1f} \N{PLUS-MINUS SIGN} {100 * micro['sd']:.1f}"
    [row] = [line for line in found.out.splitlines() if "Micro-F1" in line]
    assert row.rstrip().endswith(shown)
    return out


def test_the_reported_model_is_the_best_on_validation(clem: Clem, runs: Path, little_corpus: Corpus) -> None:
    again = ["train", "clem-icd-small", "--corpus", little_corpus.path, "--out", runs, "--resume", *SETTINGS]
    shown = clem(*again, "--json", "-q").json
    best = json.loads((runs / "seeds.json").read_text())["best_on_validation"]["run"]
    assert shown["model"] == str(runs / best / "model")
    assert clem("code", shown["model"], "--top", "1", stdin="hypertension. pneumonia.").code == 0


def test_seeds_are_reevaluated_from_their_scores(clem: Clem, runs: Path, little_corpus: Corpus) -> None:
    before = (runs / "metrics.json").read_bytes()
    found = clem("evaluate", "--corpus", little_corpus.path, "--run", runs)
    assert found.code == 0, found.err
    assert "\N{PLUS-MINUS SIGN}" in found.out
    assert (runs / "metrics.json").read_bytes() == before


def test_a_report_of_seeds_shows_single_seeds_next_to_it_and_draws_figures(
    clem: Clem, runs: Path, tmp_path: Path
) -> None:
    beside = ["--beside", runs / "seed-0", "--beside", runs / "seed-1" / "metrics.json"]
    found = clem("report", runs, *beside, "--figures", tmp_path / "figures", "--json")
    assert found.code == 0, found.err
    assert found.json["report"] == str(runs / "report.html")
    written = [Path(path) for path in found.json["figures"]]
    assert {*written, tmp_path / "figures" / "captions.txt"} == set((tmp_path / "figures").iterdir())
    assert {"loss.pdf", "precision-recall.svg", "bucket-micro_f1.png"} <= {path.name for path in written}
    assert "seed-0" in (runs / "report.html").read_text()


@pytest.mark.parametrize("key", ["seed", "seeds"])
def test_the_linear_baseline_has_no_seeds(refused: Callable[..., str], key: str, tmp_path: Path) -> None:
    out = ["--corpus", tmp_path / "corpus", "--out", tmp_path / "out"]
    refused("train", "linear", *out, f"{key}=5", says=[f"no key '{key}'", "has no randomness"])
