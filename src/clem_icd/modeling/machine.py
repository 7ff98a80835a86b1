"""The machine: device, cores, precision and versions, but nothing that identifies its user or owner."""

from __future__ import annotations

import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from transformers.utils.import_utils import is_flash_attn_2_available

from clem_icd.modeling.attention import BLOCK_LOCAL

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

_SHORT_VECTORS = ("avx2", "avx_vnni", "avx_vnni_int8")
_VECTORS = (*_SHORT_VECTORS, "avx512_f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


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
    """Return how many cores this process may use, which a container's quota can limit."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota(Path("/sys/fs/cgroup/cpu.max"), allowed)))


def use_usable_cores() -> None:
    """Let torch use one thread per usable core, unless ``OMP_NUM_THREADS`` is set.

    More threads than cores would wait for each other.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(usable_cores())


def best_device() -> torch.device:
    """Return the GPU if available, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def hardware(device: torch.device) -> str:
    """Return the kind of a device, as far as it decides what reduced precision changes.

    It is the name of a GPU, or the vector extensions of a CPU that PyTorch uses, with what limits them.
    """
    if device.type != "cpu":
        return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    found = torch.cpu.get_capabilities()
    # An environment can keep PyTorch from using all of them.
    allowed = _VECTORS if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else _SHORT_VECTORS
    names = [name for name in allowed if found.get(name)]
    limits = [f"{name}={os.environ[name]}" for name in _LIMITS if name in os.environ]
    return " ".join([str(found.get("architecture", platform.machine())), *names, *limits])


def processor_of(device: torch.device) -> str:
    """Return the name of a device."""
    return _cpu_name() if device.type == "cpu" else hardware(device)


def attention_for(device: torch.device, dtype: torch.dtype) -> str:
    """Return FlashAttention-2 if it is installed and supports device and dtype, else `BLOCK_LOCAL`."""
    supported = device.type == "cuda" and dtype in (torch.float16, torch.bfloat16)
    return "flash_attention_2" if supported and is_flash_attn_2_available() else BLOCK_LOCAL


def precision_here(requested: str) -> str:
    """Return the precision to train in, ``bf16`` or ``fp32``; ``auto`` is the faster one on this machine."""
    if requested != "auto":
        return requested
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    # On a CPU without matrix units for it, bf16 is slower than single precision.
    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16") else "fp32"


def _quota(file: Path, otherwise: int) -> int:
    """Return the cores that a control group (version 2) allows, rounded up."""
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
