"""A full disk, reported as one kind of error, whichever library met it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from clem_icd.errors import OutputError

# With fewer free bytes than this, a file system cannot take a checkpoint.
_NO_SPACE = 100_000

# The words of safetensors, of this package and of torch for a full disk.
_FULL = ("No space left", "the disk is full", "PytorchStreamWriter failed")


@contextmanager
def disk_full_as_output_error(out: Path) -> Iterator[None]:
    """Turn the various errors that libraries raise on a full disk into an `OutputError`.

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
            "the disk is full", path=out, remedy="Free some space, then resume with --resume"
        ) from problem
