"""The processes that train one model together: one leads, and the others follow it into training.

The leader does all that a single process does: it makes the folder, speaks, and writes. Where it trains, it
calls the followers, which wait for that; then each learns from its share of every batch. Nothing is written
or said by a follower, except for its own random state in a checkpoint.

Whatever is said about all processes holds for a single one, too. As torch.distributed, this is a state of the
process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from clem_icd.errors import ClemError, RunError
from clem_icd.runs.processes import Launched, LeaderFailedError

T = TypeVar("T")

# Followers wait while the leader scores and writes, and between the runs of several seeds.
_PATIENCE = timedelta(days=7)
_FINISHED, _FAILED = "finished", "failed"


@dataclass
class _State:
    control: dist.ProcessGroup | None = None
    """The connection for messages; None if there is a single process."""
    together: bool = False
    """Whether the followers train, so that they do not listen."""


_state = _State()


def size() -> int:
    """Return the number of processes."""
    return 1 if _state.control is None else dist.get_world_size()


def rank() -> int:
    """Return the number of this process, from 0."""
    return 0 if _state.control is None else dist.get_rank()


def leads() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def said_by_leader(error: ClemError) -> ClemError:
    """Return an error that all processes have found as the one to raise here: only the leader shows it."""
    return error if leads() else LeaderFailedError()


def wait_for_all() -> None:
    """Return when all processes have come here."""
    if _state.control is not None:
        dist.barrier(_state.control)


def any_process(flag: bool) -> bool:
    """Whether the flag is true in any process."""
    return bool(from_all(torch.tensor(float(flag))).any())


def from_all(number: torch.Tensor) -> torch.Tensor:
    """Return a number of every process [processes]."""
    own = number.detach().to("cpu", torch.float64).reshape(1)
    if _state.control is None:
        return own
    found = [torch.empty_like(own) for _ in range(size())]
    dist.all_gather(found, own, _state.control)
    return torch.cat(found)


def facts_of_all(fact: T) -> list[T]:
    """Return a fact of every process, in their order."""
    facts: list[Any] = [fact] * size()
    if _state.control is not None:
        dist.all_gather_object(facts, fact, _state.control)
    return facts


@contextmanager
def joined(launched: Launched, out: Path) -> Iterator[None]:
    """Connect all processes in the block. When the leader's ends, so does the `calls` of the followers.

    Raises
    ------
    RunError
        If there are more processes on this machine than GPUs, or another process ends before its time.

    """
    if launched.size == 1:
        yield
        return
    _connect(launched, out)
    try:
        yield
    except BaseException as error:
        # If it failed while they train, they fail too, or notice that it is gone.
        if not _state.together:
            _tell(_FAILED)
            _disconnect()
        if _is_lost_connection(error):
            raise RunError(
                "another process of this run has ended before its time",
                path=out,
                remedy="See its message, then resume with all processes and --resume",
            ) from error
        raise
    _tell(_FINISHED)
    # A message may be lost if its sender disconnects.
    wait_for_all()
    _disconnect()


@contextmanager
def calling(call: dict[str, Any]) -> Iterator[None]:
    """Let the followers do the same as the block, which gets ``call`` there from `calls`."""
    _tell(call)
    _state.together = True
    yield
    # After an error, they do not listen any more.
    _state.together = False


def calls() -> Iterator[dict[str, Any]]:
    """Yield what the leader calls for, until it is finished.

    Raises
    ------
    LeaderFailedError
        If the leader failed.

    """
    while (call := _hear()) != _FINISHED:
        if call == _FAILED:
            raise LeaderFailedError
        _state.together = True
        yield call
        _state.together = False


def _connect(launched: Launched, out: Path) -> None:
    backend = "gloo"
    if torch.cuda.is_available():
        gpus = torch.cuda.device_count()
        if launched.local_rank >= gpus:
            raise RunError(
                f"this machine has {gpus} GPUs, and more processes than that were started on it",
                path=out,
                remedy="Start one process per GPU",
            )
        torch.cuda.set_device(launched.local_rank)
        backend = "nccl"
    dist.init_process_group(backend, timeout=timedelta(hours=1))
    # Apart from the GPUs, so that a message does not wait for their work.
    _state.control = dist.new_group(backend="gloo", timeout=_PATIENCE)
    _state.together = False


def _disconnect() -> None:
    _state.control = None
    dist.destroy_process_group()


def _tell(message: Any) -> None:
    if _state.control is None or not leads():
        return
    # A follower that is gone cannot hear it; whoever started the processes sees that.
    with suppress(RuntimeError):
        dist.broadcast_object_list([message], src=0, group=_state.control)


def _hear() -> Any:
    heard: list[Any] = [None]
    dist.broadcast_object_list(heard, src=0, group=_state.control)
    return heard[0]


def _is_lost_connection(error: BaseException) -> bool:
    # Of gloo, there are only a RuntimeError and its text.
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))
