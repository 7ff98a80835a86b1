from __future__ import annotations

import sys

import pytest

from clem_icd.progress import Silent


@pytest.fixture
def without_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the report of a run, which takes longer to draw than a little model takes to train."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


class Listener(Silent):
    """Remembers tasks and lines."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.lines: list[str] = []

    def begin(self, task: str, total: int | None) -> None:
        self.tasks.append(task)

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def listener() -> Listener:
    return Listener()
