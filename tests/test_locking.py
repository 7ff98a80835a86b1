"""One process at a time in a folder. A lock belongs to an open file, so a second acts as another process."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from clem_icd.errors import OutputError, RunError
from clem_icd.locking import LOCK, locked_folder


def refused(path: Path, *, shared: bool = False) -> None:
    with (
        pytest.raises(RunError, match="another process is at work"),
        locked_folder(path, "at work", shared=shared),
    ):
        raise AssertionError


def test_a_folder_is_held_by_one_process_and_left_as_it_was(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_folder(tmp_path / "new", "at work"):
            assert [one.name for one in (tmp_path / "new").iterdir()] == [LOCK]
            refused(tmp_path / "new")
            refused(tmp_path / "new", shared=True)
        assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_is_shared_by_those_that_ask_for_it(tmp_path: Path) -> None:
    with locked_folder(tmp_path, "at work", shared=True):
        with locked_folder(tmp_path, "at work", shared=True):
            refused(tmp_path)
        refused(tmp_path)
    with locked_folder(tmp_path, "at work"):
        pass


def test_the_file_of_a_killed_process_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    with locked_folder(tmp_path, "at work"):
        refused(tmp_path)


def test_a_file_that_its_holder_deletes_before_it_is_locked_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, calls = fcntl.flock, []

    def deleted_once(descriptor: int, operation: int) -> None:
        calls.append(operation)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()
        locked(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", deleted_once)
    with locked_folder(tmp_path, "at work"):
        assert len(calls) == 2
        refused(tmp_path)


def test_a_folder_that_takes_the_place_of_a_held_one_keeps_its_own_lock(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with locked_folder(path, "at work"):
        path.rename(tmp_path / "elsewhere")
        other = locked_folder(path, "at work")
        other.__enter__()
    refused(path)
    other.__exit__(None, None, None)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="part of its path is a file"),
        locked_folder(tmp_path / "file", "at work"),
    ):
        raise AssertionError
