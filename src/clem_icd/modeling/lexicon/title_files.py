"""Title indexes on disk: arrays with a digest in a safetensors file, no pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from clem_icd.errors import ModelError
from clem_icd.files import new_file
from clem_icd.formats import require_format
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.arrays import Ints
from clem_icd.modeling.lexicon.coverage import StemSets
from clem_icd.modeling.lexicon.titles import TitleIndex

__all__ = ["TITLES_FILE", "read_lines", "read_titles_index", "write_lines", "write_titles"]

Arrays = Mapping[str, npt.NDArray[Any]]

_INDEX, _LINES = "clem-icd/title-index", "clem-icd/lines"
_FORMAT_VERSION = "1"
TITLES_FILE = "titles.safetensors"
_ABOUT = "about"
_COPY_AGAIN = "Copy the whole folder again"


def write_titles(index: TitleIndex, folder: Path) -> None:
    """Write ``titles.safetensors`` into a folder, atomically."""
    members = index.sets.rows
    codes = [f"{code.system.value} {code.value}" for code in index.codes]
    arrays = {
        "stems": index.sets.stems,
        "roots": index.roots,
        "members": members.indices.astype(np.int32),
        "member_starts": members.indptr.astype(np.int32),
        "owners": index.owners.astype(np.int32),
        "owner_starts": index.starts.astype(np.int32),
        "codes": _as_bytes(codes),
    }
    _write(arrays, _INDEX, folder / TITLES_FILE)


def read_titles_index(folder: Path) -> TitleIndex:
    """Read the index that `write_titles` wrote.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or this release cannot read it.

    """
    path = folder / TITLES_FILE
    arrays = _read(_INDEX, path)
    try:
        codes = tuple(_code(line) for line in _as_lines(arrays["codes"]))
        owners, owner_starts = _parts(arrays, "owner_starts", "owners", len(codes))
        members, member_starts = _parts(arrays, "member_starts", "members", len(arrays["stems"]))
        if len(arrays["roots"]) != len(arrays["stems"]) or len(owner_starts) != len(member_starts):
            raise ValueError("the arrays have different lengths")
        sets = StemSets.from_parts(arrays["stems"], member_starts, members)
    except (KeyError, ValueError) as problem:
        raise _damaged(path) from problem
    return TitleIndex(sets, arrays["roots"], codes, owner_starts, owners)


def write_lines(lines: Sequence[str], path: Path) -> None:
    """Write texts without line breaks, atomically and with a digest."""
    _write({"lines": _as_bytes(lines)}, _LINES, path)


def read_lines(path: Path) -> list[str]:
    """Read the texts that `write_lines` wrote.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or this release cannot read it.

    """
    try:
        return _as_lines(_read(_LINES, path)["lines"])
    except (KeyError, ValueError) as problem:
        raise _damaged(path) from problem


def _write(arrays: Arrays, kind: str, path: Path) -> None:
    about = {"format": kind, "format_version": _FORMAT_VERSION, "digest": _digest(arrays)}
    with new_file(path) as temporary:
        # One entry, since safetensors writes several in any order, and equal indexes should be equal files.
        save_file(dict(arrays), temporary, metadata={_ABOUT: json.dumps(about)})


def _read(kind: str, path: Path) -> Arrays:
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {}).get(_ABOUT, "{}"))
            arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (OSError, SafetensorError, ValueError) as problem:
        raise ModelError(
            "is missing, or not readable as safetensors", path=path, remedy=_COPY_AGAIN
        ) from problem
    require_format(about, kind, _FORMAT_VERSION, ModelError, path, "Write it again with this release")
    if about.get("digest") != _digest(arrays):
        raise _damaged(path)
    return arrays


def _damaged(path: Path) -> ModelError:
    return ModelError("is damaged: its contents do not match each other", path=path, remedy=_COPY_AGAIN)


def _digest(arrays: Arrays) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape} ".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _parts(arrays: Arrays, starts: str, flat: str, limit: int) -> tuple[Ints, Ints]:
    """Return the members of groups and where each group begins, as far as both make sense."""
    begins, values = arrays[starts].astype(np.int64), arrays[flat].astype(np.int64)
    if not len(begins) or begins[0] != 0 or begins[-1] != len(values) or (np.diff(begins) < 0).any():
        raise ValueError(f"{starts} does not divide {flat}")
    if len(values) and not 0 <= values.min() <= values.max() < limit:
        raise ValueError(f"{flat} is out of range")
    return values, begins


def _code(line: str) -> Code:
    system, _, value = line.partition(" ")
    return Code(value, CodeSystem(system))


def _as_bytes(lines: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("".join(f"{line}\n" for line in lines).encode(), dtype=np.uint8)


def _as_lines(content: npt.NDArray[Any]) -> list[str]:
    """Return lines, of which each ends with a line feed; titles may have other line breaks of Unicode."""
    *lines, rest = content.tobytes().decode().split("\n")
    if rest:
        raise ValueError("the last line has no end")
    return lines
