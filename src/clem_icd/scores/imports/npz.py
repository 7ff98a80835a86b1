"""Arrays of numpy: scores, note ids and labels in one npz file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.foreign import Dense, FloatArray, ForeignCode, ForeignScores

SCORES, NOTES, LABELS, SYSTEMS, TARGETS = "scores", "note_ids", "labels", "systems", "targets"

# What a damaged zip file raises, in its own structure or in the header of an array.
_DAMAGE = (OSError, ValueError, EOFError, NotImplementedError, zlib.error, TokenError, zipfile.BadZipFile)

_RECIPE = "Write it with np.savez(path, scores=…, note_ids=…, labels=…), ids and labels as text"


def read_npz(path: Path, labels: tuple[ForeignCode, ...] | None = None) -> ForeignScores:
    """Read ``scores`` [notes, labels], ``note_ids`` [notes] and ``labels`` [labels] of an npz file.

    It may have ``systems`` [labels], the code systems, and ``targets`` [notes, labels], the gold codes as
    booleans or 0 and 1.

    Parameters
    ----------
    labels
        The label list, where the file has none.

    Raises
    ------
    InputError
        If an array is missing, of the wrong type or shape, or a note or label is there twice.

    """
    arrays = _arrays(path)
    codes = _codes(path, arrays, labels)
    notes = _texts(path, _array(path, arrays, NOTES), NOTES, numbers=True)
    values = _matrix(path, arrays, SCORES, (len(notes), len(codes))).astype(np.float32, copy=False)
    gold = _gold(path, arrays, codes, values) if TARGETS in arrays else None
    return ForeignScores(notes, codes, Dense(values), label_list=codes, gold=gold)


def _arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    if not path.is_file():
        raise ScoresError("there is no such file", path=path, remedy="Name the file of scores")
    try:
        # Opened here, since numpy leaves a file open that is no zip.
        with path.open("rb") as stream:
            content = np.load(stream, allow_pickle=False)
            if isinstance(content, np.lib.npyio.NpzFile):
                return {name: content[name] for name in content.files}
    except _DAMAGE:
        pass
    raise ScoresError(
        "is no npz file of plain arrays: damaged, or with Python objects in it", path=path, remedy=_RECIPE
    )


def _codes(
    path: Path, arrays: dict[str, npt.NDArray[np.generic]], labels: tuple[ForeignCode, ...] | None
) -> tuple[ForeignCode, ...]:
    if (LABELS in arrays) == (labels is not None):
        found = "has labels, and so has --labels" if labels else "has no array 'labels'"
        raise ScoresError(found, path=path, remedy="Give the labels once: in the file, or with --labels")
    if labels is not None:
        return labels
    texts = _texts(path, arrays[LABELS], LABELS, numbers=False)
    if SYSTEMS not in arrays:
        return tuple(map(ForeignCode, texts))
    names = [str(name) for name in arrays[SYSTEMS].reshape(-1)]
    if len(names) != len(texts):
        raise ScoresError(f"has {len(names)} systems for {len(texts)} labels", path=path, remedy=_RECIPE)
    return tuple(ForeignCode(text, CodeSystem.parse(name)) for text, name in zip(texts, names, strict=True))


def _array(path: Path, arrays: dict[str, npt.NDArray[np.generic]], name: str) -> npt.NDArray[np.generic]:
    if name not in arrays:
        has = ", ".join(sorted(arrays)) or "none"
        raise ScoresError(f"has no array {name!r}; it has {has}", path=path, remedy=_RECIPE)
    return arrays[name]


def _texts(path: Path, array: npt.NDArray[np.generic], name: str, *, numbers: bool) -> tuple[str, ...]:
    """Return an array of text, or of whole numbers where they will do, as distinct texts."""
    if array.ndim != 1 or not (array.dtype.kind == "U" or (numbers and array.dtype.kind in "iu")):
        raise ScoresError(
            f"has {name!r} of type {array.dtype} and {array.ndim} dimensions, expected a list of text",
            path=path,
            remedy="Write codes as text: as a number, 0066 is 66" if name == LABELS else _RECIPE,
        )
    texts = tuple(str(one).strip() for one in array)
    if len(set(texts)) != len(texts) or "" in texts:
        raise ScoresError(f"has an empty text or one twice in {name!r}", path=path, remedy="List each once")
    return texts


def _matrix(
    path: Path, arrays: dict[str, npt.NDArray[np.generic]], name: str, shape: tuple[int, int]
) -> npt.NDArray[np.generic]:
    array = _array(path, arrays, name)
    if array.shape != shape or array.dtype.kind not in "fiub":
        raise ScoresError(
            f"has {name!r} of shape {list(array.shape)} and type {array.dtype}, expected numbers of shape "
            f"{list(shape)}: notes, labels",
            path=path,
            remedy=_RECIPE,
        )
    return array


def _gold(
    path: Path,
    arrays: dict[str, npt.NDArray[np.generic]],
    codes: tuple[ForeignCode, ...],
    values: FloatArray,
) -> tuple[frozenset[str], ...]:
    shape = (values.shape[0], values.shape[1])
    targets = _matrix(path, arrays, TARGETS, shape).astype(np.bool_)
    return tuple(frozenset(codes[column].text for column in np.flatnonzero(row)) for row in targets)
