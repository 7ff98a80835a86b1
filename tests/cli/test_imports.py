"""What each verb imports: a verb that only reads files starts without waiting for torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"torch", "transformers", "polars", "pyarrow", "pydantic", "jinja2", "matplotlib"}

_PROGRAM = """
import sys
from clem_icd.cli import main
try:
    main()
except SystemExit as ended:
    print("\\ncode", ended.code or 0)
print("modules", *sys.modules)
"""


def imported(*arguments: object) -> set[str]:
    """Run a command in a separate process, and return the packages that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    *_, code, modules = done.stdout.splitlines()
    assert code == "code 0", done.stderr
    return set(modules.removeprefix("modules ").split())


def test_help_imports_nothing_heavy() -> None:
    assert imported("--help") & HEAVY == set()


@pytest.mark.parametrize(
    "verb", [("scores",), ("prepare", "mimic4-icd10"), ("train",), ("evaluate",), ("reproduce",)]
)
def test_the_help_of_a_verb_imports_nothing_heavy(verb: tuple[str, ...]) -> None:
    # Typer itself reads the options of a verb with pydantic.
    assert imported(*verb, "--help") & HEAVY <= {"pydantic"}


COMMANDS: dict[str, list[str]] = {
    "scores export": ["scores", "export", "{scores}", "--out", "{out}/scores.csv"],
    "thresholds": ["thresholds", "{run}", "--corpus", "{corpus}"],
    "error-analysis of a run": ["error-analysis", "--corpus", "{corpus}", "--run", "{run}"],
    "error-analysis of scores": [
        *("error-analysis", "--corpus", "{corpus}", "--scores", "{scores}", "--threshold", "0.5"),
    ],
    "compare": ["compare", "{run}", "--definitions"],
    "compare in pairs": [
        *("compare", "{run}", "{run}", "--paired", "--corpus", "{corpus}", "--resamples", "100"),
    ],
    "evaluate by a threshold": [
        *("evaluate", "--corpus", "{corpus}", "--scores", "{scores}", "--threshold", "0.5"),
        *("--resamples", "0", "--out", "{out}/metrics.json"),
    ],
    "evaluate by a model": [
        *("evaluate", "--corpus", "{corpus}", "--scores", "{scores}", "--model", "{run}/model"),
        *("--resamples", "0", "--out", "{out}/metrics.json"),
    ],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_verb_that_reads_scores_does_not_import_torch(
    journey: Any, tmp_path: Path, arguments: list[str]
) -> None:
    places = {"run": journey.run, "corpus": journey.corpus, "out": tmp_path}
    scores = journey.run / "scores" / "test.parquet"
    found = imported(*(argument.format(**places, scores=scores) for argument in arguments))
    assert "pyarrow" in found
    assert found & {"torch", "transformers", "matplotlib"} == set()


def test_coding_a_note_imports_only_what_a_neural_model_needs(journey: Any, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Admitted with pneumonia.", encoding="utf-8")

    found = imported("code", journey.model, note)

    assert "torch" in found
    assert found & {"sklearn", "polars", "matplotlib", "clem_icd.corpus", "clem_icd.training"} == set()
