"""One process at a time in a folder. A lock belongs to an open file, so a second acts as another process."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import OutputError, RunError
from clem_icd.locking import LOCK, locked_folder


def refused(path: Path, *, shared: bool = False) -> None:
    with (
        pytest.raises(RunError, match="another process is at work"),
        locked_folder(path, "at work", shared=shared),
    ):
        raise AssertionError


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_folder(tmp_path / "new", "at work"):
            refused(tmp_path / "new")
            refused(tmp_path / "new", shared=True)
    assert [one.name for one in (tmp_path / "new").iterdir()] == [LOCK]


def test_a_folder_is_shared_by_those_that_ask_for_it(tmp_path: Path) -> None:
    with locked_folder(tmp_path, "at work", shared=True):
        with locked_folder(tmp_path, "at work", shared=True):
            refused(tmp_path)
        refused(tmp_path)
    with locked_folder(tmp_path, "at work"):
        pass


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


def test_a_folder_that_its_holder_deletes_before_it_is_opened_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened, calls = tmp_path / "folder", os.open, []

    def deleted_once(*arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) == 1:
            path.rmdir()
        return opened(*arguments)

    monkeypatch.setattr(os, "open", deleted_once)
    with locked_folder(path, "at work"):
        refused(path)


def test_a_stale_file_of_nfs_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, calls = fcntl.flock, []

    def stale_once(descriptor: int, operation: int) -> None:
        calls.append(operation)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        locked(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", stale_once)
    with locked_folder(tmp_path, "at work"):
        assert len(calls) == 2


def test_a_lock_that_belongs_to_somebody_else_can_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).touch()
    opened = os.open

    def not_writable(path: Any, flags: int, *others: Any) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(path, flags, *others)

    monkeypatch.setattr(os, "open", not_writable)
    with locked_folder(tmp_path, "at work"):
        refused(tmp_path)
    (tmp_path / LOCK).unlink()
    with pytest.raises(OutputError, match="is not writable"), locked_folder(tmp_path, "at work"):
        raise AssertionError


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="part of its path is a file"),
        locked_folder(tmp_path / "file", "at work"),
    ):
        raise AssertionError
