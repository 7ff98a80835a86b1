"""The example that prepares every published corpus and shows its counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clem_icd.synthetic import synthesize
from support import ROOT


def test_it_prepares_what_is_there_and_names_what_is_not(tmp_path: Path) -> None:
    synthesize(tmp_path / "raw", layout="mdace", admissions=160, seed=3, words=60)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    ran = subprocess.run(
        ["bash", ROOT / "examples/published_counts.sh", tmp_path / "raw", tmp_path / "out"],
        env={**os.environ, "PATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 1
    assert sorted(folder.name for folder in (tmp_path / "out").iterdir()) == [
        *("mdace-inpatient-icd10", "mdace-inpatient-icd9", "mdace-inpatient-icd9-code"),
        *("mdace-inpatient-icd9-evidence-only", "mdace-profee-icd10"),
        *("mimic3-50", "mimic3-clean", "mimic3-full"),
    ]
    assert ran.stderr.count("contains MIMIC-III, expected MIMIC-IV") == 2
    assert "47,719" in ran.stdout
