"""Memory: the peak that work reaches, and how much there is.

On a GPU, that is the memory of PyTorch's tensors there; on a CPU, that of the whole process.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_MACHINE = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup/memory.max")

# Writing it to clear_refs makes the kernel forget the peak of the process until now (see proc(5)).
_FORGET_PEAK = "5"


def forget_peak(device: torch.device) -> None:
    """Begin to measure the peak anew, where the system can."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR.exists():
        _CLEAR.write_text(_FORGET_PEAK, encoding="ascii")


def peak_bytes(device: torch.device) -> int:
    """Return the most memory used since `forget_peak`, or ever where the system cannot forget it."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if (peak := _read(_STATUS, "VmHWM")) is not None:
        return peak
    # The peak of the process: in bytes on macOS, in kilobytes elsewhere.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available_bytes(device: torch.device) -> int:
    """Return how much memory this process can have, including what it has already."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device))
    free_here, own = _read(_MACHINE, "MemAvailable"), _read(_STATUS, "VmRSS")
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if free_here is not None and own is not None:
        machine = min(machine, free_here + own)
    return min(machine, _container_limit() or machine)


def _read(file: Path, key: str) -> int | None:
    """Return a value in bytes of a file of ``key: number kB`` lines, None where there is none."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{key}:")]
    return int(values[0]) * 1024 if values else None


def _container_limit() -> int | None:
    """Return the limit of a control group (version 2), None without one."""
    try:
        limit = _CONTAINER.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(limit) if limit.isdigit() else None
