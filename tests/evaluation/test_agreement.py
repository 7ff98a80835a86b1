"""The benchmark that compares every metric with its definition and scikit-learn, run on fewer matrices."""

from __future__ import annotations

import json
import runpy
import sys

import pytest

from clem_icd.evaluation.profiles import PROFILES
from support import ROOT

SCRIPT = ROOT / "benchmarks" / "agreement.py"


def test_every_metric_agrees_with_its_definition_and_with_scikit_learn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # In this process, which has imported scikit-learn already and turns warnings into errors.
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--matrices", "50", "--json"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    output = capsys.readouterr().out
    assert not ended.value.code, output
    rows = json.loads(output)
    assert sorted(rows) == sorted(PROFILES["all"].names)
    assert all(row["loops"] is not None for row in rows.values())
    by_scikit_learn = [name for name, row in rows.items() if row["scikit-learn"] is not None]
    assert {"micro_f1", "macro_f1_split_labels", "map", "roc_auc_macro", "pr_auc_micro"} <= set(
        by_scikit_learn
    )
