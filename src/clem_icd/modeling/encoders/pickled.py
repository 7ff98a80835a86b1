"""Pickled weights, as in older checkpoints: read without running the code that a pickle can contain."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

from clem_icd.errors import ModelError
from clem_icd.modeling.damage import PICKLED_INDEX, PICKLED_WEIGHTS, require_file

COPY_AGAIN = "Copy the encoder's folder again"

# How torch names what a pickle asks for and weights do not need.
_ASKED_FOR = re.compile(r"GLOBAL (\S+)")


def pickled_files(folder: Path) -> list[Path]:
    """Return the files of pickled weights: one, or those in the index of a large model.

    Raises
    ------
    ModelError
        If one is missing, empty or only a pointer, or the index is damaged.

    """
    whole, index = folder / PICKLED_WEIGHTS, folder / PICKLED_INDEX
    if whole.exists() or not index.exists():
        files = [whole]
    else:
        require_file(index, COPY_AGAIN)
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        for name in names:
            if Path(name).name != name:
                raise ModelError(
                    "names a file outside of its folder", path=index, remedy="Do not use this encoder"
                )
        files = [folder / name for name in sorted(names)]
    for file in files:
        require_file(file, COPY_AGAIN)
    return files


def read_pickled(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return the tensors of pickled weights by name, each with memory of its own.

    Raises
    ------
    ModelError
        If a file asks for anything but tensors, holds anything else, or is damaged. Nothing in it is run.

    """
    tensors: dict[str, torch.Tensor] = {}
    for file in files:
        for name, value in _load(file).items():
            if not isinstance(name, str) or not isinstance(value, torch.Tensor):
                raise ModelError(
                    "does not hold one tensor per parameter",
                    path=file,
                    remedy="Save what the model's `state_dict()` returns",
                )
            # Tied parameters share memory in the file.
            tensors[name] = value.detach().clone(memory_format=torch.contiguous_format)
    return tensors


def _load(file: Path) -> dict[object, object]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch comments on the version of the format
            content = torch.load(file, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    # A damaged pickle can raise anything.
    except Exception as problem:
        asked_for = _ASKED_FOR.search(str(problem))
        if asked_for is not None:
            raise ModelError(
                f"asks for {asked_for[1]}, which weights do not need: a pickle that does could run code. "
                "Nothing in it was run",
                path=file,
                remedy="Do not use it; get the encoder from its publisher",
            ) from problem
        raise ModelError(
            f"is damaged: it is truncated, or not weights that torch has written ({type(problem).__name__})",
            path=file,
            remedy=COPY_AGAIN,
        ) from problem
    return content if isinstance(content, dict) else {None: content}
