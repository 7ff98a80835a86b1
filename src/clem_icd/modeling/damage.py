"""Why a checkpoint folder cannot be loaded: which of its files is missing or damaged, and how."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from clem_icd.errors import ClemError, ModelError

RESUME_EARLIER = "Delete this checkpoint and resume: training continues from an earlier one, or starts again"

Misshapen = tuple[str, Sequence[int], Sequence[int]]
"""A parameter, its shape in the file, and its shape in the model."""

_GIT_LFS = b"version https://git-lfs"


@dataclass(frozen=True)
class Part:
    """Files that are loaded together.

    Attributes
    ----------
    kind
        What they hold.
    files
        Those that may be damaged, in the order to examine them.
    described_in
        The file that is at fault if all of them can be read.

    """

    kind: str
    files: tuple[str, ...]
    described_in: str


CONFIG = Part("model", ("config.json",), "config.json")
WEIGHTS = Part("model", ("model.safetensors",), "config.json")
TOKENIZER = Part("tokenizer", ("tokenizer.json", "tokenizer_config.json"), "tokenizer_config.json")

_INDEX = "model.safetensors.index.json"  # of the files of a large model
PICKLED_WEIGHTS = "pytorch_model.bin"
PICKLED_INDEX = "pytorch_model.bin.index.json"
_OPTIONAL = {"tokenizer_config.json"}


@contextmanager
def naming_damage(folder: Path, part: Part, remedy: str) -> Iterator[None]:
    """Turn what libraries raise for a damaged file into an error that names the file.

    Raises
    ------
    ModelError
        If the block raises anything but an error of this package.

    """
    try:
        yield
    except (ClemError, MemoryError):
        raise
    # tokenizers raises bare exceptions, and an impossible value in a config can raise any.
    except Exception as problem:
        raise _damage(folder, part, type(problem).__name__, remedy) from problem


def flaw_of(path: Path) -> str | None:
    """Return what is wrong with a file of a checkpoint, as a predicate; None if it can be read.

    Of pickled weights, only the start is examined.
    """
    if not path.is_file():
        return "is missing"
    with path.open("rb") as file:
        start = file.read(len(_GIT_LFS))
    if not start:
        return "is damaged: it is empty"
    if start == _GIT_LFS:
        return "is a pointer of Git LFS, not the file that it points to; `git lfs pull` fetches it"
    if path.suffix == ".safetensors":
        return _weights_flaw(path)
    if path.suffix == ".bin":
        return None
    if flaw := _json_flaw(path):
        return flaw
    further = {
        "tokenizer.json": _tokenizer_flaw,
        _INDEX: _index_flaw,
        PICKLED_INDEX: _index_flaw,
    }.get(path.name)
    return None if further is None else further(path)


def require_file(path: Path, remedy: str) -> None:
    """Refuse a file of a checkpoint that cannot be read.

    Raises
    ------
    ModelError
        If it is missing or damaged.

    """
    flaw = flaw_of(path)
    if flaw is not None:
        raise ModelError(flaw, path=path, remedy=remedy)


def has_safetensors(folder: Path) -> bool:
    """Whether a folder has weights as safetensors, in one file or in several."""
    return (folder / "model.safetensors").exists() or (folder / _INDEX).exists()


def refuse_pickled_weights(folder: Path) -> None:
    """Refuse a checkpoint folder that has only pickled weights.

    Raises
    ------
    ModelError
        If it has no safetensors, but ``pytorch_model.bin``.

    """
    found = [name for name in (PICKLED_WEIGHTS, PICKLED_INDEX) if (folder / name).exists()]
    if found and not has_safetensors(folder):
        raise ModelError(
            "holds the weights as a pickle, which could run code",
            path=folder / found[0],
            remedy=f"Convert it with `clem convert-encoder {folder} --out NEW_FOLDER`, then name NEW_FOLDER",
        )


def require_vocabulary(tokenizer: PreTrainedTokenizerBase, folder: Path, remedy: str) -> None:
    """Refuse a tokenizer of nothing but special tokens, which is opened where its files are missing.

    Raises
    ------
    ModelError
        If it has no other tokens.

    """
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise ModelError("has no vocabulary: the tokenizer's files are missing", path=folder, remedy=remedy)


def require_padding(tokenizer: PreTrainedTokenizerBase, folder: Path, remedy: str) -> None:
    """Refuse a tokenizer that cannot pad, as one without its tokenizer_config.json.

    Raises
    ------
    ModelError
        If it has no padding token.

    """
    if tokenizer.pad_token_id is None:
        path = folder / "tokenizer_config.json"
        flaw = flaw_of(path) if folder.is_dir() else None
        raise ModelError(flaw or "names no padding token", path=path, remedy=remedy)


def require_parameters(
    path: Path,
    missing: Collection[str],
    misshapen: Collection[Misshapen],
    remedy: str,
) -> None:
    """Refuse weights that are not all of a model's: the others would be random, and it would still predict.

    Parameters
    ----------
    path
        The file of the weights.
    missing
        The parameters that it lacks.
    misshapen
        The parameters that it has in another shape.

    Raises
    ------
    ModelError
        If there are any.

    """
    if misshapen:
        name, found, expected = min(misshapen, key=lambda one: one[0])
        raise ModelError(
            f"has {_parameters(len(misshapen))} in another shape than config.json describes: for example "
            f"{name} in {_shape(found)}, expected {_shape(expected)}",
            path=path,
            remedy=remedy,
        )
    if missing:
        raise ModelError(
            f"lacks {_parameters(len(missing))} of the model: for example {min(missing)}",
            path=path,
            remedy=remedy,
        )


def _damage(folder: Path, part: Part, problem: str, remedy: str) -> ModelError:
    paths = _weight_files(folder) if part is WEIGHTS else [folder / name for name in part.files]
    for path in paths:
        flaw = flaw_of(path)
        if flaw is not None and (path.exists() or path.name not in _OPTIONAL):
            return ModelError(flaw, path=path, remedy=remedy)
    return ModelError(
        f"describes a {part.kind} that cannot be loaded ({problem}): the file is damaged, or the "
        f"{part.kind} is not supported",
        path=folder / part.described_in,
        remedy=remedy,
    )


def _weight_files(folder: Path) -> list[Path]:
    """Return the files of the weights: one, or those in the index of a large model."""
    index = folder / _INDEX
    if not index.exists():
        return [folder / "model.safetensors"]
    if flaw_of(index) is not None:
        return [index]
    names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    return sorted({folder / name for name in names})


def _json_flaw(path: Path) -> str | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return "is damaged: it is truncated, or not json"
    if not isinstance(value, dict):
        return f"is damaged: it is a json {type(value).__name__}, expected an object"
    return None


def _index_flaw(path: Path) -> str | None:
    files = json.loads(path.read_text(encoding="utf-8")).get("weight_map")
    if isinstance(files, dict) and files and all(isinstance(name, str) for name in files.values()):
        return None
    return "is damaged: its weight_map does not name the file of each parameter"


def _tokenizer_flaw(path: Path) -> str | None:
    try:
        Tokenizer.from_file(str(path))
    except Exception:  # noqa: BLE001 (of no narrower class)
        return "is damaged: it is json, but not a tokenizer"
    return None


def _weights_flaw(path: Path) -> str | None:
    try:
        with safe_open(path, "numpy"):
            return None
    except (OSError, SafetensorError):
        return "is damaged: it is truncated, or not a safetensors file"


def _parameters(count: int) -> str:
    return "1 parameter" if count == 1 else f"{count} parameters"


def _shape(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes)) or "one number"
