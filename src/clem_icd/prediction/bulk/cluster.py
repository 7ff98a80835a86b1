"""The processes of a Ray cluster that score shards, by Ray Data.

Ray carries the numbers of shards to its workers and their records back. Notes, models and scores stay on a
file system that all machines share.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from clem_icd.errors import ClemError, InputError, RunError
from clem_icd.extras import optional
from clem_icd.prediction.bulk.parts import Record
from clem_icd.prediction.bulk.scoring import Task
from clem_icd.prediction.bulk.surveying import Shard
from clem_icd.prediction.bulk.workers import (
    bytes_of_process,
    fitting_processes,
    given_threads,
    prepare_process,
)

_SECONDS_TO_ANSWER = 10

_CONNECT = "Start it with `ray start --head`, name it with --ray-address, or leave the option out"


def score_on_ray(
    task: Task,
    shards: Sequence[Shard],
    *,
    address: str | None,
    workers: int | None,
    say: Callable[[str], Any] = lambda _: None,
) -> Iterator[Record]:
    """Yield the record of every shard, in the order in which they are finished.

    Parameters
    ----------
    address
        The address of the head of a cluster. By default that in the environment variable ``RAY_ADDRESS``;
        without it, a cluster is started for this run only.
    workers
        The number of processes; by default as many as the cores and the memory of all machines allow.
    say
        Called with a line for the user if the cluster is busy.

    Raises
    ------
    ClemError
        As `ShardScorer.score` raises it in a process.
    InputError
        If the cluster cannot be reached.
    MissingExtraError
        If Ray is not installed.
    RunError
        If a machine does not have the file system, or a process fails with another error.

    """
    # Its usage statistics would leave the hospital.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Warnings about its own workings, on the terminal of the user.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    ray = optional("ray", "The engine ray")
    data = optional("ray.data", "The engine ray")
    task = task.absolute()
    with _connected(ray, address):
        shares = _shared_out(ray, task, workers, len(shards))
        if (busy := _busy(ray, shares)) is not None:
            say(busy)
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        rows = [{"shard": json.dumps(shard)} for shard in shards]
        done = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            RayWorker,
            fn_constructor_args=(task, shares.threads),
            batch_size=1,
            compute=data.ActorPoolStrategy(size=shares.processes),
            num_cpus=shares.threads,
            memory=shares.memory,
        )
        try:
            for row in done.iter_rows():
                yield _record(json.loads(row["record"]))
        except ray.exceptions.RayError as problem:
            raise RunError(
                f"Ray ended the run with {type(problem).__name__}",
                remedy="See the logs of the cluster, and run the same command again: finished notes are kept",
            ) from problem


class RayWorker:
    """A model that is opened once on a machine of the cluster, and scores shard after shard."""

    def __init__(self, task: Task, threads: int) -> None:
        self._problem: dict[str, Any] | None = None
        prepare_process(threads)
        try:
            if not task.folder.is_dir():
                raise RunError(
                    f"the machine {socket.gethostname()} of the cluster does not have this folder",
                    path=task.folder,
                    remedy="Keep the notes, the model and --out on a file system that all machines share",
                )
            if (found := metadata.version("clem-icd")) != task.release:
                raise RunError(
                    f"the machine {socket.gethostname()} of the cluster has release {found} of clem-icd, "
                    f"expected {task.release}, as the machine that started the run",
                    remedy="Install the same release on all machines",
                )
            self._scorer = task.scorer()
        except ClemError as problem:
            # Ray would start the worker again and again, and print the traceback of each.
            self._problem = _as_json(problem)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Score the shards of a batch, and return their records."""
        return {"record": [json.dumps(self._score(Shard(*json.loads(one)))) for one in batch["shard"]]}

    def _score(self, shard: Shard) -> dict[str, Any]:
        if self._problem is not None:
            return self._problem
        try:
            return self._scorer.score(shard).as_json()
        except ClemError as problem:
            self._problem = _as_json(problem)
        except Exception as problem:  # noqa: BLE001  its message may quote a note: only its class leaves
            found = f"a worker failed with an unexpected {type(problem).__name__}"
            remedy = "Run the same command without --engine and with --workers 1 --debug"
            self._problem = _as_json(RunError(found, remedy=remedy))
        return self._problem


