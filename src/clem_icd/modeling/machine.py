"""The machine: its device, cores, precision and versions; nothing about who uses it or where."""

from __future__ import annotations

import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from transformers.utils.import_utils import is_flash_attn_2_available

_PACKAGES = (
    "clem-icd",
    "torch",
    "transformers",
    "accelerate",
    "tokenizers",
    "scikit-learn",
    "numpy",
    "polars",
)


def describe_environment() -> dict[str, Any]:
    """Return versions, processor, cores and GPUs."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cores": usable_cores(),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
    }


def usable_cores() -> int:
    """Return how many cores this process may use: a container's quota can make them fewer than there are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota(Path("/sys/fs/cgroup/cpu.max"), allowed)))


def use_usable_cores() -> None:
    """Let torch use as many threads as there are cores: more wait for each other.

    Someone who sets ``OMP_NUM_THREADS`` knows better.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(usable_cores())


def best_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def attention_for(device: torch.device, dtype: torch.dtype) -> str:
    """Return FlashAttention-2 where it is installed and fits, else PyTorch's own attention."""
    fits = device.type == "cuda" and dtype in (torch.float16, torch.bfloat16)
    return "flash_attention_2" if fits and is_flash_attn_2_available() else "sdpa"


def precision_here(asked: str) -> str:
    """Return the precision to train in here, ``bf16`` or ``fp32``, where ``auto`` leaves it open."""
    if asked != "auto":
        return asked
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    # Without matrix units for it, bf16 is slower on a processor than single precision.
    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16") else "fp32"


def _quota(file: Path, otherwise: int) -> int:
    """Return the cores that a control group (version 2) grants, rounded up."""
    try:
        quota, period = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return otherwise
    return otherwise if quota == "max" else math.ceil(int(quota) / int(period))


def _cpu_name() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        return platform.processor()
    return platform.processor()
