"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clem_icd.errors import RunError
from clem_icd.files import storage_errors

LOCK = ".lock"
"""The file in a folder that is locked. It is empty; one that a killed process leaves does no harm."""


@contextmanager
def locked_folder(path: Path, activity: str, *, shared: bool = False) -> Iterator[None]:
    """Keep all other processes out of a folder, which is made if it is missing.

    A file in it is locked, not the folder itself: NFS keeps the lock of a folder from no other machine.
    Whoever holds it alone deletes the file in the end.

    Parameters
    ----------
    activity
        What another process would be doing, for the error.
    shared
        Let in other processes that share the folder as well.

    Raises
    ------
    OutputError
        If the file cannot be written.
    RunError
        If another process holds the lock, or the file system has none.

    """
    descriptor = _locked_file(path, activity, shared=shared)
    try:
        yield
    finally:
        if not shared and _is_file(descriptor, path / LOCK):
            (path / LOCK).unlink()
        os.close(descriptor)


def _locked_file(path: Path, activity: str, *, shared: bool) -> int:
    while True:
        with storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, path, activity, shared=shared)
            # Its last holder may have deleted it in between.
            if _is_file(descriptor, path / LOCK):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, activity: str, *, shared: bool) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"another process is {activity}", path=path, remedy="Wait until it ends, or stop it"
        ) from None
    except OSError as problem:
        raise RunError(
            f"cannot be locked ({problem.strerror}), so two processes could write to it at once",
            path=path,
            remedy="Choose a file system with locks; Lustre has them when mounted with the option flock",
        ) from problem


def _is_file(descriptor: int, path: Path) -> bool:
    """Return whether a file that is open is the one at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
