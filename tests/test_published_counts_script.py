"""The example that prepares every published corpus and shows its counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sources.golden.tree import write_tree
from support import ROOT

PREPARED = [
    *("mdace-inpatient-icd10", "mdace-inpatient-icd9", "mdace-inpatient-icd9-code"),
    *("mdace-inpatient-icd9-evidence-only", "mdace-profee-icd10"),
    *("mimic3-50", "mimic3-clean", "mimic3-full"),
]

# Records what the script runs. Describing a corpus loads torch, so only the one whose figures the test reads
# is really described.
CLEM = """#!/usr/bin/env bash
echo "$1 $(basename "$2")" >> "{calls}"
[ "$1" != describe ] || [[ "$2" == */mimic3-full ]] || exit 0
exec "{clem}" "$@"
"""


def test_available_corpora_are_prepared_and_described_and_missing_ones_named(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "edin2024")
    for folder in tree.raw.rglob("mimic*iv*"):
        shutil.rmtree(folder)
    calls = tmp_path / "calls"
    command = tmp_path / "bin" / "clem"
    command.parent.mkdir()
    command.write_text(CLEM.format(calls=calls, clem=Path(sys.executable).parent / "clem"), encoding="utf-8")
    command.chmod(0o755)

    ran = subprocess.run(
        ["bash", ROOT / "examples/published_counts.sh", tree.raw, tmp_path / "out", tree.splits],
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
            "COLUMNS": "120",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 1
    assert sorted(folder.name for folder in (tmp_path / "out").iterdir()) == PREPARED
    called = calls.read_text(encoding="utf-8").splitlines()
    assert sorted(called) == sorted(
        [f"describe {name}" for name in PREPARED]
        + [f"prepare {name}" for name in (*PREPARED, "mimic4-icd9", "mimic4-icd10")]
    )
    assert ran.stderr.count("contains MIMIC-III, expected MIMIC-IV") == 2
    assert "47,719" in ran.stdout
