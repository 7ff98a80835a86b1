"""What the Trainer logged, as a plain list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clem_icd.files import write_json


def write_history(run: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``history.json`` of a run; what is not a finite number is left out."""
    write_json(run / "history.json", [_finite(row) for row in rows])


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not isinstance(value, float) or np.isfinite(value)}
