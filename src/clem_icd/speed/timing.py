"""Timing several tasks in turn, so that a machine that becomes busier slows all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Timed:
    """The repeats of a task.

    Attributes
    ----------
    seconds
        Of each repeat.
    result
        What the task returned last.

    """

    seconds: list[float] = field(default_factory=list)
    result: Any = None

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


def interleaved(
    tasks: Mapping[Key, Callable[[], Any]],
    repeats: int,
    advance: Callable[[], Any] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Key, Timed]:
    """Run all tasks once in order, then all of them again, and so on.

    Parameters
    ----------
    tasks
        The tasks, warmed up.
    repeats
        How often each is run.
    advance
        Called after each run of a task.
    clock
        Tells the seconds: of the wall, or of the processor.

    """
    timed: dict[Key, Timed] = {key: Timed() for key in tasks}
    for _ in range(repeats):
        for key, task in tasks.items():
            begin = clock()
            result = task()
            timed[key].seconds.append(clock() - begin)
            timed[key].result = result
            advance()
    return timed
