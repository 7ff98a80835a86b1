"""The files of a model folder, as far as no encoder is needed: their arrays and their fingerprint."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from clem_icd.errors import ModelError
from clem_icd.files import sha256_of

__all__ = ["COPY_AGAIN", "fingerprint_of_folder", "read_arrays"]

COPY_AGAIN = "Copy the whole model folder again"
"""The remedy for a damaged model folder."""

# Describes the model to people, and changes nothing of what it does.
_CARD = "README.md"


def fingerprint_of_folder(folder: Path) -> str:
    """Return one SHA-256 for all files of a model folder but its card.

    It is that of what ``sha256sum`` prints for the files in the order of their paths.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{sha256_of(folder / name)}  {name}\n" for name in names if name != _CARD)
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()


def read_arrays(path: Path) -> dict[str, Any]:
    """Read a safetensors file as numpy arrays.

    Raises
    ------
    ModelError
        If it is missing or damaged.

    """
    try:
        arrays: dict[str, Any] = load_file(path)
    except (OSError, SafetensorError) as problem:
        raise ModelError(
            "is missing, or not readable as safetensors", path=path, remedy=COPY_AGAIN
        ) from problem
    return arrays
