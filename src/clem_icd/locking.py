"""One process at a time in a folder."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clem_icd.errors import RunError
from clem_icd.files import storage_errors

LOCK = ".lock"
"""The file in a folder that is locked. It is empty, and stays; whoever holds it alone may delete it."""


@contextmanager
def locked_folder(path: Path, activity: str, *, shared: bool = False) -> Iterator[None]:
    """Keep all other processes out of a folder; create it if it is missing.

    A file in it is locked, not the folder itself: over NFS, other machines do not see a lock on a folder.

    Parameters
    ----------
    activity
        What another process would be doing, for the error.
    shared
        Let in other processes that share the folder as well.

    Raises
    ------
    OutputError
        If the file cannot be created.
    RunError
        If another process holds the lock, or the file system has none.

    """
    descriptor = _locked_file(path, activity, shared=shared)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked_file(path: Path, activity: str, *, shared: bool) -> int:
    while True:
        with storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = _opened(path / LOCK)
            except FileNotFoundError:
                # The previous holder has deleted the folder in this moment.
                continue
        try:
            _lock(descriptor, path, activity, shared=shared)
            # The previous holder may have deleted the file in the meantime.
            if _is_file(descriptor, path / LOCK):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        # It belongs to a colleague who shares the folder.
        return os.open(path, os.O_RDONLY)


def _lock(descriptor: int, path: Path, activity: str, *, shared: bool) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"another process is {activity}", path=path, remedy="Wait until it ends, or stop it"
        ) from None
    except OSError as problem:
        if problem.errno == errno.ESTALE:
            return
        raise RunError(
            f"cannot be locked ({problem.strerror}), so two processes could write to it at once",
            path=path,
            remedy="Choose a file system with locks; Lustre has them when mounted with the option flock",
        ) from problem


def _is_file(descriptor: int, path: Path) -> bool:
    """Return whether a file that is open is the one at a path."""
    try:
        # Opened again, since NFS remembers for a while what was at a path.
        other = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return os.path.samestat(os.fstat(other), os.fstat(descriptor))
    except OSError as problem:
        if problem.errno != errno.ESTALE:
            raise
        return False
    finally:
        os.close(other)
