"""Ending on SIGTERM, the signal by which schedulers announce that a process will be killed.

Most work ends at once, as with Ctrl-C. Training asks for time: the signal is then only remembered until the
optimizer step is done and a checkpoint is saved. A signal is sent to a process, so the state here is the
process's own.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn


class Stopped(BaseException):
    """SIGTERM ends the work. Like KeyboardInterrupt, it is not an error.

    Attributes
    ----------
    step
        The optimizer step that training stopped at, with a checkpoint; None if it was not training.

    """

    def __init__(self, step: int | None = None) -> None:
        self.step = step
        super().__init__(step)


@dataclass
class _State:
    asked: bool = False
    patient: bool = False
    raised: bool = False


_state = _State()


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Raise `Stopped` if SIGTERM arrives in the block; elsewhere than in the main thread, change nothing.

    Further signals are ignored, so that they do not disturb what the first one has started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.asked = _state.patient = _state.raised = False
    earlier = signal.signal(signal.SIGTERM, lambda *_: _answer())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier or signal.SIG_DFL)
        _state.asked = False


@contextmanager
def stopping_by_itself() -> Iterator[None]:
    """Only remember SIGTERM in the block, which looks at `stop_asked` and ends by itself.

    Raises
    ------
    Stopped
        At the end of the block, if the signal came too late for it.

    """
    _state.patient = True
    try:
        yield
    finally:
        _state.patient = False
    if _state.asked:
        stop()


def stop_asked() -> bool:
    """Whether SIGTERM has arrived."""
    return _state.asked


def stop(step: int | None = None) -> NoReturn:
    """Raise `Stopped`, with the optimizer step of the checkpoint that was saved for it."""
    _state.raised = True
    raise Stopped(step)


def _answer() -> None:
    _state.asked = True
    if not _state.patient and not _state.raised:
        stop()
