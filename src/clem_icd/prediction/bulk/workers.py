"""How many processes share the work of a bulk run, and how many threads each has."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from clem_icd.prediction.bulk.model import ModelSource

# Beside its weights, a process holds its libraries, the notes of a shard and what is computed of them.
_BYTES_PER_PROCESS = 1_500_000_000
_BYTES_PER_WEIGHT_BYTE = 2
_SHARE_OF_MEMORY = 0.8

# Until a process has loaded its libraries and the model.
_SECONDS_TO_START = 15


class Workers(NamedTuple):
    """A number of processes, and of threads in each."""

    processes: int
    threads: int


ONE = Workers(1, 0)
"""This process, with the threads that its libraries choose."""


def chosen_workers(model: ModelSource, shards: int, asked: int | None, *, seconds: float = 0) -> Workers:
    """Return how the cores of this machine are shared out.

    Processes never wait for each other, as the threads of one process do after every operation, and most
    parts of a lexicon or a linear system run in a single thread. So there is a process per core, as far as
    memory holds the copies of the model and there are shards for all of them; a GPU has one process. Where
    that would not save the time in which they start, there is this process only.

    Parameters
    ----------
    shards
        The number of shards to score.
    asked
        The number of processes that the user has asked for; None to choose.
    seconds
        The time that this process takes for a shard; 0 if it is not known yet.

    """
    processes = min(shards, asked or shards)
    if processes <= 1 or (asked is None and seconds * shards < _SECONDS_TO_START):
        return ONE
    # Imported here: torch takes seconds, and a short search in titles needs none of it.
    from clem_icd.modeling.machine import best_device, usable_cores

    cores = usable_cores()
    if asked is None:
        if best_device().type != "cpu":
            return ONE
        processes = min(processes, fitting_processes(cores, _available_memory(), model.size()))
        if processes == 1 or seconds * shards * (1 - 1 / processes) < _SECONDS_TO_START:
            return ONE
    return Workers(processes, given_threads() or max(1, cores // processes))


def fitting_processes(cores: int, memory: int, model_bytes: int) -> int:
    """Return how many processes a machine has cores and memory for, at least one."""
    return max(1, min(cores, int(_SHARE_OF_MEMORY * memory) // bytes_of_process(model_bytes)))


def bytes_of_process(model_bytes: int) -> int:
    """Return the memory that a process needs to score with a model."""
    return _BYTES_PER_PROCESS + _BYTES_PER_WEIGHT_BYTE * model_bytes


def given_threads() -> int | None:
    """Return the threads per process that the user has set in ``OMP_NUM_THREADS``; None if not set."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else None


def prepare_process(threads: int) -> None:
    """Limit the threads of the libraries of this process, loaded or not, and silence those that talk."""
    from threadpoolctl import threadpool_limits

    os.environ |= {
        "OMP_NUM_THREADS": str(threads),
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    threadpool_limits(threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)


def _available_memory() -> int:
    """Return the bytes of memory that this process may still take, which a container can limit."""
    free = _from_meminfo(Path("/proc/meminfo"))
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - int(used)))


def _from_meminfo(path: Path) -> int:
    try:
        lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
        return 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        # Another system than Linux: half of all memory.
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
