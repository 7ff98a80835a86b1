"""The benchmark that compares every metric with its definition and scikit-learn, run on fewer matrices."""

from __future__ import annotations

import json
import subprocess
import sys

from clem_icd.evaluation.profiles import PROFILES
from support import ROOT

SCRIPT = ROOT / "benchmarks" / "agreement.py"


def test_every_metric_agrees_with_its_definition_and_with_scikit_learn() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, "--matrices", "100", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr or ran.stdout
    rows = json.loads(ran.stdout)
    assert sorted(rows) == sorted(PROFILES["all"].names)
    assert all(row["loops"] is not None for row in rows.values())
    by_scikit_learn = [name for name, row in rows.items() if row["scikit-learn"] is not None]
    assert {"micro_f1", "macro_f1_split_labels", "map", "roc_auc_macro", "pr_auc_micro"} <= set(
        by_scikit_learn
    )
