"""How the cores and the memory of machines are shared out among the processes of a bulk run."""

from __future__ import annotations

import os
import pickle
import sys
from importlib import metadata
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clem_icd.errors import ClemError, MissingExtraError, ModelError, NoteError, RunError
from clem_icd.icd import CodeSystem
from clem_icd.prediction.bulk import FileNotes, ModelSource
from clem_icd.prediction.bulk.cluster import RayWorker, _busy, _shared_out, _Shares, score_on_ray
from clem_icd.prediction.bulk.processes import _work, score_in_processes
from clem_icd.prediction.bulk.running import total
from clem_icd.prediction.bulk.scoring import Task
from clem_icd.prediction.bulk.surveying import Shard
from clem_icd.prediction.bulk.workers import ONE, Workers, bytes_of_process, chosen_workers, fitting_processes
from clem_icd.prediction.split_evidence import SplitEvidence
from clem_icd.runs.processes import LeaderFailedError

MODEL = ModelSource(CodeSystem.ICD9PCS)
GB = 10**9
EACH = bytes_of_process(0)
NOTE = "The patient, Mrs Zebra, has hypertension."


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("clem_icd.modeling.machine.usable_cores", lambda: 8)
    monkeypatch.setattr("clem_icd.modeling.machine.best_device", lambda: SimpleNamespace(type="cpu"))
    monkeypatch.setattr("clem_icd.prediction.bulk.workers._available_memory", lambda: 64 * GB)


@pytest.mark.parametrize(
    ("cores", "memory", "model", "processes"),
    [(8, 64 * GB, GB, 8), (8, 16 * GB, GB, 3), (2, 64 * GB, 6 * GB, 2), (64, 0, GB, 1), (4, 64 * GB, 0, 4)],
)
def test_there_are_as_many_processes_as_cores_and_memory_allow(
    cores: int, memory: int, model: int, processes: int
) -> None:
    assert fitting_processes(cores, memory, model) == processes


@pytest.mark.parametrize(
    ("shards", "asked", "seconds", "expected"),
    [
        (100, None, 5, Workers(8, 1)),
        (3, None, 30, Workers(3, 2)),
        # Nothing is known yet; too little work; a single shard.
        (100, None, 0, ONE),
        (100, None, 0.1, ONE),
        (1, None, 60, ONE),
        (100, 2, 0, Workers(2, 4)),
        (100, 1, 60, ONE),
        (2, 16, 0, Workers(2, 4)),
    ],
)
def test_processes_start_where_they_save_more_time_than_they_take_or_are_asked_for(
    eight_cores: None, shards: int, asked: int | None, seconds: float, expected: Workers
) -> None:
    assert chosen_workers(MODEL, shards, asked, seconds=seconds) == expected


