"""A full disk, told as one error of ours, whatever the libraries make of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from clem_icd.errors import OutputError

# A file system with less room than this takes no checkpoint.
_NO_SPACE = 100_000

# What safetensors, ours and torch say where it is full.
_FULL = ("No space left", "the disk is full", "PytorchStreamWriter failed")


@contextmanager
def full_disk_is_named(out: Path) -> Iterator[None]:
    """Turn the many errors that libraries have for a full disk into ours.

    Raises
    ------
    OutputError
        If the disk of ``out`` is full.

    """
    try:
        yield
    except (OutputError, OSError, RuntimeError, SafetensorError) as problem:
        full = shutil.disk_usage(out).free < _NO_SPACE
        if not full and not any(words in str(problem) for words in _FULL):
            raise
        raise OutputError(
            "the disk is full", path=out, remedy="Free some space, then go on with --resume"
        ) from problem
