"""Training without the packages for the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.training import judge, read_recipe, train


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_run_finishes_without_the_packages_for_its_report(
    little_corpus: Corpus, tmp_path: Path, listener: Any, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = (
        f"No report was written. The report needs {package}, which is not installed. "
        "Install it with: pip install 'clem-icd[report]'."
    )
    monkeypatch.setitem(sys.modules, package, None)
    run = train(read_recipe("linear"), little_corpus, tmp_path / "run", observer=listener)
    assert listener.lines.count(message) == 1
    assert json.loads((run / "run.json").read_text())["ended"]
    assert (run / "metrics.json").is_file()
    assert (run / "model" / "clem.json").is_file()
    assert not {"report.html", "learning-curves.png"} & {path.name for path in run.iterdir()}

    judge(run, little_corpus, observer=listener)
    assert listener.lines.count(message) == 2

    monkeypatch.undo()
    judge(run, little_corpus)
    assert (run / "report.html").is_file()
