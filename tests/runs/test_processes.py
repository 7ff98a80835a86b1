from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.errors import RunError
from clem_icd.runs.processes import Launched, is_leader, launched_processes, require_single_process


@pytest.mark.parametrize("processes", [None, "1"])
def test_one_process_is_accepted(monkeypatch: pytest.MonkeyPatch, processes: str | None) -> None:
    if processes is None:
        monkeypatch.delenv("WORLD_SIZE", raising=False)
    else:
        monkeypatch.setenv("WORLD_SIZE", processes)
    require_single_process(Path("run"))


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(RunError, match=r"4 processes were started .* expected a single one") as caught:
        require_single_process(Path("run"))
    assert caught.value.path == Path("run")


@pytest.mark.parametrize("given", ["two", ""])
def test_a_number_of_processes_that_is_not_a_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", given)
    with pytest.raises(RunError, match=f"WORLD_SIZE is '{given}', expected a number of processes") as caught:
        require_single_process(Path("run"))
    assert caught.value.path == Path("run")
    assert caught.value.__suppress_context__


def test_a_process_alone_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    # Slurm and MPI may leave a rank where there is one process.
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")
    assert launched_processes(Path("run")) == Launched(1, 0, 0)
    assert is_leader()


@pytest.mark.parametrize(("rank", "leads"), [("0", True), ("5", False)])
def test_a_launcher_says_which_process_this_is(
    monkeypatch: pytest.MonkeyPatch, rank: str, leads: bool
) -> None:
    for name, value in {"WORLD_SIZE": "8", "RANK": rank, "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert launched_processes(Path("run")) == Launched(8, int(rank), 1)
    assert is_leader() == leads


@pytest.mark.parametrize("missing", ["RANK", "LOCAL_RANK"])
def test_several_processes_need_their_numbers(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "2")
    monkeypatch.delenv(missing)
    with pytest.raises(RunError, match=f"variable {missing} is not set, .* Start the run with torchrun"):
        launched_processes(Path("run"))
