"""The history of a run: the rows that the Trainer logged, as a plain list."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from clem_icd.files import write_json
from clem_icd.runs.layout import RunLayout


def write_history(run: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``history.json`` of a run, without values that are not finite."""
    write_json(RunLayout(run).history, [_finite(row) for row in rows])


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not isinstance(value, float) or isfinite(value)}
