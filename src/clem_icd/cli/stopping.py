"""Ending a verb on SIGTERM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from clem_icd.cli.terminal import Terminal

RESUME = "Resume the run with the same command and --resume."
"""The remedy for a run that was stopped or interrupted."""

# The exit code that a shell shows for a program ended by SIGTERM: 128 + 15.
_SIGTERM = 143


@contextmanager
def ending_on_sigterm(terminal: Terminal, remedy: str = RESUME) -> Iterator[None]:
    """End on SIGTERM with one line and exit code 143, after the checkpoint that training saves for it.

    Parameters
    ----------
    terminal
        Where the line is printed.
    remedy
        How to go on, as a sentence.

    """
    from clem_icd.runs.processes import is_leader
    from clem_icd.runs.stopping import Stopped, stopping_on_sigterm

    try:
        with stopping_on_sigterm():
            yield
    except Stopped as stopped:
        reached = "" if stopped.step is None else f" at step {stopped.step:,}"
        if is_leader():
            terminal.fail(f"stopped by SIGTERM{reached}. {remedy}")
        raise typer.Exit(_SIGTERM) from None