def _as_json(problem: ClemError) -> dict[str, Any]:
    path = None if problem.path is None else str(problem.path)
    kind = type(problem).__name__
    return {
        "error": kind,
        "found": problem.found,
        "path": path,
        "row": problem.row,
        "remedy": problem.remedy,
    }


def _record(value: dict[str, Any]) -> Record:
    if "error" not in value:
        return Record.from_json(value)
    import clem_icd.errors

    kind = getattr(clem_icd.errors, value.pop("error"), RunError)
    raise kind(value.pop("found"), **value)


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:
    """Connect to a cluster inside the block, unless this process is connected already."""
    if ray.is_initialized():
        yield
        return
    # Not Ray's own default, the last cluster of this machine: if that was killed, Ray waits for it.
    where = address or os.environ.get("RAY_ADDRESS") or "local"
    try:
        # Ray itself would try for minutes.
        if where not in ("auto", "local"):
            host, _, port = where.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
        with _silent():
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (OSError, ValueError, RuntimeError) as problem:
        if "AuthenticationError" in str(problem.__cause__):
            raise InputError(
                f"the Ray cluster at {where} refuses this process: its token is missing or wrong",
                remedy="Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to its token",
            ) from problem
        raise InputError(
            f"no Ray cluster answers at {where} ({type(problem).__name__})", remedy=_CONNECT
        ) from problem
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _silent() -> Iterator[None]:
    """Hide what Ray's own library prints about itself on standard error."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class _Shares(NamedTuple):
    """The number of processes on all machines; the threads and the memory that each of them asks for."""

    processes: int
    threads: int
    memory: int | None


def _busy(ray: Any, shares: _Shares) -> str | None:
    """Return a sentence about the room on the cluster if some processes have to wait; None otherwise."""
    free = ray.available_resources()
    room = int(free.get("CPU", 0)) // shares.threads
    if shares.memory:
        room = min(room, int(free.get("memory", 0)) // shares.memory)
    if room >= shares.processes:
        return None
    now = f"The Ray cluster has room for {room} of {shares.processes} processes now"
    return f"{now}; the others start when other work ends"


def _shared_out(ray: Any, task: Task, workers: int | None, shards: int) -> _Shares:
    """Divide a cluster among processes such that all of them can run at once while it is otherwise idle."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    if not machines:
        raise RunError("the Ray cluster has no machine with cores", remedy="Add one with `ray start`")
    cores = [int(machine["CPU"]) for machine in machines]
    fitting, memory = cores, None
    if workers is None:
        fitting, memory = _in_memory(cores, [int(machine.get("memory", 0)) for machine in machines], task)
    processes = min(workers or sum(fitting), sum(cores), shards)

    def at_once(threads: int) -> int:
        return sum(min(own // threads, fits) for own, fits in zip(cores, fitting, strict=True))

    if given := given_threads():
        given = min(given, *cores)
        return _Shares(min(processes, at_once(given)), given, memory)
    threads = next(count for count in range(max(cores), 0, -1) if at_once(count) >= processes)
    return _Shares(processes, threads, memory)


def _in_memory(cores: list[int], memories: list[int], task: Task) -> tuple[list[int], int | None]:
    """Return how many processes each machine has memory for, and how much each process asks for.

    Where no machine has enough, the largest one gets a single process.
    """
    size = task.model.size()
    needed = bytes_of_process(size)
    pairs = list(zip(cores, memories, strict=True))
    if all(memory < needed for memory in memories):
        largest = max(memories)
        return [int(place == memories.index(largest)) for place in range(len(pairs))], largest or None
    fitting = [fitting_processes(own, memory, size) if memory >= needed else 0 for own, memory in pairs]
    return fitting, needed
