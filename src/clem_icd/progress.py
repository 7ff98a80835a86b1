"""Progress reporting."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Receives the progress of long-running work: the command line shows it, `Silent` ignores it."""

    def begin(self, task: str, total: int | None) -> None:
        """Start a task of ``total`` steps (None if unknown), which ends the previous task."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Record that steps of the task are done."""
        ...

    def say(self, line: str) -> None:
        """Report one line that stays visible."""
        ...


class Silent:
    """Ignores all progress."""

    def begin(self, task: str, total: int | None) -> None:
        """Ignore the task."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def say(self, line: str) -> None:
        """Ignore the line."""


class Numbered:
    """Adds the piece of work, such as ``seed 2 of 3``, to the name of every task."""

    def __init__(self, observer: Observer, which: str) -> None:
        self._observer = observer
        self._which = which

    def begin(self, task: str, total: int | None) -> None:
        """Start a task."""
        self._observer.begin(f"{task} ({self._which})", total)

    def advance(self, steps: int = 1) -> None:
        """Pass on the steps."""
        self._observer.advance(steps)

    def say(self, line: str) -> None:
        """Pass on the line."""
        self._observer.say(line)


def minutes(seconds: float) -> str:
    """Format a duration: ``45 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"
