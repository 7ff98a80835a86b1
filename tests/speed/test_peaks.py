"""Peak memory in a process of its own. What works there is pickled, so it is made of importable parts."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from clem_icd.speed import peaks
from clem_icd.speed.peaks import measured_peaks

MEGABYTE = 1_000_000


def test_each_piece_of_work_has_its_own_peak_above_what_was_held_before() -> None:
    # 8 bytes each: 40 and 160 megabytes, all of them written.
    found = measured_peaks(partial(partial, np.ones), 10, [5 * MEGABYTE, 20 * MEGABYTE])
    assert found is not None
    small, large = found
    assert 38 * MEGABYTE < small.above < 100 * MEGABYTE
    assert 155 * MEGABYTE < large.above < 220 * MEGABYTE
    assert large.bytes - large.above == small.bytes - small.above > 10 * MEGABYTE


def test_a_process_that_ends_early_has_no_peaks(monkeypatch: pytest.MonkeyPatch) -> None:
    # Prints in the new process, and sends nothing.
    monkeypatch.setattr(peaks, "_measure", print)
    assert measured_peaks(partial(partial, np.ones), 1, [1]) is None
