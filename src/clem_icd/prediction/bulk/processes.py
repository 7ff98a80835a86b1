"""Several processes on one machine that score shards."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from clem_icd.errors import ClemError, RunError
from clem_icd.prediction.bulk.parts import Record
from clem_icd.prediction.bulk.scoring import Task
from clem_icd.prediction.bulk.surveying import Shard
from clem_icd.prediction.bulk.workers import Workers, prepare_process

_SECONDS_TO_END = 10


def score_in_processes(task: Task, shards: Sequence[Shard], workers: Workers) -> Iterator[Record]:
    """Yield the record of every shard, in the order in which they are finished.

    Raises
    ------
    ClemError
        As `ShardScorer.score` raises it in a process.
    RunError
        If a process stops unexpectedly, or fails with another error, whose message may quote a note.

    """
    remaining = iter(shards)
    with ExitStack() as stack:
        started = [_start(task, workers.threads, stack) for _ in range(min(workers.processes, len(shards)))]
        process_of = {ours: process for process, ours in started}
        while process_of:
            ready = connection.wait(list(process_of))
            for ours in [one for one in process_of if one in ready]:
                found = _received(ours, process_of[ours])
                if found is not None:
                    yield found
                shard = next(remaining, None)
                try:
                    ours.send(shard)
                except (BrokenPipeError, ConnectionResetError):
                    raise _stopped(process_of[ours]) from None
                if shard is None:
                    del process_of[ours]


def _start(task: Task, threads: int, stack: ExitStack) -> tuple[BaseProcess, Connection]:
    # A fresh process: a copy of this one would have locks that its threads held.
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(task, threads, theirs), daemon=True)
    process.start()
    theirs.close()
    stack.callback(_end, process)
    stack.callback(ours.close)
    return process, ours


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join(_SECONDS_TO_END)
    if process.is_alive():
        process.kill()
        process.join()


def _received(ours: Connection, process: BaseProcess) -> Record | None:
    """Return the record of a shard; None if the process has just opened the model."""
    try:
        found: Any = ours.recv()
    except (EOFError, ConnectionResetError):
        raise _stopped(process) from None
    if isinstance(found, ClemError):
        raise found
    if isinstance(found, str):
        raise RunError(
            f"a worker process failed with an unexpected {found}",
            remedy="Run it with --workers 1 --debug, and report the traceback without any note text",
        )
    return found if isinstance(found, Record) else None


def _stopped(process: BaseProcess) -> RunError:
    process.join(_SECONDS_TO_END)
    return RunError(
        f"a worker process stopped unexpectedly (exit code {process.exitcode}), as when memory runs out",
        remedy="Run the same command again with fewer --workers: finished notes are kept",
    )


def _work(task: Task, threads: int, theirs: Connection) -> None:
    """Score the shards that are received, until None is."""
    # Ctrl-C reaches all processes of a terminal; the one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        prepare_process(threads)
        scorer = task.scorer()
        theirs.send(None)
        while (shard := theirs.recv()) is not None:
            theirs.send(scorer.score(shard))
    except EOFError:
        return
    except ClemError as problem:
        theirs.send(problem)
    except Exception as problem:  # noqa: BLE001  its message may quote a note: only its class leaves
        theirs.send(type(problem).__name__)


def _end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, even if by SIGKILL."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
