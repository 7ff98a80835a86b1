"""Peak memory of a piece of work, in a process of its own, so that nothing else is counted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch
from transformers.utils import logging

from clem_icd.modeling import best_device
from clem_icd.modeling.machine import use_usable_cores
from clem_icd.modeling.memory import forget_peak, peak_bytes

Work = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak memory of a piece of work: on a GPU that of its tensors, on a CPU that of the process.

    Attributes
    ----------
    bytes
        All of it.
    above
        What exceeds the weights, the libraries, and what a first, short piece of work had left.

    """

    bytes: int
    above: int


def measured_peaks(opened: Callable[[], Work], first: Any, inputs: Sequence[Any]) -> list[Peak] | None:
    """Return the peak of each piece of work; None if the process ended before the last.

    Parameters
    ----------
    opened
        Returns what works, such as a model; called in the new process, to which it is pickled.
    first
        An input for a first, short piece of work, which is not measured.
    inputs
        The inputs that are measured, smallest first: where the system cannot forget a peak, a later one
        counts only what exceeds the earlier ones.

    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sender, opened, first, list(inputs)))
    process.start()
    sender.close()
    try:
        peaks: list[Peak] = receiver.recv()
    except EOFError:
        return None
    finally:
        process.join()
    return peaks


def _measure(sender: Connection, opened: Callable[[], Work], first: Any, inputs: list[Any]) -> None:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    use_usable_cores()
    device = best_device()
    work = opened()
    work(first)
    forget_peak(device)
    before = _held(device)
    peaks = []
    for one in inputs:
        forget_peak(device)
        work(one)
        peak = peak_bytes(device)
        peaks.append(Peak(peak, peak - before))
    sender.send(peaks)


def _held(device: torch.device) -> int:
    """Return what is held now: right after a peak was forgotten, the peak."""
    return int(torch.cuda.memory_allocated(device)) if device.type == "cuda" else peak_bytes(device)