def test_a_gpu_has_one_process_and_threads_are_those_that_the_user_has_set(
    eight_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert chosen_workers(MODEL, 100, 2) == Workers(2, 3)
    monkeypatch.setattr("clem_icd.modeling.machine.best_device", lambda: SimpleNamespace(type="cuda"))
    assert chosen_workers(MODEL, 100, None, seconds=60) == ONE


def cluster(*machines: tuple[int, int]) -> Any:
    nodes = [
        {"Alive": True, "Resources": {"CPU": float(cores), "memory": float(memory)}}
        for cores, memory in machines
    ]
    return SimpleNamespace(nodes=lambda: [*nodes, {"Alive": False, "Resources": {"CPU": 64.0}}])


@pytest.mark.parametrize(
    ("machines", "workers", "threads", "expected"),
    [
        ([(8, 64 * GB), (4, 64 * GB)], None, None, (12, 1, EACH)),
        ([(8, 64 * GB), (4, 6 * GB)], None, None, (11, 1, EACH)),
        ([(8, 64 * GB), (4, 64 * GB)], 3, None, (3, 4, None)),
        ([(8, 64 * GB), (4, 64 * GB)], 2, None, (2, 4, None)),
        ([(8, 64 * GB), (4, 64 * GB)], 99, None, (12, 1, None)),
        ([(8, 64 * GB), (4, 64 * GB)], 99, "3", (3, 3, None)),
        ([(2, 64 * GB)], None, "16", (1, 2, EACH)),
        # A single process has room on the first machine, and two on the second.
        ([(8, 2 * GB), (2, 64 * GB)], None, None, (3, 1, EACH)),
        # Only on the first machine is there room for any.
        ([(8, 64 * GB), (8, GB)], None, None, (8, 1, EACH)),
        ([(8, GB // 2), (4, GB)], None, None, (1, 4, GB)),
        ([(8, 0)], None, None, (1, 8, None)),
    ],
)
def test_the_workers_of_a_cluster_can_all_run_at_once(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    machines: list[tuple[int, int]],
    workers: int | None,
    threads: str | None,
    expected: tuple[int, int, int | None],
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    task = Task(FileNotes(()), MODEL, tmp_path, {})
    assert _shared_out(cluster(*machines), task, workers, 1000) == expected


@pytest.mark.parametrize(
    ("free", "says"),
    [
        ({"CPU": 4.0, "memory": 10 * GB}, None),
        ({"CPU": 3.5, "memory": 10 * GB}, "has room for 1 of 2 processes now"),
        ({"CPU": 4.0, "memory": 2 * GB}, "has room for 1 of 2 processes now"),
        ({}, "has room for 0 of 2 processes now"),
    ],
)
def test_a_busy_cluster_is_named(free: dict[str, float], says: str | None) -> None:
    found = _busy(SimpleNamespace(available_resources=lambda: free), _Shares(2, 2, EACH))
    assert (found is None) == (says is None)
    assert says is None or (found is not None and says in found)


def test_a_cluster_without_cores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no machine with cores"):
        _shared_out(cluster(), Task(FileNotes(()), MODEL, tmp_path, {}), None, 10)


def test_the_usage_statistics_of_ray_are_turned_off_before_it_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setenv("RAY_BACKEND_LOG_LEVEL", "info")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"clem-icd\[ray\]"):
        list(score_on_ray(Task(FileNotes(()), MODEL, tmp_path, {}), [], address=None, workers=None))
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_machine_of_a_cluster_with_another_release_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.cluster.prepare_process", lambda _: None)
    task = Task(FileNotes(()), MODEL, tmp_path, {}, release="0.0.1")
    [answer] = RayWorker(task, 1)({"shard": ["[0, 0, 1]"]})["record"]
    assert f"has release {metadata.version('clem-icd')} of clem-icd, expected 0.0.1" in answer
    assert "Install the same release on all machines" in answer


class Quoting:
    """Scores no shard: its error quotes a note."""

    def score(self, shard: Shard) -> Any:
        raise ValueError(f"cannot read {NOTE!r} of {shard}")


def test_what_leaves_a_failed_worker_of_ray_quotes_no_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.cluster.prepare_process", lambda _: None)
    monkeypatch.setattr(Task, "scorer", lambda _: Quoting())
    [answer] = RayWorker(Task(FileNotes(()), MODEL, tmp_path, {}), 1)({"shard": ["[0, 0, 1]"]})["record"]
    assert "a worker failed with an unexpected ValueError" in answer
    assert NOTE not in answer


def test_what_leaves_a_failed_worker_process_quotes_no_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.processes.prepare_process", lambda _: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(Task, "scorer", lambda _: Quoting())
    ours, theirs = Pipe()
    ours.send(Shard(0, 0, 1))
    _work(Task(FileNotes(()), MODEL, tmp_path, {}), 1, theirs)
    assert (ours.recv(), ours.recv()) == (None, "ValueError")
    assert not ours.poll()


def test_a_worker_that_is_killed_before_it_gets_its_shard_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def killed(*_: object) -> Any:
        ours, theirs = Pipe()
        theirs.send(None)
        theirs.close()
        return SimpleNamespace(join=lambda _: None, exitcode=-9), ours

    monkeypatch.setattr("clem_icd.prediction.bulk.processes._start", killed)
    task = Task(FileNotes(()), MODEL, tmp_path, {})
    with pytest.raises(RunError, match=r"stopped unexpectedly \(exit code -9\)"):
        list(score_in_processes(task, [Shard(0, 0, 1)], Workers(2, 1)))


def test_every_remark_on_the_evidence_of_any_shard_is_kept_once() -> None:
    shards = [
        SplitEvidence("assigned", 1, 0, 0, None, 1, 0, 0, 1, None, remarks)
        for remarks in ((), ("One.", "Two."), ("Three.", "One."))
    ]
    assert total(shards).remarks == ("One.", "Two.", "Three.")


@pytest.mark.parametrize(
    "error",
    [
        ModelError("found", path="model", row=3, remedy="Copy it again"),
        NoteError("is empty"),
        LeaderFailedError(),
    ],
)
def test_an_error_is_the_same_in_another_process(error: ClemError) -> None:
    sent = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(sent) is type(error)
    assert (str(sent), sent.found, sent.path, sent.row) == (str(error), error.found, error.path, error.row)
