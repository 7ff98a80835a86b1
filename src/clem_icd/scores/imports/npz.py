"""NumPy arrays: scores, note ids and labels in one npz file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.external import Dense, ExternalCode, ExternalScores, FloatArray

SCORES, NOTES, LABELS, SYSTEMS, TARGETS = "scores", "note_ids", "labels", "systems", "targets"

# What numpy raises for a damaged zip file or array header.
_DAMAGE = (OSError, ValueError, EOFError, NotImplementedError, zlib.error, TokenError, zipfile.BadZipFile)

_RECIPE = "Write it with np.savez(path, scores=…, note_ids=…, labels=…), with ids and labels as text"


def read_npz(path: Path, labels: tuple[ExternalCode, ...] | None = None) -> ExternalScores:
    """Read ``scores`` [notes, labels], ``note_ids`` [notes] and ``labels`` [labels] from an npz file.

    Optional arrays are ``systems`` [labels], the code systems, and ``targets`` [notes, labels], the gold
    codes as booleans or 0 and 1.

    Parameters
    ----------
    labels
        The label list, if the file has none [labels].

    Raises
    ------
    InputError
        If an array is missing or has the wrong type or shape, or a note or label is repeated.

    """
    arrays = _arrays(path)
    if {"format", "shape", "data"} <= arrays.keys():
        raise ScoresError(
            "is a sparse matrix of SciPy, without ids and labels",
            path=path,
            remedy="Write its scores as m.toarray(): np.savez(path, scores=…, note_ids=…, labels=…)",
        )
    codes = _codes(path, arrays, labels)
    notes = _texts(path, _array(path, arrays, NOTES), NOTES, numbers=True)
    values = _matrix(path, arrays, SCORES, (len(notes), len(codes))).astype(np.float32, copy=False)
    gold = _gold(path, arrays, codes, values) if TARGETS in arrays else None
    return ExternalScores(notes, codes, Dense(values), label_list=codes, gold=gold)


def _arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    if not path.is_file():
        raise ScoresError("no such file", path=path, remedy="Name the file with the scores")
    try:
        # Opened here because numpy does not close a file that is not a zip archive.
        with path.open("rb") as stream:
            content = np.load(stream, allow_pickle=False)
            if isinstance(content, np.lib.npyio.NpzFile):
                return {name: content[name] for name in content.files}
    except _DAMAGE:
        pass
    raise ScoresError(
        "not an npz file of plain arrays: it is damaged or holds Python objects", path=path, remedy=_RECIPE
    )


def _codes(
    path: Path, arrays: dict[str, npt.NDArray[np.generic]], labels: tuple[ExternalCode, ...] | None
) -> tuple[ExternalCode, ...]:
    if (LABELS in arrays) == (labels is not None):
        found = "has an array 'labels', and --labels was passed too" if labels else "has no array 'labels'"
        raise ScoresError(found, path=path, remedy="Give the labels either in the file or with --labels")
    if labels is not None:
        return labels
    texts = _texts(path, arrays[LABELS], LABELS, numbers=False)
    if SYSTEMS not in arrays:
        return tuple(map(ExternalCode, texts))
    names = [str(name) for name in arrays[SYSTEMS].reshape(-1)]
    if len(names) != len(texts):
        raise ScoresError(f"has {len(names)} systems for {len(texts)} labels", path=path, remedy=_RECIPE)
    return tuple(ExternalCode(text, CodeSystem.parse(name)) for text, name in zip(texts, names, strict=True))


def _array(path: Path, arrays: dict[str, npt.NDArray[np.generic]], name: str) -> npt.NDArray[np.generic]:
    if name not in arrays:
        has = ", ".join(sorted(arrays)) or "none"
        raise ScoresError(f"has no array {name!r}; its arrays: {has}", path=path, remedy=_RECIPE)
    return arrays[name]


def _texts(path: Path, array: npt.NDArray[np.generic], name: str, *, numbers: bool) -> tuple[str, ...]:
    """Return an array of distinct texts as a tuple; ``numbers`` admits integers too."""
    if array.ndim != 1 or not (array.dtype.kind == "U" or (numbers and array.dtype.kind in "iu")):
        raise ScoresError(
            f"has {name!r} of type {array.dtype} with {array.ndim} dimensions, expected a list of text",
            path=path,
            remedy="Write codes as text: as a number, 0066 becomes 66"
            if name == LABELS and array.dtype.kind in "iuf"
            else _RECIPE,
        )
    texts = tuple(str(one).strip() for one in array)
    if len(set(texts)) != len(texts) or "" in texts:
        raise ScoresError(
            f"has an empty or duplicate value in {name!r}", path=path, remedy="List each value once"
        )
    return texts


def _matrix(
    path: Path, arrays: dict[str, npt.NDArray[np.generic]], name: str, shape: tuple[int, int]
) -> npt.NDArray[np.generic]:
    array = _array(path, arrays, name)
    if array.ndim == 3 and array.shape == (shape[1], shape[0], 2):
        raise ScoresError(
            f"has {name!r} as scikit-learn's predict_proba returns them: a pair of classes per label",
            path=path,
            remedy=f"Write {name}=np.array(p)[:, :, 1].T",
        )
    if array.shape != shape or array.dtype.kind not in "fiub":
        raise ScoresError(
            f"has {name!r} of shape {list(array.shape)} and type {array.dtype}, expected numbers of shape "
            f"{list(shape)} (notes, labels)",
            path=path,
            remedy=_RECIPE,
        )
    return array


def _gold(
    path: Path,
    arrays: dict[str, npt.NDArray[np.generic]],
    codes: tuple[ExternalCode, ...],
    values: FloatArray,
) -> tuple[frozenset[str], ...]:
    shape = (values.shape[0], values.shape[1])
    targets = _matrix(path, arrays, TARGETS, shape).astype(np.bool_)
    return tuple(frozenset(codes[column].text for column in np.flatnonzero(row)) for row in targets)
