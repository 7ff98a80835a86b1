"""Output, progress and errors of every verb."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from clem_icd.errors import ClemError
from clem_icd.progress import minutes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

NOTHING_HALF_WRITTEN = "Nothing was left half-written."
"""The message after an interruption, unless a verb has its own."""

# Between two progress lines, where the output is no terminal and has no bar.
_SECONDS_BETWEEN_LINES = 60.0

# The exit code that a shell shows for a program ended by SIGPIPE: 128 + 13.
_SIGPIPE = 141


class Terminal:
    """Standard output for the result, standard error for everything else; an `Observer` of long work."""

    def __init__(self, *, json: bool, quiet: bool) -> None:
        self.out, self.err = _consoles()
        self._json = json
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._name = ""
        self._total: int | None = None
        self._done = 0
        self._began = self._last_line = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether only the result and errors are printed."""
        return self._quiet

    def result(self, value: dict[str, Any], show: Callable[[Console], None]) -> None:
        """Print the result of the verb, once."""
        self.finish()
        try:
            if self._json:
                sys.stdout.write(jsonlib.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
            else:
                show(self.out)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes again at exit, and would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGPIPE) from None

    def say(self, line: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self._print(line)

    def warn(self, line: str) -> None:
        """Print a line about something that went wrong, though the verb goes on; also if quiet."""
        self._print(f"{_program()}: {line}")

    def begin(self, task: str, total: int | None) -> None:
        """Start a task of ``total`` steps; it ends the previous one."""
        self.finish()
        self._name, self._total, self._done = task, total, 0
        self._began = self._last_line = time.monotonic()
        if self._quiet or not self.err.is_terminal:
            return
        self._progress = _bar(self.err)
        self._progress.start()
        self._task = self._progress.add_task(task, total=total)

    def advance(self, steps: int = 1) -> None:
        """Count steps of the task as done."""
        self._done += steps
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.say(f"{self._name}: {self._done:,}{self._of_total()}")

    def _of_total(self) -> str:
        if self._total is None:
            return ""
        left = (self._last_line - self._began) / self._done * (self._total - self._done)
        return f" of {self._total:,}, {minutes(left)} left" if left > 0 else f" of {self._total:,}"

    def counter(self, task: str) -> Callable[[int], None]:
        """Return a function that counts steps of a task with an unknown total."""
        self.begin(task, None)
        return self.advance

    def finish(self) -> None:
        """End the task in progress, if there is one."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None

    def fail(self, line: str) -> None:
        """End the task in progress, and print the one line of an error."""
        self.finish()
        self._print(f"{_program()}: {line}")

    def _print(self, line: str) -> None:
        self.err.print(line, markup=False, soft_wrap=True)


def _program() -> str:
    """Return who speaks in an error: one of several processes gives its number, unless it leads."""
    rank = os.environ.get("RANK", "0")
    return "clem" if rank == "0" or "WORLD_SIZE" not in os.environ else f"clem (process {rank})"


def _consoles() -> tuple[Console, Console]:
    """Return standard output and standard error. rich is loaded here, since help needs none of it."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Raise the error, where rich would exit with 1."""
            raise BrokenPipeError

    return (
        Output(soft_wrap=True, highlight=False, emoji=False),
        Console(stderr=True, highlight=False, emoji=False),
    )


def _bar(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        # Seconds: some work advances in steps of minutes.
        speed_estimate_period=600,
    )


@contextmanager
def open_terminal(
    *, json: bool, quiet: bool, debug: bool, interrupted: str = NOTHING_HALF_WRITTEN
) -> Iterator[Terminal]:
    """Open a terminal, and turn every error into one line and an exit code.

    The exit code is 2 for bad input and for results that cannot be written, 130 after Ctrl-C, 141 when the
    reader of the result closes it early, as in ``| head``, and 1 for a defect of this package.
    The message of a foreign exception may quote a note, so only its class is shown.
    """
    terminal = Terminal(json=json, quiet=quiet)
    try:
        yield terminal
    except ClemError as error:
        if debug:
            terminal.finish()
            raise
        from clem_icd.runs.processes import LeaderFailedError

        if not isinstance(error, LeaderFailedError):
            terminal.fail(str(error))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        terminal.fail(f"interrupted. {interrupted}")
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort):
        terminal.finish()
        raise
    except Exception as error:
        if debug:
            terminal.finish()
            raise
        terminal.fail(
            f"unexpected {type(error).__name__}. Run it again with --debug, and report the traceback without "
            "any note text."
        )
        raise typer.Exit(1) from None
