"""Files and folders that appear whole or not at all.

Everything is written under a temporary name beside its final place, flushed to the disk, and
renamed. A reader therefore never sees half of a result, whatever happened to the writer.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clem_icd.errors import ClemError, OutputError

__all__ = [
    "check_free",
    "new_file",
    "new_folder",
    "read_json",
    "sha256_of",
    "sync_tree",
    "write_json",
    "write_text",
]


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse a place that already holds something.

    Raises
    ------
    OutputError
        If ``path`` is a file or a folder with something in it, and ``force`` is false or the folder
        cannot be replaced: the process runs in it, or another file system is mounted there.

    """
    with _storage_errors(path):
        folder = path.is_dir() and any(path.iterdir())
        fixed = folder and (path.is_mount() or Path.cwd().is_relative_to(path.resolve()))
    if (folder or path.is_file()) and not force:
        raise OutputError(
            "already holds something", path=path, remedy="Choose another place, or pass --force"
        )
    if fixed:
        raise OutputError(
            "holds something and cannot be replaced: it is a mount point, or the command runs in it",
            path=path,
            remedy="Choose another place, or empty it",
        )


@contextmanager
def new_file(path: Path, *, force: bool = True) -> Iterator[Path]:
    """Give a temporary path to write to; on success it becomes ``path``, on failure it vanishes.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk does not take the file.

    """
    check_free(path, force=force)
    if path.is_dir():
        raise OutputError("is a folder, expected a place for a file", path=path, remedy="Name a file")
    with _storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{_temporary_name()}{path.suffix}"
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder to fill; on success it becomes ``path``, on failure it vanishes.

    With ``force`` an existing folder at ``path`` is replaced, and only once the new one is whole. An empty
    one stays and is filled, since it may be a mount point, or the folder that somebody's shell is in.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk does not take the folder.

    """
    check_free(path, force=force)
    if path.is_file():
        raise OutputError("is a file, expected a place for a folder", path=path, remedy="Name a folder")
    with _storage_errors(path):
        place = path.resolve()
        empty = place.is_dir() and not any(place.iterdir())
        beside = place if empty else place.parent
        beside.mkdir(parents=True, exist_ok=True)
        temporary = beside / _temporary_name()
        try:
            temporary.mkdir()
            yield temporary
            sync_tree(temporary)
            if empty:
                _fill_folder(temporary, place)
            else:
                _replace_folder(temporary, place)
            _sync(beside)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all."""
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a json file with a stable layout, whole or not at all. NaN is an error, not ``NaN``."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, error: type[ClemError]) -> dict[str, Any]:
    """Read a json object.

    Raises
    ------
    ClemError
        Of the class ``error``, if there is no such file or it holds no json object.

    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error("there is no such file", path=path) from None
    except (OSError, ValueError, RecursionError) as problem:
        raise error(f"is not readable as json ({type(problem).__name__})", path=path) from problem
    if not isinstance(value, dict):
        raise error(f"holds a json {type(value).__name__}, expected an object", path=path)
    return value


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to the disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            _sync(Path(place) / name)
        _sync(Path(place))


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
    # Known before anything of that name exists, so that an interruption at any point can clean up.
    return f".partial-{secrets.token_hex(6)}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                "the disk is full", path=path, remedy="Free some space, then run it again"
            ) from problem
        if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise OutputError("may not be written to", path=path, remedy="Choose another place") from problem
        if problem.errno == errno.EBUSY:
            raise OutputError("is in use", path=path, remedy="Choose another place") from problem
        if problem.errno in (errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise OutputError(
                "cannot be made: it lies below a file, or its name is too long",
                path=path,
                remedy="Choose another place",
            ) from problem
        raise
