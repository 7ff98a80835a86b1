"""Model folders: written whole, and opened only where nothing in them can run code."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError

from clem_icd.errors import ModelError
from clem_icd.files import new_folder, write_text
from clem_icd.modeling.card import model_card
from clem_icd.modeling.context import context_of
from clem_icd.modeling.info import ModelInfo
from clem_icd.modeling.linear import LinearSystem
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.system import System

# Python's pickle runs whatever it holds, and these are the names under which it travels.
_PICKLES = {".bin", ".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}


def save_model(system: System, info: ModelInfo, folder: Path, *, force: bool = False) -> None:
    """Write a model folder: the files of the system, ``clem.json`` and a model card.

    Raises
    ------
    OutputError
        If ``folder`` is occupied and ``force`` is false, or the disk is full.

    """
    with new_folder(folder, force=force) as temporary:
        system.save(temporary)
        write_info(info, temporary)


def write_info(info: ModelInfo, folder: Path) -> None:
    """Write all of a model folder that tells of the model: ``clem.json``, admissions and the model card."""
    info.write(folder)
    write_text(folder / "README.md", model_card(info))


def load_model(folder: Path) -> tuple[System, ModelInfo]:
    """Open a model folder.

    Raises
    ------
    ModelError
        If the folder has no ``clem.json``, holds a pickle, lacks a file, or its parts disagree
        about the label space.

    """
    if not folder.is_dir():
        raise ModelError("is no folder", path=folder, remedy="Name the `model` folder of a training run")
    info = ModelInfo.read(folder)
    _refuse_pickles(folder)
    if info.system == "linear":
        return _checked_linear(LinearSystem.load(folder), info, folder), info
    if info.max_tokens is None:
        raise ModelError("clem.json does not say how many tokens are read", path=folder)
    _check_head(folder, info)
    try:
        system = NeuralSystem.load(folder, info.max_tokens)
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as problem:
        raise ModelError(
            f"cannot be loaded ({type(problem).__name__}): a file is missing or damaged",
            path=folder,
            remedy="Copy the model folder again, all of it",
        ) from problem
    context = context_of(system.model)
    if context is not None and info.max_tokens > context:
        raise ModelError(
            f"clem.json has the model read {info.max_tokens} tokens, its encoder reads {context}", path=folder
        )
    return system, info


def _refuse_pickles(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _PICKLES:
            raise ModelError(
                f"holds a pickle, {path.name}, which could run code",
                path=folder,
                remedy="Remove it; weights belong in model.safetensors",
            )


def _check_head(folder: Path, info: ModelInfo) -> None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        codes = [config["id2label"][str(position)] for position in range(len(config["id2label"]))]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ModelError("has no readable config.json with id2label", path=folder) from problem
    if codes != [label.value for label in info.labels]:
        raise ModelError(
            f"config.json and clem.json disagree about the {len(codes)} and {len(info.labels)} labels",
            path=folder,
            remedy="Copy the model folder again, all of it",
        )


def _checked_linear(system: LinearSystem, info: ModelInfo, folder: Path) -> LinearSystem:
    if len(system.bias) != len(info.labels):
        raise ModelError(
            f"has weights for {len(system.bias)} labels, clem.json lists {len(info.labels)}", path=folder
        )
    return system
