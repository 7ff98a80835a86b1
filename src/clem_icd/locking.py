"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clem_icd.errors import RunError


@contextmanager
def locked_folder(path: Path, activity: str, *, shared: bool = False) -> Iterator[None]:
    """Keep all other processes out of a folder.

    The folder itself is locked, since the files in it are replaced.

    Parameters
    ----------
    activity
        What another process would be doing, for the error.
    shared
        Let in other processes that share the folder as well.

    Raises
    ------
    RunError
        If another process holds the lock, or the file system has none.

    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
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
        yield
    finally:
        os.close(descriptor)
