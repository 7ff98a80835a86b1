"""The processes that a launcher started for one run: how many they are, and which one this is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import RunError

_SINGLE = "Unset it, or set it to 1"
_LAUNCH = "Start the run with torchrun or accelerate launch, which set it"


@dataclass(frozen=True, slots=True)
class Launched:
    """The place of this process among those of a run.

    Attributes
    ----------
    size
        Number of processes.
    rank
        Number of this one, from 0. Process 0 leads.
    local_rank
        Number of this one on its machine, from 0, which is the number of its GPU.

    """

    size: int = 1
    rank: int = 0
    local_rank: int = 0


class LeaderFailedError(RunError):
    """Process 0 has ended the run, and says why; the others end with this error, which need not be shown."""

    def __init__(self) -> None:
        super().__init__("process 0 has ended the run", remedy="See its message")


def launched_processes(out: Path) -> Launched:
    """Return the place of this process, which ``torchrun`` and ``accelerate launch`` set in the environment.

    Raises
    ------
    RunError
        If the environment variable ``WORLD_SIZE`` is not a number, or more than 1 without the other
        variables.

    """
    size = _number("WORLD_SIZE", out, "a number of processes", _SINGLE, otherwise=1)
    if size <= 1:
        return Launched()
    rank, local_rank = (
        _number(name, out, "the number of a process, from 0", _LAUNCH) for name in ("RANK", "LOCAL_RANK")
    )
    return Launched(size, rank, local_rank)


def is_leader() -> bool:
    """Whether this process writes and speaks: all but one of several must not."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


def require_single_process(out: Path) -> None:
    """Refuse work that several processes cannot share, where a launcher started several.

    Raises
    ------
    RunError
        If the environment variable ``WORLD_SIZE`` is greater than 1, or not a number.

    """
    processes = _number("WORLD_SIZE", out, "a number of processes", _SINGLE, otherwise=1)
    if processes > 1:
        raise RunError(
            f"{processes} processes were started for one run (WORLD_SIZE), expected a single one",
            path=out,
            remedy="Start it without torchrun or accelerate launch",
        )


def _number(name: str, out: Path, expected: str, remedy: str, *, otherwise: int | None = None) -> int:
    given = os.environ.get(name)
    if given is None and otherwise is not None:
        return otherwise
    try:
        return int(given or "")
    except ValueError:
        found = "not set" if given is None else repr(given)
        raise RunError(
            f"the environment variable {name} is {found}, expected {expected}", path=out, remedy=remedy
        ) from None
