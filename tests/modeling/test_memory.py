"""The peak memory of this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from clem_icd.modeling.memory import available_bytes, forget_peak, peak_bytes

CPU = torch.device("cpu")


def test_the_peak_of_this_process_is_measured_anew() -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system cannot forget a peak")
    forget_peak(CPU)
    before = peak_bytes(CPU)
    block = np.ones(10_000_000)
    assert peak_bytes(CPU) >= before + 70_000_000
    del block
    forget_peak(CPU)
    assert peak_bytes(CPU) < before + 70_000_000


def test_less_memory_is_used_than_there_is() -> None:
    assert 10**7 < peak_bytes(CPU) < available_bytes(CPU)
