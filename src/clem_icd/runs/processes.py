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
        If the environment variable ``WORLD_SIZE`` is greater than 1, or not a number.

    """
    given = os.environ.get("WORLD_SIZE", "1")
    try:
        processes = int(given)
    except ValueError:
        raise RunError(
            f"the environment variable WORLD_SIZE is {given!r}, expected a number of processes",
            path=out,
            remedy="Unset it, or set it to 1",
        ) from None
    if processes > 1:
        raise RunError(
            f"{processes} processes were started for one run (WORLD_SIZE), expected a single one",
            path=out,
            remedy="Start it without torchrun or accelerate launch",
        )
