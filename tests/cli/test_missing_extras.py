"""Verbs without the optional packages: the rest works, and what needs one names the extra in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus

OPTIONAL = ("jinja2", "matplotlib", "peft", "tensorboard")

_PROGRAM = """
import sys
for name in sys.argv.pop(1).split():
    sys.modules[name] = None
from clem_icd.cli import main
main()
"""


def without(packages: tuple[str, ...], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a separate process, where some packages cannot be imported."""
    command = [sys.executable, "-c", _PROGRAM, " ".join(packages), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
@pytest.mark.parametrize(
    "arguments", [["report", "{run}"], ["compare", "{run}", "--out", "{out}/comparison.html"]]
)
def test_a_page_without_its_packages_names_the_extra(
    world: Any, tmp_path: Path, arguments: list[str], package: str
) -> None:
    report = (world.run / "report.html").read_bytes()
    out = tmp_path / "pages"
    out.mkdir()
    found = without((package,), *(argument.format(run=world.run, out=out) for argument in arguments))
    assert (found.returncode, found.stdout) == (2, "")
    [line] = found.stderr.splitlines()
    assert line.startswith("clem: ")
    assert f"needs {package}, which is not installed" in line
    assert line.endswith("Install it with: pip install 'clem-icd[report]'.")
    assert list(out.iterdir()) == []
    assert (world.run / "report.html").read_bytes() == report


def test_a_comparison_on_the_terminal_needs_no_extra(world: Any) -> None:
    found = without(OPTIONAL, "compare", world.run, world.root / "metrics.json")
    assert (found.returncode, found.stderr) == (0, "")
    assert "Micro-F1" in found.stdout


def test_training_evaluating_and_coding_need_no_extra(little_corpus: Corpus, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trained = without(
        OPTIONAL, "train", "linear", "--corpus", little_corpus.path, "--out", run, "--json", "-q"
    )
    assert (trained.returncode, trained.stderr) == (0, "")
    scores = ("--scores", run / "scores" / "test.parquet", "--model", run / "model")
    judged = without(
        OPTIONAL, "evaluate", "--corpus", little_corpus.path, *scores, "--out", tmp_path / "m.json", "--json"
    )
    assert judged.returncode == 0, judged.stderr
    assert json.loads(judged.stdout)["metrics"] == json.loads(trained.stdout)["metrics"]
    note = tmp_path / "note.txt"
    note.write_text("hypertension. pneumonia.", encoding="utf-8")
    assert without(OPTIONAL, "code", run / "model", note).returncode == 0


def test_only_the_page_of_an_explanation_needs_an_extra(world: Any, tmp_path: Path) -> None:
    note, page = tmp_path / "note.txt", tmp_path / "note.html"
    note.write_text("hypertension. pneumonia.", encoding="utf-8")
    assert without(OPTIONAL, "explain", world.model, note).returncode == 0
    found = without(OPTIONAL, "explain", world.model, note, "--html", page)
    assert (found.returncode, found.stdout, page.exists()) == (2, "", False)
    [line] = found.stderr.splitlines()
    assert "needs jinja2, which is not installed" in line


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "prometheus_client"])
def test_a_service_without_its_packages_names_the_extra(package: str) -> None:
    found = without((package,), "serve", "icd9pcs")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        f"clem: The service needs {package}, which is not installed. "
        "Install it with: pip install 'clem-icd[serve]'.\n"
    )
