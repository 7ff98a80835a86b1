"""Who is told how far a training has come."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Shows the progress of long work. The command line has one; `Silent` is another."""

    def begin(self, task: str, total: int | None) -> None:
        """Start a task of ``total`` steps, None if that is not known; it ends the one before."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Count steps of the task as done."""
        ...

    def say(self, line: str) -> None:
        """Tell one line that stays."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, task: str, total: int | None) -> None:
        """Ignore the task."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def say(self, line: str) -> None:
        """Ignore the line."""
