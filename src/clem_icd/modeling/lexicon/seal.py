"""Options as JSON with a digest of the files beside them, so that files of two models are never mixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clem_icd.errors import ModelError
from clem_icd.files import read_json, sha256_of, write_json
from clem_icd.modeling.model_files import COPY_AGAIN

__all__ = ["read_options", "write_options"]


def write_options(path: Path, options: Mapping[str, Any], files: Sequence[str]) -> None:
    """Write options, with a digest of them and of files in the same folder."""
    write_json(path, {**options, "digest": _digest(path.parent, options, files)})


def read_options(path: Path, files: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
    """Read what `write_options` wrote.

    Raises
    ------
    ModelError
        If the options or the files are missing, damaged or of several models, or one of the keys is missing.

    """
    options = read_json(path, ModelError, COPY_AGAIN)
    found = options.pop("digest", None)
    if found != _digest(path.parent, options, files):
        raise ModelError(
            f"{path.name} and {', '.join(files)} are damaged, or of several models",
            path=path.parent,
            remedy=COPY_AGAIN,
        )
    for key in keys:
        if key not in options:
            # The digest is right, so the file is as it was written.
            raise ModelError(
                f"has no {key!r}: another release wrote it", path=path, remedy="Train the model again"
            )
    return options


def _digest(folder: Path, options: Mapping[str, Any], files: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for name in files:
        try:
            digest.update(sha256_of(folder / name).encode())
        except OSError as problem:
            raise ModelError(
                "is missing, or not readable", path=folder / name, remedy=COPY_AGAIN
            ) from problem
    return digest.hexdigest()
