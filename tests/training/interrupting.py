"""An observer that interrupts training."""

from __future__ import annotations

from clem_icd.progress import Silent


class Interrupting(Silent):
    """Interrupts training after some steps, like Ctrl-C, and remembers what was said."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        self._training = False
        self.lines: list[str] = []

    def begin(self, task: str, total: int | None) -> None:
        self._training = task == "Training"

    def advance(self, steps: int = 1) -> None:
        self._left -= steps * self._training
        if self._left < 0:
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.lines.append(line)
