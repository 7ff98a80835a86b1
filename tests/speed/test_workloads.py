from __future__ import annotations

import pytest

from clem_icd.errors import InputError
from clem_icd.speed.workloads import MIXED, workloads


def names(*lengths: int, **options: object) -> list[str]:
    return [one.name for one in workloads(lengths or None, **options)]  # type: ignore[arg-type]


def test_the_usual_lengths_end_with_the_context_of_the_model() -> None:
    assert names(most=8_192) == ["128", "512", "2048", "8192", "mixed"]
    assert names(most=1_024) == ["128", "512", "1024", "mixed"]
    assert names(most=100) == ["100", "mixed"]
    assert names(most=None) == ["128", "512", "2048", "8192", "mixed"]


def test_a_quick_measurement_has_no_long_notes_unless_they_are_asked_for() -> None:
    assert names(most=8_192, quick=True) == ["128", "512", "mixed"]
    assert names(2_048, most=8_192, quick=True) == ["2048", "mixed"]


def test_lengths_are_sorted_and_short_notes_fill_a_batch() -> None:
    short, long, _ = workloads([8_192, 128, 128], most=8_192)
    assert (short.lengths, long.lengths) == ((128,) * 32, (8_192,))
    assert short.total == 4_096


def test_mixed_lengths_scale_with_the_longest() -> None:
    *_, whole = workloads(None, most=8_192)
    *_, half = workloads([4_096], most=8_192)
    assert whole.lengths == MIXED
    assert half.lengths == tuple(round(length / 2) for length in MIXED)


@pytest.mark.parametrize(
    ("length", "says"), [(129, "the model reads 128. Name lengths up to 128"), (7, "at least 8")]
)
def test_a_length_that_is_not_read_is_refused(length: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        workloads([64, length], most=128)
