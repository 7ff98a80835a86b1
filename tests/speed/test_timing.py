from __future__ import annotations

import time

from clem_icd.speed.timing import interleaved


def test_tasks_run_in_turn_and_the_median_counts() -> None:
    seen: list[str] = []
    waits = iter([0.0, 0.0, 0.05])
    advanced: list[None] = []

    def slow() -> str:
        seen.append("slow")
        time.sleep(next(waits))
        return f"slow {len(seen)}"

    found = interleaved(
        {"slow": slow, "other": lambda: seen.append("other")}, 3, lambda: advanced.append(None)
    )
    assert seen == ["slow", "other"] * 3
    assert len(advanced) == 6
    assert len(found["slow"].seconds) == 3
    assert found["slow"].median == sorted(found["slow"].seconds)[1]
    assert max(found["slow"].seconds) >= 0.05
    assert found["slow"].result == "slow 5"
