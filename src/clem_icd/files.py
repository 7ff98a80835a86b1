"""Atomic files and folders: they appear complete or not at all.

Everything is written under a temporary name next to its destination, flushed to disk, and renamed. A reader
therefore never sees a partial result, whatever happens to the writer.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clem_icd.errors import ClemError, OutputError

__all__ = [
    "CACHE_VARIABLE",
    "DISK_FULL",
    "TEMPORARY_PREFIX",
    "cache_folder",
    "check_free",
    "finish_tree",
    "flush",
    "new_file",
    "new_folder",
    "read_json",
    "remove_leftovers",
    "sha256_of",
    "storage_errors",
    "write_json",
    "write_text",
]

TEMPORARY_PREFIX = ".partial-"
"""How the name of everything begins that is not complete yet."""

DISK_FULL = "the disk is full"
"""What an `OutputError` says of a full disk."""

CACHE_VARIABLE = "CLEM_ICD_CACHE"
"""The environment variable that names the folder of all caches."""


def cache_folder(name: str) -> Path:
    """Return the folder of a cache of the user, which may not exist yet."""
    # Imported here: few commands need a cache.
    import pooch

    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("clem-icd")) / name


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse an occupied destination.

    Raises
    ------
    OutputError
        If ``path`` is a file or a non-empty folder, and ``force`` is false or the folder cannot be replaced:
        it is the current folder or above it, or a mount point.

    """
    with storage_errors(path):
        folder = path.is_dir() and any(path.iterdir())
        fixed = folder and (path.is_mount() or Path.cwd().is_relative_to(path.resolve()))
    if (folder or path.is_file()) and not force:
        raise OutputError("already exists", path=path, remedy="Choose another path, or pass --force")
    if fixed:
        raise OutputError(
            "is not empty and cannot be replaced: it is a mount point or contains the current folder",
            path=path,
            remedy="Choose another path, or empty the folder",
        )


def check_free_file(path: Path, *, force: bool = False) -> None:
    """Refuse a destination of a file that is occupied, or that is a folder.

    Raises
    ------
    OutputError
        If it is.

    """
    check_free(path, force=force)
    if path.is_dir():
        raise OutputError("is a folder, expected a file path", path=path, remedy="Name a file")


@contextmanager
def new_file(path: Path, *, force: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write to; it becomes ``path`` on success and is removed on failure.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the file cannot be written.

    """
    check_free_file(path, force=force)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{_temporary_name()}{path.suffix}"
        try:
            yield temporary
            flush(temporary)
            temporary.replace(path)
            flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder to fill; it becomes ``path`` on success and is removed on failure.

    With ``force``, an existing folder at ``path`` is replaced, once the new one is complete. An empty folder
    is filled in place, since it may be a mount point or the current folder of a shell.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the folder cannot be written.

    """
    check_free(path, force=force)
    if path.is_file():
        raise OutputError("is a file, expected a folder path", path=path, remedy="Name a folder")
    with storage_errors(path):
        resolved = path.resolve()
        empty = resolved.is_dir() and not any(resolved.iterdir())
        parent = resolved if empty else resolved.parent
        parent.mkdir(parents=True, exist_ok=True)
        temporary = parent / _temporary_name()
        try:
            temporary.mkdir()
            yield temporary
            finish_tree(temporary)
            if empty:
                _fill_folder(temporary, resolved)
            else:
                _replace_folder(temporary, resolved)
            flush(parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files and folders that a killed process left in a folder."""
    for left in folder.glob(f"{TEMPORARY_PREFIX}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically, with a stable layout. NaN is an error."""
    write_text(path, _as_text(value))


def create_json(path: Path, value: Any) -> None:
    """Write a JSON file as `write_json` does, unless one is there: of several processes, only one creates it.

    Raises
    ------
    OutputError
        If the file cannot be written.

    """
    temporary = path.parent / f"{_temporary_name()}{path.suffix}"
    with storage_errors(path):
        try:
            temporary.write_text(_as_text(value), encoding="utf-8")
            flush(temporary)
            # A file system may be unable to move a file without replacing another; a link never replaces one.
            with suppress(FileExistsError):
                _link(temporary, path)
            flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _link(path: Path, new: Path) -> None:
    try:
        os.link(path, new)
    except OSError as problem:
        if problem.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        raise OutputError(
            "cannot be created by one of several processes alone: its file system has no hard links",
            path=new,
            remedy="Choose another file system",
        ) from problem


def _as_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path, error: type[ClemError], remedy: str | None = None) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    ClemError
        Of the class ``error``, if the file is missing or does not hold a JSON object.

    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error("there is no such file", path=path, remedy=remedy) from None
    except (OSError, ValueError, RecursionError) as problem:
        found = f"is not readable as json ({type(problem).__name__})"
        raise error(found, path=path, remedy=remedy) from problem
    if not isinstance(value, dict):
        found = f"holds a json {type(value).__name__}, expected an object"
        raise error(found, path=path, remedy=remedy)
    return value


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Return when a file or folder is on disk, and not only in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def finish_tree(folder: Path) -> None:
    """Give every file below a new folder the permissions that the umask asks for, and flush all to disk.

    Some libraries leave a file that only its owner can read, whatever the umask: safetensors is one.
    """
    # The folder itself was made under the umask.
    asked_for = folder.stat().st_mode & 0o666
    for parent, _, names in os.walk(folder):
        for name in names:
            _permit(Path(parent) / name, asked_for)
            flush(Path(parent) / name)
        flush(Path(parent))


def _fill_folder(temporary: Path, path: Path) -> None:
    for child in sorted(temporary.iterdir()):
        child.rename(path / child.name)


def _replace_folder(temporary: Path, path: Path) -> None:
    if not path.exists():
        temporary.rename(path)
        return
    retired = path.parent / _temporary_name()
    path.rename(retired)
    try:
        temporary.rename(path)
    except BaseException:
        if not path.exists():
            retired.rename(path)
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _temporary_name() -> str:
    # Chosen before the file exists, so that an interruption at any point can clean up.
    return f"{TEMPORARY_PREFIX}{secrets.token_hex(6)}"


def _permit(path: Path, permissions: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if permissions & ~mode:
        # Some file systems have permissions that cannot be changed; what is written there stays as it is.
        with suppress(PermissionError):
            path.chmod(mode | permissions)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what a file system refuses into an `OutputError` about a path, such as a full disk."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(DISK_FULL, path=path, remedy="Free some space, then run it again") from problem
        if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise OutputError("is not writable", path=path, remedy="Choose another path") from problem
        if problem.errno == errno.EBUSY:
            raise OutputError("is in use", path=path, remedy="Choose another path") from problem
        if problem.errno in (errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise OutputError(
                "cannot be created: part of its path is a file, or its name is too long",
                path=path,
                remedy="Choose another path",
            ) from problem
        raise
