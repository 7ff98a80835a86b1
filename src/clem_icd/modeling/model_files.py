"""Reading the files of a model folder that need no encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from clem_icd.errors import ModelError

__all__ = ["COPY_AGAIN", "read_arrays"]

COPY_AGAIN = "Copy the whole model folder again"
"""The remedy for a damaged model folder."""


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
