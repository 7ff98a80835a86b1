"""A run is limited to one process."""

from __future__ import annotations

import os
from pathlib import Path

from clem_icd.errors import RunError


def require_single_process(out: Path) -> None:
    """Refuse to train where a launcher started several processes.

    Raises
    ------
    RunError
        If the environment variable ``WORLD_SIZE`` is greater than 1.

    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1:
        raise RunError(
            f"{processes} processes were started for one run (WORLD_SIZE), expected a single one",
            path=out,
            remedy="Start it without torchrun or accelerate launch",
        )
