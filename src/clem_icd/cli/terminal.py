"""What every verb does with its output, its progress and its errors."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from clem_icd.errors import ClemError

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result and errors, nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback where an error occurs.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what lies at --out.")]

# Between two progress lines, where there is no terminal to draw a bar on.
_SECONDS_BETWEEN_LINES = 15.0

# What a shell shows for a program that SIGPIPE ended: 128 + 13.
_SIGPIPE = 141


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through, where rich would exit with 1."""
        raise BrokenPipeError


class Terminal:
    """Standard output for the result, standard error for all else; an `Observer` of long work."""

    def __init__(self, *, json: bool, quiet: bool) -> None:
        self.out = _Output(soft_wrap=True, highlight=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, emoji=False)
        self._json = json
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._name = ""
        self._total: int | None = None
        self._done = 0
        self._last_line = 0.0

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
            # Python flushes once more when it ends, and would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGPIPE) from None

    def say(self, line: str) -> None:
        """Tell one line that stays."""
        if not self._quiet:
            self.err.print(line, markup=False, soft_wrap=True)

    def begin(self, task: str, total: int | None) -> None:
        """Start a task of ``total`` steps; it ends the one before."""
        self.finish()
        self._name, self._total, self._done, self._last_line = task, total, 0, time.monotonic()
        if self._quiet or not self.err.is_terminal:
            return
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.err,
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task(task, total=total)

    def advance(self, steps: int = 1) -> None:
        """Count steps of the task as done."""
        self._done += steps
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            of_total = "" if self._total is None else f" of {self._total:,}"
            self.say(f"{self._name}: {self._done:,}{of_total}")

    def counter(self, task: str) -> Callable[[int], None]:
        """Return a function that counts steps of a task whose total is not known."""
        self.begin(task, None)
        return self.advance

    def finish(self) -> None:
        """End the task in progress, if there is one."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None


def hush_transformers() -> None:
    """Keep transformers from drawing and telling: a verb's `Terminal` does that."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


@contextmanager
def terminal(
    *, json: bool, quiet: bool, debug: bool, interrupted: str = "Nothing was left half-written."
) -> Iterator[Terminal]:
    """Give a terminal, and turn whatever goes wrong into one line and an exit code.

    2 is for bad input and results that cannot be written, 130 for Ctrl-C, 141 for a result that nobody
    reads to its end, as in ``| head``, 1 for a fault of ours.
    The message of a foreign exception may quote a note, so only its class is shown.
    """
    own = Terminal(json=json, quiet=quiet)
    try:
        yield own
    except ClemError as error:
        own.finish()
        if debug:
            raise
        own.err.print(f"clem: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        own.finish()
        own.err.print(f"clem: interrupted. {interrupted}", markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort):
        own.finish()
        raise
    except Exception as error:
        own.finish()
        if debug:
            raise
        own.err.print(
            f"clem: an unexpected {type(error).__name__}. Run it again with --debug, and report what it "
            "shows, but no note text.",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(1) from None
