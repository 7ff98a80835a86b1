"""Model folders: written atomically, and opened only if nothing in them can run code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clem_icd.collection import collection_paused
from clem_icd.errors import ModelError
from clem_icd.fields import InvalidFieldError, validated
from clem_icd.files import new_folder, write_text
from clem_icd.modeling.architecture import GROUPS, Architecture
from clem_icd.modeling.card import model_card
from clem_icd.modeling.info import ModelInfo
from clem_icd.modeling.model_files import COPY_AGAIN
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.precision import check_precision
from clem_icd.modeling.system import System

if TYPE_CHECKING:
    from clem_icd.modeling.linear import LinearSystem

# Loading a pickle can run arbitrary code; these are the usual suffixes of pickled files.
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
    """Write the description of a model: ``clem.json``, its admissions and the model card."""
    info.write(folder)
    write_text(folder / "README.md", model_card(info))


def load_model(folder: Path, *, precision: str = "fp32") -> tuple[System, ModelInfo]:
    """Open a model folder.

    Parameters
    ----------
    folder
        The folder.
    precision
        In which precision a neural system scores notes: ``fp32``, ``bf16``, ``int8``, or ``auto``, the
        fastest one that was measured to leave F1 as it is (``system.precision`` says which and why).

    Raises
    ------
    InputError
        If the precision is unknown, or a reduced one and the system is not neural.
    ModelError
        If the folder has no ``clem.json``, contains a pickle, lacks a file, or its files disagree about the
        label space; or if this machine cannot score in the precision.

    """
    if not folder.is_dir():
        raise ModelError("not a folder", path=folder, remedy="Name the `model` folder of a training run")
    with collection_paused():
        return _opened(folder, precision)


def _opened(folder: Path, precision: str) -> tuple[System, ModelInfo]:
    info = ModelInfo.read(folder)
    check_precision(precision, info.system)
    _refuse_pickles(folder)
    if info.system == "lexicon":
        from clem_icd.modeling.lexicon.lexicon import LexiconSystem
        from clem_icd.modeling.lexicon.stacking import FOLDER

        stacked = _opened(folder / FOLDER, "fp32") if (folder / FOLDER).is_dir() else None
        if stacked is not None and stacked[1].system not in ("neural", "linear"):
            raise ModelError(
                f"holds a {stacked[1].system}, and a lexicon is stacked on a neural or linear system",
                path=folder / FOLDER,
                remedy=COPY_AGAIN,
            )
        return LexiconSystem.load(folder, info.labels, stacked), info
    if info.system == "dictionary":
        from clem_icd.modeling.lexicon.dictionary import DictionarySystem

        return DictionarySystem.load(folder, len(info.labels)), info
    if info.system == "linear":
        # Imported here: scikit-learn takes half a second, and neural systems need none of it.
        from clem_icd.modeling.linear import LinearSystem

        return _check_labels(LinearSystem.load(folder), info, folder), info
    system = NeuralSystem.load(
        folder,
        stored_architecture(info, folder),
        info.labels,
        precision=precision,
        records=info.precision,
        rule=info.rule.as_json(),
    )
    return system, info


def stored_architecture(info: ModelInfo, folder: Path) -> Architecture:
    """Return the architecture of a neural system from the description in its folder.

    Raises
    ------
    ModelError
        If this release does not support it.

    """
    try:
        return validated(Architecture, info.architecture or {}, GROUPS)
    except InvalidFieldError as problem:
        raise ModelError(
            f"clem.json describes an architecture that this release does not support: {problem}",
            path=folder,
            remedy="Load it with the release that trained it, or copy the folder again",
        ) from None


def _refuse_pickles(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _PICKLES:
            raise ModelError(
                f"holds a pickle, {path.name}, which could run code",
                path=folder,
                remedy="Remove it; weights belong in model.safetensors",
            )


def _check_labels(system: LinearSystem, info: ModelInfo, folder: Path) -> LinearSystem:
    if len(system.bias) != len(info.labels):
        raise ModelError(
            f"has weights for {len(system.bias)} labels, clem.json lists {len(info.labels)}", path=folder
        )
    return system
