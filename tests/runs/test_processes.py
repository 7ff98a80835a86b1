from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.errors import RunError
from clem_icd.runs.processes import require_single_process


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
